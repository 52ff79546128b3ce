"""The value of one customer."""

import pandas as pd
import pytest

from decisions.customers.profile import carry_on_last_year, profile_customer
from decisions.runtime import Runtime


def test_the_same_answer_for_one_customer(runtime: Runtime, scored: pd.DataFrame) -> None:
    row = scored.iloc[3]
    profile = profile_customer(runtime, row["customer_id"], 90)
    assert profile.served_by == "model"
    assert not profile.degraded
    for name in ("expected_orders", "expected_margin", "alive_probability", "usual_gap_days"):
        assert profile.values[name] == pytest.approx(row[name], rel=1e-6, abs=0.005), name
    for name in ("segment", "credit_rating"):
        assert profile.values[name] == row[name]


def test_an_unknown_customer_is_a_cold_start(runtime: Runtime) -> None:
    profile = profile_customer(runtime, "nobody", 365)
    assert profile.served_by == "cold_start"
    assert profile.values["expected_margin"] > 0
    assert profile.values["alive_probability"] is None
    assert profile.reasons[0]["code"] == "COLD_START"


@pytest.mark.parametrize(("days_ago", "orders", "expected"), [(3, 1.0, 4.06), (400, 12.0, 12.0)])
def test_without_a_model_a_first_order_of_last_week_is_no_pace(
    days_ago: int, orders: float, expected: float
) -> None:
    now = pd.Timestamp("2026-05-01", tz="UTC")
    first = (now - pd.Timestamp("1970-01-01", tz="UTC")).days - days_ago
    ledger = {"first_order_day": float(first), "last_order_day": float(first)}
    ledger |= {"orders": orders, "orders_365d": orders}
    ledger |= {"costed_revenue_365d": 0.0, "margin_365d": 0.0}
    profile = carry_on_last_year("c", ledger, now, 365, "no model in use")
    assert profile.values["expected_orders"] == pytest.approx(expected, abs=0.01)
    assert profile.values["expected_margin"] is None
