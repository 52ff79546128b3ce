"""Price breaks: which lot is cheapest."""

import numpy as np
import pandas as pd

from models.replenishment.breaks import best_lot, share_at, tables
from tests.models.replenishment.plan_frames import line


def test_all_units_discounts_as_published() -> None:
    """Snyder & Shen, Fundamentals of Supply Chain Theory, 2nd ed., example 3.6: 800 and 978.60."""
    steps, shares = np.array([[0.0, 400.0, 800.0]]), np.array([[0.75, 0.72, 0.68]]) / 0.75
    terms = {"order_cost": np.array([8.0]), "unit_cost": np.array([0.75])}
    lot = best_lot(
        np.array([1300.0]),
        **terms,
        holding=np.array([0.3 * 0.75]),
        least=np.zeros(1),
        quantities=steps,
        shares=shares,
    )
    price = 0.75 * share_at(steps, shares, lot)[0]
    cost = 1300 * price + 8 * 1300 / lot[0] + 0.3 * price * lot[0] / 2
    assert (lot[0], round(cost, 2)) == (800.0, 978.60)


def test_a_break_is_taken_where_it_pays_and_its_price_is_paid() -> None:
    given_ = {"on_hand": 25.0, "price_breaks": "40:0.9"}
    plain, cheaper = line(on_hand=25.0), line(**given_)
    assert plain["order_quantity"] < 40 == cheaper["order_quantity"]
    assert (cheaper["unit_cost"], cheaper["order_value"]) == (9.0, 360.0)
    assert line(on_hand=25.0, price_breaks="400:0.99")["order_quantity"] < 40


def test_a_break_buys_no_more_than_the_cover_that_is_allowed() -> None:
    low = {"holding_cost_rate": 0.05, "price_breaks": "2000:0.5"}
    bounded, plain = line(**low), line(holding_cost_rate=0.05)
    assert bounded["order_quantity"] == plain["order_quantity"] < 2000
    assert "The price from 2000 on is left out" in bounded["reason"]
    assert "max_cover_days is 180." in bounded["reason"]
    longer = line(**low, max_cover_days=2000.0)
    assert longer["order_quantity"] >= 2000
    assert "left out" not in longer["reason"]


def test_what_the_smallest_order_takes_anyway_is_no_break_left_out() -> None:
    forced = line(price_breaks="2000:0.5", min_order_quantity=2000.0, service_level=0.9)
    assert forced["order_quantity"] >= 2000
    assert "left out" not in forced["reason"]


def test_breaks_that_cannot_be_read_are_told() -> None:
    found = line(price_breaks="forty:0.9")
    assert "price breaks cannot be read" in found["reason"]
    steps, shares, faulty = tables(pd.Series(["24:0.97|48:0.94", None, "x"]))
    assert faulty.tolist() == [False, False, True]
    assert share_at(steps, shares, np.array([50.0, 50.0, 50.0])).tolist() == [0.94, 1.0, 1.0]
