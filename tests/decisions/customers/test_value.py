"""Probabilities of the next order, margin at risk."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from decisions.customers.segments import SEGMENT_NAMES
from decisions.customers.value import (
    days_to_next_order,
    fitting_together,
    margin_at_risk,
    money_doubt,
    order_rate,
    order_within,
    parsed_reasons,
    value_customers,
)
from features.customers import LEDGER_FEATURES
from models.customers import ANSWER_COLUMNS


def test_who_orders_often_orders_soon() -> None:
    orders, alive = np.array([12.0, 1.0]), np.array([0.9, 0.9])
    rate = order_rate(np.array([0.9, 0.5]), orders, alive, 365)
    soon = order_within(rate, alive, np.array([30.0, 30.0]))
    assert soon[0] > 0.5 > 0.1 > soon[1]
    assert order_within(rate, alive, np.full(2, 1e9)) == pytest.approx([0.9, 0.9])


def test_within_the_horizon_an_order_is_as_likely_as_is_told() -> None:
    """Who is told to order with 40 % within 90 days is not told to order within 60 days."""
    chance, alive = np.array([0.4, 0.6, 0.0]), np.array([0.9, 0.95, 0.3])
    rate = order_rate(chance, np.array([3.0, 0.6, 0.0]), alive, 90)
    assert order_within(rate, alive, np.full(3, 90.0)) == pytest.approx(chance)
    days = days_to_next_order(rate, alive)
    assert days[0] > 90.0 > days[1]


def test_the_next_order_is_when_half_is_reached() -> None:
    alive = np.array([0.9, 0.4])
    rate = order_rate(np.array([0.9, 0.4]), np.array([12.0, 3.0]), alive, 365)
    days = days_to_next_order(rate, alive)
    assert order_within(rate[:1], alive[:1], days[:1]) == pytest.approx([0.5])
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


def test_what_is_said_of_one_customer_fits_together() -> None:
    """The chance of an order, that of ever coming back, and the quantiles of orders and margin."""
    raw = {"alive_probability": [0.2, 0.9], "order_probability": [0.3, 0.8]}
    raw |= {"expected_orders": [0.4, 2.0], "expected_margin": [4.0, 20.0]}
    for level, values in (("q10", [0.0, 0.4]), ("q50", [0.4, 1.6]), ("q90", [0.6, 3.4])):
        raw |= {f"expected_orders_{level}": values, f"expected_margin_{level}": values}
    year = pd.DataFrame(raw)[list(ANSWER_COLUMNS)]
    month = year.assign(order_probability=[0.05, 0.4])
    found = fitting_together(year, year)
    assert found["alive_probability"].tolist() == [0.3, 0.9]
    assert found["expected_orders_q10"].tolist() == [0.0, 0.0]
    assert found["expected_orders_q50"].tolist() == [0.0, 2.0]
    assert found["expected_orders_q90"].tolist() == [1.0, 3.0]
    assert found["expected_margin_q50"].tolist() == [0.0, 1.6]
    soon = fitting_together(month, year)
    assert soon["alive_probability"].tolist() == [0.3, 0.9]
    assert soon["expected_orders_q50"].tolist() == [0.0, 0.0]
    assert soon["expected_orders_q90"].tolist() == [0.0, 3.0]
    long = fitting_together(year.assign(order_probability=[0.6, 0.95]), year)
    assert long["alive_probability"].tolist() == [0.3, 0.9]
    assert long["order_probability"].tolist() == [0.3, 0.9]


def test_a_small_chance_of_many_orders_is_said_in_words() -> None:
    answer = dict.fromkeys(ANSWER_COLUMNS, 0.5) | {"order_probability": 0.01}
    model = SimpleNamespace(
        predict=lambda frame: pd.DataFrame(answer | {"expected_orders": 0.8}, index=frame.index)
    )
    release: Any = SimpleNamespace(model=model, policy={})
    now, former = pd.Timestamp("2024-04-01", tz="UTC"), np.array([None], dtype=object)
    scored, _ = value_customers(ledger(), now, release, 365, former)
    texts = {each["code"]: each["text"] for each in parsed_reasons(scored["reasons"].iloc[0])}
    said = "Of 100 customers like this, one orders again in 365 days, and then 80 times"
    assert texts["RARELY_BUT_OFTEN"] == said
