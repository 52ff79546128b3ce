"""One consistent line: curve, probability and quantity come from one calculation."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

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
    assert chosen <= curve["total"].min() + 0.01 * max(curve["total"].max(), 1e-9)
    assert curve.loc[curve["quantity"] == 0, "total"].iloc[0] > chosen
    parts = curve[["holding", "shortage", "ordering", "later"]].sum(axis=1)
    assert np.allclose(parts, curve["total"], atol=1e-6)


@pytest.mark.parametrize("stock", [0, 10, 20, 30, 40])
@pytest.mark.parametrize("lead_sd", [0.0, 3.0])
def test_the_risk_is_that_of_simulated_demand(stock: int, lead_sd: float) -> None:
    """14 a week, two weeks of lead time, a week until the next order; sales are lost, not owed."""
    given = frame(
        row(**poissons(14.0), on_hand=float(stock), lead_time_mean=14.0, lead_time_spread=lead_sd)
    )
    line = OrderUpTo().predict(given).iloc[0]
    random = np.random.default_rng(1)
    first, second = np.maximum(14 + lead_sd * random.standard_normal((2, 40_000)), 0.0)
    before = random.poisson(2 * first)
    after = random.poisson(2 * np.maximum(7 + second - first, 0.0))
    left = np.maximum(stock - before, 0)
    risk = (after > left + line["order_quantity"]).mean()
    assert line["stockout_probability"] == pytest.approx(risk, abs=0.025)


def test_an_empty_shelf_has_the_risk_of_the_week_it_is_filled_for() -> None:
    """P(a week's demand > 17) of a Poisson number of mean 14 is .173, whatever was lost before."""
    line = OrderUpTo().predict(frame(row(**poissons(14.0), max_order_quantity=17.0))).iloc[0]
    assert line["order_quantity"] == 17
    assert line["stockout_probability"] == pytest.approx(1 - poisson.cdf(17, 14), abs=0.025)


def test_units_owed_or_reserved_are_ordered_on_top() -> None:
    plans = [
        OrderUpTo().predict(frame(row(on_hand=stock, reserved=reserved)))["order_quantity"][0]
        for stock, reserved in ((0.0, 0.0), (-30.0, 0.0), (20.0, 50.0))
    ]
    assert [each - plans[0] for each in plans] == [0, 30, 30]


def test_a_better_price_step_never_makes_the_order_dearer() -> None:
    steps = ["100:0.9", "100:0.9|2000:0.8", "100:0.9|5000:0.1", "100:0.9|1000000:0.5"]
    plans = [
        OrderUpTo().predict(frame(row(price_breaks=each, on_hand=20.0))).iloc[0] for each in steps
    ]
    assert plans[0]["order_quantity"] >= 100
    costs = [plan["unit_cost"] for plan in plans]
    assert all(cost <= costs[0] for cost in costs)


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ({"service_level": 1.0}, "A service level of 1 cannot be promised"),
        ({"unit_cost": 25.0, "stockout_cost": np.nan}, "sold below its landed cost"),
        (
            {"open_quantities": [9.0], "open_due_days": [-60.0], "open_age_days": [74.0]},
            "will they",
        ),
    ],
)
def test_what_is_odd_is_told(given: dict[str, Any], note: str) -> None:
    line = OrderUpTo().predict(frame(row(**given))).iloc[0]
    assert line["order_quantity"] > 0
    assert note in line["reason"]


def test_without_forecasts_recent_sales_are_carried_on() -> None:
    bare = {"frequency": None, "window_mean": None, "window_quantiles": None, "period_start": None}
    line = OrderUpTo().predict(frame(row(**bare, levels=None))).iloc[0]
    known = OrderUpTo().predict(frame(row())).iloc[0]
    assert line["order_quantity"] == pytest.approx(known["order_quantity"], rel=0.25)
    assert "the sales of the last eight weeks are carried on" in line["reason"]


def test_a_price_rise_is_bought_ahead_as_far_as_holding_is_cheaper() -> None:
    """20% more in three days; holding costs 0.25 a year of the price: .8 of a year at most."""
    plain, rising = (
        OrderUpTo().predict(frame(row(**given)))["order_quantity"][0]
        for given in ({}, {"next_unit_cost": 12.0, "next_cost_days": 3.0})
    )
    assert plain + 10 * 4 < rising <= plain + 10 * 52 * 0.8 + 1
    later = row(next_unit_cost=12.0, next_cost_days=60.0)
    assert OrderUpTo().predict(frame(later))["order_quantity"][0] == plain


def test_rows_of_an_older_frame_are_planned() -> None:
    old = frame(row())
    assert "max_order_quantity" not in old
    assert isinstance(OrderUpTo().predict(old), pd.DataFrame)
