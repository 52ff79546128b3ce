"""Orders on the days on which the supplier takes them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.replenishment.lines import Lines
from models.replenishment.order_days import SupplierCalendar
from tests.models.replenishment.plan_frames import line
from tests.models.replenishment.planning import NOW, frame, row


@pytest.mark.parametrize(
    ("given_", "order_on", "review"),
    [
        # NOW is a Monday.
        ({"order_days": "mon"}, "2024-01-01", 7),
        ({"order_days": "thu"}, "2024-01-04", 7),
        ({"order_days": "Tuesday, fri", "review_period_days": np.nan}, "2024-01-02", 3),
        ({"order_days": "tue,fri", "review_period_days": 7.0}, "2024-01-02", 7),
        ({"order_days": "wed", "review_period_days": 10.0}, "2024-01-03", 14),
        ({"review_period_days": 10.0}, "2024-01-01", 10),
    ],
)
def test_the_supplier_takes_orders_on_its_days(
    given_: dict[str, Any], order_on: str, review: int
) -> None:
    found = line(on_hand=20.0, **given_)
    assert (found["order_on"], found["review_period_days"]) == (order_on, review)
    assert found["lead_time_days"] == 14
    wait = (pd.Timestamp(order_on, tz="UTC") - NOW).days
    cover = wait + 14 + review
    demand = found["demand_mean"] + found["lost_before_arrival"]
    assert demand == pytest.approx(cover * 10 / 7, abs=0.002)
    assert f" in {cover} days" in found["reason"]
    assert ("order day in" in found["reason"]) == (wait > 0)


def test_the_last_day_to_decide_is_an_order_day() -> None:
    """The position falls to the reorder point by ten a week from 60 on."""
    for given_ in ({}, {"order_days": "wed"}):
        found = line(on_hand=60.0, **given_)
        last = NOW + pd.Timedelta(days=int((60 - found["reorder_point"]) * 7 / 10))
        if given_:
            last -= pd.Timedelta(days=(last.weekday() - 2) % 7)
        assert found["decide_by"] == str(last.date())
    # What is ordered now is decided now: on the supplier's next order day.
    assert line(on_hand=0.0, order_days="wed")["decide_by"] == "2024-01-03"


def test_order_days_that_cannot_be_read_are_told() -> None:
    found = line(order_days="full moon")
    assert found["reason"].endswith("left out: write mon,thu.")
    assert found["order_quantity"] == line()["order_quantity"]


def lines(**other: Any) -> Lines:
    return Lines.of(frame(row(**other)))


@pytest.mark.parametrize(
    ("given", "wait", "lead", "review"),
    [
        # Monday 1 January; fourteen days of lead time, a review a week.
        ({}, 0, 14, 7),
        # Closed from 20 to 31 January: this week's order comes before, next week's after it.
        ({"supplier_closures": ["2024-01-20/2024-01-31"]}, 0, 14, 19),
        # Closed from the 8th to the 31st: both orders come after it, a week apart.
        ({"supplier_closures": ["2024-01-08/2024-01-31"]}, 0, 38, 7),
        # Closed today until Friday: the first order goes out on Saturday.
        ({"supplier_closures": ["2024-01-01/2024-01-05"]}, 5, 19, 7),
        # What comes while the warehouse is closed waits until it opens.
        ({"warehouse_closures": ["2024-01-14/2024-01-17"]}, 0, 17, 7),
        ({"order_days": "mon,thu", "review_period_days": np.nan}, 0, 14, 3),
    ],
)
def test_closures_move_orders_and_arrivals(
    given: dict[str, Any], wait: float, lead: float, review: float
) -> None:
    found = lines(**given)
    assert found.wait_days[0] == wait
    assert found.lead_days[0] == pytest.approx(lead)
    assert found.review_days[0] == pytest.approx(review)


@pytest.mark.parametrize(
    ("hour", "zone", "expected"),
    [
        ("09:00", "UTC", "2024-01-02"),
        ("11:00", "UTC", "2024-01-01"),
        ("11:00", "Europe/Berlin", "2024-01-02"),
        ("11:00", "America/New_York", "2024-01-01"),
    ],
)
def test_an_order_after_the_cut_off_is_tomorrows(hour: str, zone: str, expected: str) -> None:
    """It is ten o'clock in UTC, eleven and a half in Berlin."""
    moment = NOW + pd.Timedelta(hours=10, minutes=30)
    found = line(event_timestamp=moment, cut_off=hour, supplier_time_zone=zone)
    assert found["order_on"] == expected


def test_the_order_before_a_long_holiday_covers_it() -> None:
    usual = line(on_hand=35.0)
    holiday = line(on_hand=35.0, supplier_closures=["2024-01-17/2024-02-06"])
    # Three weeks of ten a week more, for what is ordered next week comes three weeks later.
    assert holiday["order_quantity"] - usual["order_quantity"] == pytest.approx(30, abs=5)
    assert holiday["lead_time_days"] == usual["lead_time_days"] == 14


def test_the_last_day_to_decide_lies_before_the_closure() -> None:
    calendar, _ = SupplierCalendar.of(
        pd.DataFrame(
            {"order_days": [None, "mon"], "supplier_closures": [["2024-01-08/2024-01-14"]] * 2}
        ),
        pd.Series([NOW, NOW]),
    )
    assert calendar.last_day(np.array([10.0, 10.0])).tolist() == [6.0, 0.0]
    assert calendar.next_day(np.array([8.0, 1.0])).tolist() == [14.0, 14.0]
    assert calendar.last_day(np.array([14.0, 15.0])).tolist() == [14.0, 14.0]


def test_lines_closed_all_year_still_answer() -> None:
    found = line(supplier_closures=["2023-12-01/2026-12-31"])
    assert found["order_quantity"] >= 0
