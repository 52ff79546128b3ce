"""A fact lies between the first books and now."""

from datetime import UTC, datetime, timedelta

import pytest

from data.clock import CLOCK_TOLERANCE, time_fault

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2099, 1, 1, tzinfo=UTC), "future"),
        (NOW + CLOCK_TOLERANCE + timedelta(seconds=1), "future"),
        (datetime(1, 1, 1, tzinfo=UTC), "before 1900"),
        (datetime(2024, 1, 1), "no time zone"),  # noqa: DTZ001
    ],
)
def test_what_cannot_have_happened_is_told(moment: datetime, words: str) -> None:
    assert words in str(time_fault(moment, NOW))


@pytest.mark.parametrize(
    "moment", [NOW, NOW + timedelta(minutes=5), datetime(1950, 1, 1, tzinfo=UTC)]
)
def test_what_can_have_happened_is_taken(moment: datetime) -> None:
    assert time_fault(moment, NOW) is None
