"""Which supplier to order from, by total cost and by what comes in time."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.replenishment import OrderUpTo
from tests.models.replenishment.planning import frame, row


def line(*offers: dict[str, Any], **all_: Any) -> pd.Series:
    """The line of one pair with several suppliers: T, U, … beside S."""
    rows = [row(supplier_id="STUV"[n], **{**all_, **other}) for n, other in enumerate(offers)]
    return OrderUpTo().predict(frame(*rows)).iloc[0]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"unit_cost": 10.0}, {"unit_cost": 9.0}, "T"),
        ({"unit_cost": 10.0}, {"unit_cost": 9.0, "duty_rate": 0.2}, "S"),
        ({"unit_cost": 10.0}, {"unit_cost": 9.0, "freight_per_unit": 2.0}, "S"),
        # Ten a week: a price step at five weeks' demand is reached, one at five years' is not.
        ({"unit_cost": 10.0}, {"unit_cost": 10.2, "price_breaks": "50:0.9"}, "T"),
        ({"unit_cost": 10.0}, {"unit_cost": 10.2, "price_breaks": "2600:0.9"}, "S"),
        ({"unit_cost": 10.0}, {"unit_cost": 10.2, "price_breaks": "50:0.9|9999:0.5"}, "T"),
        # A lot of two years is dearer to hold than the price saves.
        ({"unit_cost": 10.0}, {"unit_cost": 9.5, "min_order_quantity": 1000.0}, "S"),
        ({"unit_cost": 10.0}, {"unit_cost": 9.9, "order_cost": 50.0}, "S"),
        ({"unit_cost": 10.0}, {"unit_cost": 9.9, "lead_time_mean": 180.0}, "S"),
        ({"unit_cost": 10.0}, {"unit_cost": 9.9, "lead_time_spread": 60.0}, "S"),
        ({"unit_cost": 10.0}, {"unit_cost": 1.0, "blocked": True}, "S"),
        ({"unit_cost": 10.0}, {"unit_cost": 1.0, "fx_rate": np.nan}, "S"),
    ],
)
def test_the_offer_of_the_least_total_cost_is_taken(
    first: dict[str, Any], second: dict[str, Any], expected: str
) -> None:
    assert line(first, second, on_hand=25.0)["supplier_id"] == expected


def test_a_supplier_without_a_rate_is_told() -> None:
    found = line({}, {"fx_rate": np.nan}, {"unit_cost": np.nan, "product_id": "P"})
    assert "Not compared, for its cost or exchange rate is unknown: T, U." in found["reason"]


def test_an_empty_shelf_is_filled_by_the_faster_supplier_once() -> None:
    """Ten a week for five a lost unit: three weeks sooner are 30 units, at two money more each."""
    slow, fast = {"lead_time_mean": 28.0}, {"unit_cost": 12.0, "lead_time_mean": 7.0}
    found = line(slow, fast)
    assert found["supplier_id"] == "T"
    assert "T is dearer than S, but comes 21 days sooner: 30 are not lost." in found["reason"]
    for given in (
        {"on_hand": 60.0},
        {"open_quantities": [60.0], "open_due_days": [1.0], "open_age_days": [9.0]},
        {"stockout_cost": 1.0},
    ):
        assert line(slow, fast, **given)["supplier_id"] == "S"
