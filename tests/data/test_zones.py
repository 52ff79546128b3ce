"""A day is a day at the warehouse, also where clocks change at midnight."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.zones import day_starts, local_days, zones_of

ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland", "America/Havana")


def moments(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True)).astype("datetime64[ns, UTC]")


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2024-06-30T23:30Z", "UTC", "2024-06-30"),
        ("2024-06-30T23:30Z", "Pacific/Auckland", "2024-07-01"),
        ("2024-07-01T03:00Z", "America/Los_Angeles", "2024-06-30"),
        ("2024-06-30T18:30Z", "Asia/Kolkata", "2024-07-01"),
    ],
)
def test_the_day_of_a_moment_is_the_warehouse_s(moment: str, zone: str, day: str) -> None:
    assert local_days(moments(moment), pd.Series([zone])).iloc[0] == pd.Timestamp(day)


def test_a_day_that_clocks_change_at_midnight_begins_when_it_begins() -> None:
    # Havana: 2024-03-10 00:00 does not exist; 2023-11-05 00:00 comes twice.
    days = pd.Series(pd.to_datetime(["2024-03-10", "2023-11-05"]))
    found = day_starts(days, pd.Series(["America/Havana"] * 2))
    assert found.tolist() == moments("2024-03-10T05:00Z", "2023-11-05T04:00Z").tolist()


@given(
    st.datetimes(pd.Timestamp("2001-01-01"), pd.Timestamp("2039-12-31")),
    st.sampled_from(ZONES),
)
def test_a_moment_lies_in_the_day_that_it_is_given(moment: pd.Timestamp, zone: str) -> None:
    when, zones = moments(str(pd.Timestamp(moment, tz="UTC"))), pd.Series([zone])
    day = local_days(when, zones)
    assert day_starts(day, zones).iloc[0] <= when.iloc[0]
    assert when.iloc[0] < day_starts(day + pd.Timedelta(days=1), zones).iloc[0]


def test_an_unknown_warehouse_keeps_utc() -> None:
    places = pd.DataFrame({"warehouse_id": ["a"], "time_zone": ["Asia/Tokyo"]})
    assert zones_of(pd.Series(["a", "b"]), places).tolist() == ["Asia/Tokyo", "UTC"]
    assert local_days(moments().astype("datetime64[ns, UTC]"), pd.Series([], dtype=object)).empty
