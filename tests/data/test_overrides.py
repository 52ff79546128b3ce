"""Overrides that make sense, and when they hold."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from data.overrides import Override, OverrideError, checked

NOW = datetime(2024, 6, 3, tzinfo=UTC)
GOOD = Override(
    "a",
    "w",
    "p",
    date(2024, 6, 10),
    date(2024, 6, 10),
    "ann",
    "leaflet",
    NOW,
    NOW + timedelta(days=1),
    factor=2.0,
)


def test_it_holds_from_its_making_until_it_expires() -> None:
    assert GOOD.holds(NOW)
    assert not GOOD.holds(NOW - timedelta(seconds=1))
    assert not GOOD.holds(GOOD.expires_at)


def test_a_factor_of_nothing_makes_sense() -> None:
    assert checked(replace(GOOD, factor=0.0)).factor == 0.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": 1.0}, "either quantity or factor"),
        ({"factor": None}, "either quantity or factor"),
        ({"factor": -0.1}, "factor -0.1: it must be 0 or more"),
        ({"factor": float("inf")}, "factor inf"),
        ({"factor": float("nan")}, "factor nan"),
        ({"last": date(2024, 6, 9)}, "last 2024-06-09 is before first 2024-06-10"),
        ({"expires_at": NOW}, "past already"),
        ({"author": "", "reason": ""}, "author: say it; reason: say it"),
        ({"author": "ann", "reason": "  "}, "reason: say it"),
    ],
)
def test_what_makes_no_sense_is_told(changes: dict[str, object], said: str) -> None:
    with pytest.raises(OverrideError, match=said):
        checked(replace(GOOD, **changes))  # type: ignore[arg-type]
