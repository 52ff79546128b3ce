"""The plan as a whole: breaks, display stock, ends, promotions, transfers, caps, slow stock."""

import pytest

from models.replenishment import OrderUpTo
from tests.models.replenishment.plan_frames import line, plan
from tests.models.replenishment.planning import frame, row


def test_display_stock_is_kept_beyond_the_safety() -> None:
    plain, shown = line(on_hand=30.0), line(on_hand=30.0, display_minimum=50.0)
    assert shown["display_stock"] == pytest.approx(50 - plain["safety_stock"])
    assert shown["order_up_to"] == pytest.approx(plain["demand_mean"] + 50, abs=0.002)
    assert "for the display minimum" in shown["reason"]


def test_a_block_is_kept_unless_another_supplier_is_free() -> None:
    assert line(blocked=True)["not_ordered_reason"] == "blocked"
    both = plan(row(blocked=True), row(supplier_id="T", unit_cost=15.0)).lines
    assert both["supplier_id"].tolist() == ["T"]
    assert both["order_quantity"][0] > 0


def test_nothing_is_ordered_for_after_the_end_of_life() -> None:
    ending = line(on_hand=14.0, days_to_end=16.0)
    assert 0 < ending["order_quantity"] < line(on_hand=14.0)["order_quantity"]
    late = line(days_to_end=10.0)
    assert late["not_ordered_reason"] == "its life ends before an order can arrive"


@pytest.mark.parametrize(("before", "share"), [(0.0, 0.15), (2.0, 0.1), (5.0, 0.0)])
def test_a_promotion_of_uncertain_lift_has_a_buffer_of_its_own(before: float, share: float) -> None:
    spans = {"promotion_from": 7.0, "promotion_until": 21.0, "promotions_before": before}
    found = line(on_hand=60.0, **spans)
    assert found["promotion_buffer"] == pytest.approx(share * 20.0, abs=0.01)
    assert ("uncertain lift" in found["reason"]) == (share > 0)


def test_the_dearer_but_faster_supplier_wins_when_stock_on_the_way_costs_more() -> None:
    slow = row(lead_time_mean=180.0, holding_cost_rate=1.0)
    fast = row(supplier_id="T", unit_cost=11.0, lead_time_mean=5.0, holding_cost_rate=1.0)
    assert plan(slow, fast).lines["supplier_id"].tolist() == ["T"]


def test_service_levels_by_class_of_demand() -> None:
    promised = OrderUpTo(service_levels="smooth=0.99,lumpy=0.5").predict(frame(row(on_hand=60.0)))
    assert promised["target_quantile"][0] == pytest.approx(0.99)
    own = OrderUpTo(service_levels="smooth=0.99").predict(frame(row(service_level=0.8)))
    assert own["target_quantile"][0] == pytest.approx(0.8)
