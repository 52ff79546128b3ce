"""Suppliers' calendars: order days, cut-off hours, closures of suppliers and warehouses."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.replenishment import OrderUpTo
from models.replenishment.lines import Lines
from models.replenishment.order_days import SupplierCalendar
from tests.models.replenishment.planning import NOW, frame, row


def lines(**other: Any) -> Lines:
    return Lines.of(frame(row(**other)))


def line(**other: Any) -> pd.Series:
    return OrderUpTo().predict(frame(row(**other))).iloc[0]


@pytest.mark.parametrize(
    ("given", "wait", "lead", "review"),
    [
        # Monday 1 January; fourteen days of lead time, a review a week.
        ({}, 0, 14, 7),
        # Closed from 20 to 31 January: this week's order comes before, next week's after it.
        ({"supplier_closures": ["2024-01-20/2024-01-31"]}, 0, 14, 19),
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
