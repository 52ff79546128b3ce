"""Probabilities of the next order, margin at risk."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from decisions.customers.segments import SEGMENT_NAMES
from decisions.customers.value import (
    days_to_next_order,
    margin_at_risk,
    money_doubt,
    order_within,
    value_customers,
)
from features.customers import LEDGER_FEATURES
from models.customers import ANSWER_COLUMNS


def test_who_orders_often_orders_soon() -> None:
    orders, alive = np.array([12.0, 1.0]), np.array([0.9, 0.9])
    soon = order_within(orders, alive, 365, np.array([30.0, 30.0]))
    assert soon[0] > 0.5 > 0.1 > soon[1]
    assert order_within(orders, alive, 365, np.full(2, 1e9)) == pytest.approx([0.9, 0.9])


def test_the_next_order_is_when_half_is_reached() -> None:
    orders, alive = np.array([12.0, 3.0]), np.array([0.9, 0.4])
    days = days_to_next_order(orders, alive, 365)
    assert order_within(orders[:1], alive[:1], 365, days[:1]) == pytest.approx([0.5])
    assert np.isnan(days[1])


def test_margin_at_risk_is_what_the_usual_rhythm_would_bring_more() -> None:
    inputs = pd.DataFrame({"age_days": [100.0, 100.0], "repeat_orders": [10.0, 10.0]})
    answer = pd.DataFrame(
        {"expected_orders": [4.0, 12.0], "expected_margin": [40.0, 120.0], "alive_probability": 0.5}
    )
    assert margin_at_risk(inputs, answer, 100).tolist() == [30.0, 0.0]


def ledger(**numbers: float) -> pd.DataFrame:
    """The ledger of one customer with three orders; other sums are 0."""
    usual: dict[str, Any] = {
        name: "web" if kind == "str" else 0.0 for name, kind in LEDGER_FEATURES.items()
    }
    days = {"first_order_day": 19_700.0, "last_order_day": 19_790.0, "changed_day": 19_790.0}
    return pd.DataFrame([{"customer_id": "c", **usual, **days, "orders": 3.0, **numbers}])


def test_money_that_nobody_can_tell_is_missing_and_not_nothing() -> None:
    """All orders are in a currency without a rate: orders are foretold, what they bring is not."""
    model = SimpleNamespace(
        predict=lambda frame: pd.DataFrame(dict.fromkeys(ANSWER_COLUMNS, 0.5), index=frame.index)
    )
    release: Any = SimpleNamespace(model=model, policy={"priced_share": 0.0})
    now, former = pd.Timestamp("2024-04-01", tz="UTC"), np.array([None], dtype=object)
    for horizon in (30, 365):
        scored, year = value_customers(ledger(), now, release, horizon, former)
        assert scored["expected_orders"].tolist() == [0.5]
        assert scored[["expected_margin", "expected_margin_q90", "margin_at_risk"]].isna().all(None)
        assert scored["margin_basis"].tolist() == [None]
        assert year["expected_margin"].isna().all()
        assert scored["segment"].isin(SEGMENT_NAMES).all()
    assert "unknown" in money_doubt(release)


def test_orders_without_a_rate_bring_what_the_others_do() -> None:
    model = SimpleNamespace(
        predict=lambda frame: pd.DataFrame(dict.fromkeys(ANSWER_COLUMNS, 0.5), index=frame.index)
    )
    release: Any = SimpleNamespace(model=model, policy={"priced_share": 0.25})
    now, former = pd.Timestamp("2024-04-01", tz="UTC"), np.array([None], dtype=object)
    scored, _ = value_customers(ledger(), now, release, 365, former)
    assert scored["expected_margin"].tolist() == [2.0]
    assert scored["expected_orders"].tolist() == [0.5]
    assert "Only 25% of `orders`" in money_doubt(release)
