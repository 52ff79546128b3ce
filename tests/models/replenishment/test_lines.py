"""Lines of a plan."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.replenishment.lines import Lines, expected_days
from tests.models.replenishment.plan_frames import line
from tests.models.replenishment.planning import NOW, frame, row


def test_an_overdue_order_is_expected_by_the_learned_lead_time() -> None:
    quantity, due, age = np.array([[5.0]]), np.array([[-2.0]]), np.array([[16.0]])
    known = {"lead": np.array([14.0]), "lead_sd": np.array([4.0])}
    found = expected_days(quantity, due, age, **known)[0, 0]
    # E(L | L > 16) of N(14, 4²) is 14 + 4 · φ(0.5) / (1 − Φ(0.5)) = 18.56.
    assert found == pytest.approx(2.56, abs=0.6)
    assert expected_days(quantity, due - 40, age, **known)[0, 0] == -42.0


def test_dates_count_from_the_moment_of_the_plan() -> None:
    later = line(
        on_hand=25.0, event_timestamp=NOW + pd.Timedelta(days=7), period_start="2024-01-08"
    )
    assert later["stockout_on"] == "2024-01-25"


DAILY = {"frequency": "day", "period_start": "2024-04-07", "levels": [0.1, 0.9]}


def seen_at(moment: str, zone: str, **other: Any) -> dict[str, Any]:
    """A pair that sells five units on each of three days, the 7th the first, and none after."""
    mean = [5.0, 10.0, 15.0, *[15.0] * 10]
    known = DAILY | {"window_mean": mean, "window_quantiles": list(np.repeat(mean, 2))}
    when = pd.Timestamp(moment, tz="UTC")
    return row(event_timestamp=when, time_zone=zone, **known, **other)


@pytest.mark.parametrize(
    ("moment", "zone", "left"),
    [
        ("2024-04-07T21:59:59.999Z", "Europe/Berlin", 10.0),  # the 7th is over in Berlin
        ("2024-04-07T10:00Z", "Europe/Berlin", 12.5),  # noon
        ("2024-04-08T00:00Z", "Pacific/Auckland", 7.5),  # noon of the 8th
        ("2024-04-08T00:00Z", "America/New_York", 10 + 5 * 4 / 24),  # eight in the evening
        ("2024-04-08T00:00Z", None, 10.0),
    ],
)
def test_the_rest_of_today_is_that_of_the_warehouse(
    moment: str, zone: str | None, left: float
) -> None:
    lines = Lines.of(frame(seen_at(moment, zone)))
    assert lines.windows.means(np.array([10.0]))[0, 0] == pytest.approx(left, abs=1e-3)


def test_days_of_a_line_are_those_of_its_warehouse() -> None:
    """One o'clock on Monday in Auckland is Sunday afternoon in Paris."""
    moment, monday = "2024-04-07T13:00Z", {"order_days": "mon", "on_hand": 6.0}
    auckland = line(**seen_at(moment, "Pacific/Auckland", **monday))
    assert (auckland["order_on"], auckland["decide_by"]) == ("2024-04-08", "2024-04-08")
    assert auckland["stockout_on"] >= "2024-04-08"
    paris = line(**seen_at(moment, "Europe/Paris", **monday))
    assert paris["order_on"] == "2024-04-08"
    assert "order day in 1 + " in paris["reason"]
    assert "order day in" not in auckland["reason"]


def test_stock_that_lasts_past_midnight_is_out_on_the_next_day() -> None:
    late = seen_at("2024-04-07T21:00Z", "Europe/Berlin", on_hand=0.5)
    assert line(**late)["stockout_on"] == "2024-04-08"


def test_a_closed_warehouse_opens_by_its_own_clock() -> None:
    """It is the 8th in Auckland, where the closure ended with the 7th."""
    closed = {"warehouse_closures": ["2024-04-01/2024-04-07"], "lead_time_mean": 0.0}
    found = Lines.of(frame(seen_at("2024-04-07T13:00Z", "Pacific/Auckland", **closed)))
    assert found.closed_days.tolist() == [0.0]
