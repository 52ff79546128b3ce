"""Times of any locale become UTC; those that could be read in two ways wait for their column."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sources.times import canonical_date, canonical_time, date_order


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01 10:22:33 +0200", "2024-05-01T08:22:33Z"),
        ("2024-05-01 10:22:33 UTC", "2024-05-01T10:22:33Z"),
        ("2024-05-01T10:22:33.250+02:00", "2024-05-01T08:22:33.250000Z"),
        ("2024-05-01 10:22:33", "2024-05-01T08:22:33Z"),
        ("01.02.2023 10:11:12 UTC", "2023-02-01T10:11:12Z"),
        ("May 1, 2023 3:04:05 PM", "2023-05-01T13:04:05Z"),
        ("Jan 5, 2024 12:00:00 AM PST", "2024-01-05T08:00:00Z"),
        ("1 mai 2023 10:22", "2023-05-01T08:22:00Z"),
        ("30 déc. 2023", "2023-12-29T23:00:00Z"),
        ("25/12/2024 10:00", "2024-12-25T09:00:00Z"),
        ("12/25/2024 10:00", "2024-12-25T09:00:00Z"),
        ("1 de mayo de 2024", "2024-04-30T22:00:00Z"),
        ("2019年5月1日 10:00", "2019-05-01T08:00:00Z"),
        ("26 Feb 2024 08:11:03 MEZ", "2024-02-26T07:11:03Z"),
        ("2024-05-01 10:22:33 GMT+9", "2024-05-01T01:22:33Z"),
        ("45413.4323263889", "2024-05-01T08:22:33Z"),  # a spreadsheet's number of the day
        ("45413,5", "2024-05-01T10:00:00Z"),
    ],
)
def test_times_of_many_locales(text: str, moment: str) -> None:
    assert canonical_time(text, None, "Europe/Berlin") == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "03/04/2024", "31.02.2024", "2024-13-01", "32/01/2024"]
)
def test_what_is_no_time_or_two_is_not_read(text: str) -> None:
    assert canonical_time(text, None, "UTC") is None
    assert canonical_date(text, None) is None


def test_the_order_of_day_and_month_is_that_of_the_column() -> None:
    assert date_order(["03/04/2024", "25/12/2024"]) == "dmy"
    assert date_order(["03/04/2024", "12/25/2024"]) == "mdy"
    assert date_order(["03/04/2024"]) is None
    assert date_order(["2024/04/03"]) is None
    assert canonical_date("03/04/2024", "dmy") == "2024-04-03"
    assert canonical_date("03/04/2024", "mdy") == "2024-03-04"


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_written_with_the_day_in_front_a_time_is_read_back(moment: datetime) -> None:
    text = f"{moment:%d.%m.%Y %H:%M:%S}"
    assert canonical_time(text, None, "UTC") == f"{moment:%Y-%m-%dT%H:%M:%S}Z"


@given(st.text(max_size=30))
def test_any_text_is_read_or_not_and_never_fails(text: str) -> None:
    canonical_time(text, "dmy", "UTC")
    canonical_date(text, "mdy")
