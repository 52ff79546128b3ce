"""Probabilities of the next order, margin at risk."""

import numpy as np
import pandas as pd
import pytest

from decisions.customers.value import days_to_next_order, margin_at_risk, order_within


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
