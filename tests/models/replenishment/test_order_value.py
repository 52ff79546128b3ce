"""Orders together: a supplier's minimum value, a warehouse's room when the goods arrive."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.replenishment import OrderUpTo
from models.replenishment.plan import WATERFALL
from tests.models.replenishment.planning import frame, row


def plan(*rows: dict[str, Any], **all_: Any) -> pd.DataFrame:
    """The lines of several products of one supplier, P0, P1, …"""
    given = [row(product_id=f"P{n}", **{**all_, **other}) for n, other in enumerate(rows)]
    return OrderUpTo().predict(frame(*given))


def value(lines: pd.DataFrame) -> float:
    return float((lines["order_quantity"] * 10.0).sum())


def added_up(lines: pd.DataFrame) -> bool:
    total = sum(sign * lines[name] for name, sign in WATERFALL.items())
    return bool(np.allclose(total, lines["order_quantity"], atol=5e-4))


def test_an_order_is_filled_up_to_its_minimum_value() -> None:
    rows: list[dict[str, Any]] = [{"on_hand": 22.0}, {"on_hand": 25.0}, {"on_hand": 90.0}]
    plain = plan(*rows)
    least = value(plain) + 100.0
    lines = plan(*rows, minimum_order_value=least)
    assert least <= value(lines) < least + 30.0
    assert lines["minimum"].sum() > 0
    assert added_up(lines)
    assert "its minimum value" in lines["reason"].str.cat()
    # What is needed soonest is ordered first; of 90 there is enough for long.
    assert lines["order_quantity"].iloc[2] == 0


def test_an_order_far_below_its_minimum_value_waits() -> None:
    lines = plan({"on_hand": 36.0}, {"on_hand": 90.0}, minimum_order_value=90_000.0)
    assert value(lines) == 0
    assert "minimum order value is not reached" in lines["not_ordered_reason"].iloc[0]
    assert added_up(lines)


def test_a_promise_is_kept_whatever_the_minimum_value() -> None:
    lines = plan({"on_hand": 30.0, "service_level": 0.98}, minimum_order_value=900.0)
    assert value(lines) >= 900.0


def test_orders_above_their_minimum_value_stay() -> None:
    rows: list[dict[str, Any]] = [{}, {"on_hand": 5.0}]
    assert value(plan(*rows, minimum_order_value=50.0)) == value(plan(*rows))


@pytest.mark.parametrize(("capacity", "ordered"), [(60.0, True), (12.0, False)])
def test_room_counts_when_the_goods_arrive(capacity: float, ordered: bool) -> None:
    """30 are there today, ten left in two weeks: an order fits into 60, though hardly today."""
    lines = plan({"on_hand": 30.0}, capacity_units=capacity)
    assert (lines["capacity_cut"].iloc[0] == 0) == ordered
    assert added_up(lines)
