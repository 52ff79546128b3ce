"""The ledger: every fact about a customer at its time, and its undoing at its own."""

import numpy as np
import pandas as pd
import pytest

from features.customers import LEDGER_FEATURES, model_inputs
from tests.features.customers.order_rows import at, day, ledger, orders


def test_orders_add_up_and_the_past_stays_as_it_was() -> None:
    made = ledger(orders=orders(("1", "a", 0, 10), ("2", "a", 10, 30), ("3", "b", 5, 7)))
    assert list(made.columns) == ["customer_id", "event_timestamp", *LEDGER_FEATURES]
    assert at(made, day(9))["orders"] == 1
    late = at(made, day(20))
    assert (late["orders"], late["revenue"], late["first_order_revenue"]) == (2, 40, 10)
    assert late["last_gap_days"] == pytest.approx(10)
    assert late["first_market"] == "DE"


def test_a_year_later_an_order_is_not_of_the_last_365_days() -> None:
    made = ledger(orders=orders(("1", "a", 0, 10), ("2", "a", 100, 30)))
    assert at(made, day(200))["orders_365d"] == 2
    assert at(made, day(366))["orders_365d"] == 1
    assert at(made, day(366))["revenue_365d"] == 30
    assert at(made, day(466))["orders"] == 2


def test_nothing_later_than_as_of_is_told() -> None:
    made = ledger(50, orders=orders(("1", "a", 0, 10), ("2", "a", 100, 30)))
    assert (made["event_timestamp"] <= day(50)).all()


def test_payments_and_disputes_count_and_a_fraud_costs_its_amount_once() -> None:
    payments = pd.DataFrame(
        {
            "payment_id": ["x", "y"],
            "customer_id": "a",
            "attempted_at": [day(0), day(1)],
            "amount": [50.0, 20.0],
            "currency": "EUR",
            "outcome": ["captured", "declined"],
        }
    )
    told = pd.DataFrame(
        {
            "payment_id": ["x", "x"],
            "reported_at": [day(5), day(6)],
            "is_fraud": [True, True],
        }
    )
    made = ledger(payments=payments, chargebacks=told)
    assert at(made, day(4))["frauds"] == 0
    late = at(made, day(6))
    assert (late["payments"], late["declines"], late["disputes"]) == (2, 1, 1)
    assert (late["frauds"], late["fraud_losses"], late["margin"]) == (1, 50, -50)


def test_an_analysts_word_is_no_dispute_and_what_is_taken_back_costs_nothing() -> None:
    payments = pd.DataFrame(
        {
            "payment_id": ["approved", "rejected", "corrected", "won"],
            "customer_id": "a",
            "attempted_at": day(0),
            "amount": 50.0,
            "currency": "EUR",
            "outcome": "captured",
        }
    )
    rows = [
        ("approved", 1, False, "review", "open", pd.NaT),
        ("rejected", 2, True, "review", "open", pd.NaT),
        ("corrected", 3, True, "chargeback", "open", pd.NaT),
        ("corrected", 4, False, "chargeback", "open", pd.NaT),
        ("won", 5, True, "chargeback", "won", day(6)),
    ]
    names = ["payment_id", "reported_at", "is_fraud", "kind", "resolution", "resolved_at"]
    told = pd.DataFrame(rows, columns=names)
    told = told.assign(reported_at=[day(number) for number in told["reported_at"]])
    made = ledger(payments=payments, chargebacks=told)
    seen = [tuple(at(made, day(n))[["disputes", "frauds", "margin"]]) for n in range(7)]
    assert seen == [
        *((0, 0, 0), (0, 0, 0), (0, 1, 0), (1, 2, -50)),
        *((1, 1, 0), (2, 2, -50), (2, 1, 0)),
    ]


def test_inputs_move_with_time_alone() -> None:
    made = ledger(orders=orders(("1", "a", 0, 10), ("2", "a", 10, 30), ("3", "a", 20, 20)))
    known = made[made["event_timestamp"] == day(20)]
    soon = model_inputs(known, pd.Series(day(20), index=known.index)).iloc[0]
    late = model_inputs(known, pd.Series(day(50), index=known.index)).iloc[0]
    assert (soon["repeat_orders"], soon["active_days"], soon["age_days"]) == (2, 20, 20)
    assert (late["recency_days"], late["age_days"], late["mean_gap_days"]) == (30, 50, 10)
    assert late["repeats_30d"] == pytest.approx(np.exp(-40 / 30) + np.exp(-30 / 30))
    assert late["mean_repeat_revenue"] == 25
    assert np.isnan(late["account_days"])
