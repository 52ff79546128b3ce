"""What an order costs in all."""

from typing import Any

import numpy as np
import pytest

from models.replenishment import OrderUpTo
from tests.models.replenishment.planning import frame, poissons, row

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "in stock": {"on_hand": 26.0},
    "owed": {"on_hand": -12.0},
    "packs": {"pack_size": 6.0, "on_hand": 11.0},
    "smallest order": {"min_order_quantity": 60.0},
    "largest order": {"max_order_quantity": 9.0},
    "order cost": {"order_cost": 20.0, "on_hand": 8.0},
    "slow and dear to order": {**poissons(0.4), "order_cost": 15.0, "weekly_sales": 0.4},
    "fast, in packs, dear to order": {
        **poissons(40.0),
        "order_cost": 60.0,
        "pack_size": 4.0,
        "weekly_sales": 40.0,
    },
    "price step": {"price_breaks": "40:0.9|4000:0.8", "on_hand": 20.0},
    "promise": {"service_level": 0.95, "order_cost": 4.0, "on_hand": 33.0},
    "display": {"display_minimum": 40.0, "order_cost": 30.0, "on_hand": 30.0},
    "late and uncertain": {"lead_time_spread": 6.0, "on_hand": 14.0},
    "ending": {"days_to_end": 30.0},
    "price rise": {"next_unit_cost": 12.0, "next_cost_days": 3.0},
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_quantity_costs_less_than_the_ordered_one(kind: str) -> None:
    given = frame(row(**KINDS[kind]))
    model = OrderUpTo()
    line = model.predict(given).iloc[0]
    assert line["order_quantity"] > 0
    curve = model.depth(given, float(line["order_quantity"])).curve
    chosen = curve.loc[curve["quantity"] == line["order_quantity"], "total"].iloc[0]
    assert chosen <= curve["total"].min() + 1e-4
    assert curve.loc[curve["quantity"] == 0, "total"].iloc[0] > chosen
    parts = curve[["holding", "shortage", "ordering", "later"]].sum(axis=1)
    assert np.allclose(parts, curve["total"], atol=1e-6)


def test_a_better_price_step_never_makes_the_order_dearer() -> None:
    steps = ["100:0.9", "100:0.9|2000:0.8", "100:0.9|5000:0.1", "100:0.9|1000000:0.5"]
    plans = [
        OrderUpTo().predict(frame(row(price_breaks=each, on_hand=20.0))).iloc[0] for each in steps
    ]
    assert plans[0]["order_quantity"] >= 100
    costs = [plan["unit_cost"] for plan in plans]
    assert all(cost <= costs[0] for cost in costs)


def test_a_price_rise_is_bought_ahead_as_far_as_holding_is_cheaper() -> None:
    """20% more in three days; holding costs 0.25 a year of the price: .8 of a year at most."""
    plain, rising = (
        OrderUpTo().predict(frame(row(**given)))["order_quantity"][0]
        for given in ({}, {"next_unit_cost": 12.0, "next_cost_days": 3.0})
    )
    assert plain + 10 * 4 < rising <= plain + 10 * 52 * 0.8 + 1
    later = row(next_unit_cost=12.0, next_cost_days=60.0)
    assert OrderUpTo().predict(frame(later))["order_quantity"][0] == plain
