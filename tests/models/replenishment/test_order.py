"""The quantity that is ordered."""

import numpy as np
import pytest

from models.replenishment.lines import Lines
from models.replenishment.order import economic_lot
from tests.models.replenishment.planning import frame, row
from tests.models.replenishment.policy_frames import line


def test_economic_lot() -> None:
    """Snyder & Shen, example 3.1: K = 8, h = 0.225 a year, 1,300 a year: Q* = 304.1."""
    lines = Lines.of(frame(row(order_cost=8.0, unit_cost=0.75, holding_cost_rate=0.3)))
    assert economic_lot(lines, np.array([1300 / 365]))[0] == pytest.approx(304.0468, abs=1e-3)


def test_packs_and_minimum() -> None:
    free = line()["order_quantity"]
    packed = line(pack_size=12.0)
    assert packed["order_quantity"] % 12 == 0
    assert abs(packed["order_quantity"] - free) < 12
    least = line(min_order_quantity=100.0)
    assert least["order_quantity"] == 100
    assert least["minimum"] == pytest.approx(100 - least["order_up_to"])


def test_a_minimum_that_costs_more_than_waiting_is_not_ordered() -> None:
    waiting = line(on_hand=31.0, min_order_quantity=100.0, holding_cost_rate=3.0)
    assert waiting["order_quantity"] == 0
    assert waiting["not_ordered_reason"] == "waiting costs less than ordering now"
    never = line(on_hand=31.0, min_order_quantity=5000.0, holding_cost_rate=3.0)
    assert never["order_quantity"] == 0
    assert never["not_ordered_reason"] == "an order costs more than the sales it saves"
    promised = line(on_hand=31.0, min_order_quantity=5000.0, service_level=0.98)
    assert promised["order_quantity"] == 5000


def test_a_service_level_is_kept_whatever_the_pack() -> None:
    for stock in range(30, 45):
        promised = line(on_hand=float(stock), service_level=0.9, pack_size=12.0)
        assert promised["stockout_probability"] <= 0.1 + 1e-6


def test_ordering_costs_make_larger_lots() -> None:
    cheap, dear = line(), line(order_cost=50.0)
    assert dear["order_quantity"] > cheap["order_quantity"]
    assert dear["lot_stock"] > 0
    assert "more because more at once is cheaper" in dear["reason"]
    bound = line(min_order_quantity=cheap["order_quantity"] + 20)
    assert "more for the supplier's smallest order" in bound["reason"]
