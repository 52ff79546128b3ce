"""One consistent line: curve, probability and quantity come from one calculation."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from models.replenishment import OrderUpTo
from tests.models.replenishment.planning import frame, poissons, row


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
    assert line["stockout_probability"] == pytest.approx(risk, abs=0.02)


def test_an_empty_shelf_has_the_risk_of_the_week_it_is_filled_for() -> None:
    """P(a week's demand > 17) of a Poisson number of mean 14 is .173, whatever was lost before."""
    line = OrderUpTo().predict(frame(row(**poissons(14.0), max_order_quantity=17.0))).iloc[0]
    assert line["order_quantity"] == 17
    assert line["stockout_probability"] == pytest.approx(1 - poisson.cdf(17, 14), abs=0.02)


def test_units_owed_or_reserved_are_ordered_on_top() -> None:
    plans = [
        OrderUpTo().predict(frame(row(on_hand=stock, reserved=reserved)))["order_quantity"][0]
        for stock, reserved in ((0.0, 0.0), (-30.0, 0.0), (20.0, 50.0))
    ]
    assert [each - plans[0] for each in plans] == [0, 30, 30]


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


def test_rows_of_an_older_frame_are_planned() -> None:
    old = frame(row())
    assert "max_order_quantity" not in old
    assert isinstance(OrderUpTo().predict(old), pd.DataFrame)
