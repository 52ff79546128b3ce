"""Transfers between warehouses."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.replenishment import OrderUpTo
from models.replenishment.plan import Options
from models.replenishment.transfers import KEPT, Moving
from tests.models.replenishment.plan_frames import adds_up, pair, plan
from tests.models.replenishment.planning import frame, row, windows


def test_a_full_warehouse_gives_before_the_empty_one_buys() -> None:
    found = plan(*pair())
    lines = found.lines.set_index("warehouse_id")
    assert found.transfers[["from_warehouse_id", "to_warehouse_id"]].values.tolist() == [["A", "B"]]
    moved = found.transfers["quantity"].sum()
    assert moved > 0
    assert (lines.loc["A", "transferred"], lines.loc["B", "transferred"]) == (-moved, moved)
    assert adds_up(found.lines)
    bought = plan(*pair(), moving=None).lines.set_index("warehouse_id")
    assert lines.loc["B", "order_quantity"] <= bought.loc["B", "order_quantity"] - moved
    assert "from another warehouse" in lines.loc["B", "reason"]


def test_moving_that_costs_more_than_buying_is_left() -> None:
    few = {"on_hand": 60.0, "holding_cost_rate": 0.0}
    donor = row(warehouse_id="A", **few)
    near = plan(donor, row(warehouse_id="B", holding_cost_rate=0.0, lead_time_mean=5.0))
    assert not len(near.transfers)  # the unit is worth as much where it is
    assert not len(plan(*pair(), moving=Moving(freight_share=2.0)).transfers)
    assert not len(plan(*pair(), moving=Moving(days=90.0)).transfers)  # buying comes sooner


def test_nobody_gives_and_takes() -> None:
    stocks = {"A": 300.0, "B": 0.0, "C": 300.0}
    rows = [row(warehouse_id=name, on_hand=stock) for name, stock in stocks.items()]
    found = plan(*rows).transfers
    assert not set(found["from_warehouse_id"]) & set(found["to_warehouse_id"])


STOCKS = st.lists(st.integers(0, 300), min_size=2, max_size=5)


@hypothesis_settings(max_examples=25, deadline=None)
@given(STOCKS, st.floats(0.0, 0.3), st.floats(1.0, 20.0))
def test_a_transfer_never_breaks_the_donor(
    stocks: list[int], share: float, demand_rate: float
) -> None:
    rows = [
        row(warehouse_id=f"W{n}", on_hand=float(stock), **windows(demand_rate, demand_rate * share))
        for n, stock in enumerate(stocks)
    ]
    found = plan(*rows)
    lines = found.lines
    given_ = lines[lines["transferred"] < 0]
    left = given_["inventory_position"] + given_["transferred"]
    assert (left >= (1 + KEPT) * given_["order_up_to"] - 0.01).all()
    assert (given_["on_hand"] + given_["transferred"] >= 0).all()
    assert lines["transferred"].sum() == pytest.approx(0)
    assert adds_up(lines)


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


@pytest.mark.parametrize(("pack", "moved"), [(48.0, 0.0), (12.0, 12.0)])
def test_no_more_is_moved_than_the_order_beside_it_gets_smaller(pack: float, moved: float) -> None:
    """Some 30 units are missing, of which a transfer may bring 19 or so: a pack of 48 would be
    bought all the same, of the packs of 12 one is spared."""
    rows = (row(on_hand=200.0), row(warehouse_id="V", pack_size=pack, lead_time_mean=21.0))
    alone, found = (plan(*rows, moving=each).lines for each in (None, Moving()))
    bought = [
        lines.set_index("warehouse_id").loc["V", "order_quantity"] for lines in (alone, found)
    ]
    assert found.set_index("warehouse_id").loc["V", "transferred"] == moved
    assert bought[0] - bought[1] == moved
    assert bought[1] > 0


def test_what_is_put_off_is_not_moved() -> None:
    assert not len(moves(Moving(put_off=frozenset({("W", "P", "V")}))))
    assert len(moves(Moving(put_off=frozenset({("V", "P", "W"), ("W", "Q", "V")}))))


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
