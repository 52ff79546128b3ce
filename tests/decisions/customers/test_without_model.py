"""Without a model: between the customer's own rate and the shop's; nobody who never returns."""

import pandas as pd
import pytest

from decisions.customers.without_model import PRIOR_DAYS, ShopHabits, expected_without_model

NOW = pd.Timestamp("2026-05-01", tz="UTC")
TODAY = float((NOW - pd.Timestamp("1970-01-01", tz="UTC")).days)


def ledger(*customers: tuple[float, float, float]) -> pd.DataFrame:
    """Days since the first order, orders of the last year, margin of the last year."""
    rows = [
        {
            "first_order_day": TODAY - days,
            "orders_365d": orders,
            "margin_365d": margin,
            "costed_revenue_365d": margin * 3,
        }
        for days, orders, margin in customers
    ]
    return pd.DataFrame(rows)


def test_where_nobody_came_back_nobody_is_expected() -> None:
    guests = ledger((3, 1, 10), (100, 1, 10), (300, 1, 10))
    habits = ShopHabits.of(guests, NOW)
    told = expected_without_model(guests, habits, NOW, 365)
    assert told["expected_orders"].tolist() == [0.0, 0.0, 0.0]
    assert told["expected_margin"].tolist() == [0.0, 0.0, 0.0]


def test_a_long_life_counts_more_than_the_shop_and_a_short_one_less() -> None:
    habits = ShopHabits(orders_a_day=0.01)
    young, regular, silent = expected_without_model(
        ledger((3, 1, 10), (400, 12, 120), (400, 0, 0)), habits, NOW, 365
    )["expected_orders"]
    assert young == pytest.approx(3.59, abs=0.01)  # of the shop's 3.65
    assert regular == pytest.approx((12 + 1.8) / (365 + PRIOR_DAYS) * 365)
    assert silent == pytest.approx(1.8 / (365 + PRIOR_DAYS) * 365)


def test_a_margin_that_nobody_knows_is_not_nought() -> None:
    unknown = ledger((400, 12, 120)).assign(costed_revenue_365d=0.0)
    told = expected_without_model(unknown, ShopHabits(0.01), NOW, 30)
    assert told["expected_margin"].isna().all()
    known = expected_without_model(ledger((400, 12, 120)), ShopHabits(0.01), NOW, 30)
    assert known["expected_margin"][0] == pytest.approx(known["expected_orders"][0] * 10)
