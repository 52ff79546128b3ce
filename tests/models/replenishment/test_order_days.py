"""Orders on the days on which the supplier takes them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.models.replenishment.plan_frames import line
from tests.models.replenishment.planning import NOW


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
    assert found["reason"].endswith("The order days cannot be read and are left out.")
    assert found["order_quantity"] == line()["order_quantity"]
