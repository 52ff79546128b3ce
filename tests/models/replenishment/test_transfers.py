"""Moves between warehouses: their cost, the least gain, lanes, and orders that come anyway."""

from typing import Any

import pandas as pd
import pytest

from models.replenishment import OrderUpTo
from models.replenishment.plan import Options
from models.replenishment.transfers import Moving
from tests.models.replenishment.planning import frame, row


def moves(moving: Moving | None, **taker: Any) -> pd.DataFrame:
    """W has far too much, V nothing."""
    rows = (row(on_hand=900.0), row(warehouse_id="V", **taker))
    return OrderUpTo().plan(frame(*rows), Options(moving=moving)).transfers


def test_a_move_pays_its_own_cost() -> None:
    free, dear = moves(Moving()), moves(Moving(cost=7.0))
    assert len(free) == len(dear) == 1
    assert dear["gain"].iloc[0] == pytest.approx(free["gain"].iloc[0] - 7.0)
    assert dear["cost"].iloc[0] == pytest.approx(free["cost"].iloc[0] + 7.0)


def test_no_move_gains_less_than_the_least_gain() -> None:
    gain = float(moves(Moving())["gain"].iloc[0])
    assert len(moves(Moving(least_gain=gain - 0.01)))
    assert not len(moves(Moving(least_gain=gain + 0.01)))
    assert not len(moves(Moving(cost=gain)))


def test_goods_move_on_lanes_only_and_nothing_moves_when_switched_off() -> None:
    assert len(moves(Moving(lanes=frozenset({("W", "V")}))))
    assert not len(moves(Moving(lanes=frozenset({("V", "W")}))))
    assert not len(moves(None))


def test_nothing_is_moved_beside_an_order_that_comes_as_soon() -> None:
    """A few units are left to give, and the rest is ordered all the same."""
    rows = (row(on_hand=50.0, stockout_cost=0.5), row(warehouse_id="V", stockout_cost=0.5))
    slow = [{**each, "lead_time_mean": 21.0} for each in rows]
    fast = [{**each, "lead_time_mean": 2.0, "on_hand": 3 * each["on_hand"]} for each in rows]
    assert len(OrderUpTo().plan(frame(*slow), Options(moving=Moving())).transfers) <= 1
    plan = OrderUpTo().plan(frame(*fast), Options(moving=Moving()))
    got = plan.lines.set_index("warehouse_id").loc["V"]
    assert got["transferred"] == 0 or got["order_quantity"] == 0
