"""Explanations of a line."""

import pandas as pd
import pytest

from features.forecasting.views import EXPLAINED
from models.replenishment.protection_interval import EXPLAINED as PARTS
from tests.models.replenishment.plan_frames import adds_up, line
from tests.models.replenishment.planning import poissons


def test_the_lift_of_a_promotion_has_a_line_of_its_own() -> None:
    """Two of the three weeks of cover are promoted, at four units more a week."""
    assert EXPLAINED[-1] == "promotion"
    assert len(EXPLAINED) == PARTS
    weeks = [[10.0 - added, 0.0, 0.0, 0.0, added] for added in (0.0, 4.0, 4.0, *[0.0] * 10)]
    told = {"explanation": [part for week in weeks for part in week]}
    coming = {"promotion_from": 7.0, "promotion_until": 21.0, "promotions_before": 0.0}
    plain, lifted = line(on_hand=30.0, **coming), line(on_hand=30.0, **coming, **told)
    met = plain["demand_mean"] / 30  # the rest will be lost before an order can come
    assert met > 0.99
    assert lifted["promotion_lift"] == pytest.approx(8.0 * met, abs=0.002)
    assert lifted["demand_mean"] == pytest.approx(22.0 * met, abs=0.002)
    assert lifted["order_quantity"] == plain["order_quantity"]
    assert lifted["promotion_buffer"] == pytest.approx(0.15 * 20, abs=0.002)
    assert "7.98 of it by a promotion" in lifted["reason"]
    assert adds_up(pd.DataFrame([lifted]))
    assert line(on_hand=30.0, **told)["promotion_lift"] == 0  # none is planned
    half = line(on_hand=30.0, **coming, explanation=[1.0, 2.0])
    assert half["promotion_lift"] == 0  # not what a forecast explains


def test_rounding_is_less_than_a_pack() -> None:
    """Fewer than level and lot, because the sum costs less, is a smaller lot."""
    for level in (0.9, 0.99, 1.0):
        found = line(**poissons(14.0), service_level=level, order_cost=5.0, on_hand=14.0)
        assert abs(found["rounding"]) < 1.0
        assert found["lot_stock"] > 30
        assert adds_up(pd.DataFrame([found]))
