"""What is known of a payment: velocity of its keys, the customer's risk, and the payment itself."""

from datetime import datetime

import pandas as pd

from data.views import Frames, Terms, View
from features.fraud.attempts import (
    ATTEMPT_FACTS,
    NO_RETRY,
    EarlierAttempt,
    Link,
    PaymentAttempt,
    attempt_facts,
    attempt_of,
)
from features.fraud.inputs import FEATURES, features_of, inputs, inputs_of, model_inputs
from features.fraud.plan import PLAN, UNPROVEN
from features.fraud.risk import RISK_FEATURES, customer_risk
from features.fraud.stream import (
    PROVEN,
    ExchangeRates,
    amounts,
    attempts_among,
    decline,
    decline_id,
    decline_ids,
    event,
    events,
    fraud_reports,
    label_changes,
    milliseconds,
    payment_velocity,
    proof,
    proof_id,
    report,
)

_TABLES = ("payments", "chargebacks", "customers", "fx_rates")


def _velocity(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """The velocities at the moment of each payment."""
    payments, rates = tables["payments"], tables["fx_rates"]
    amount = amounts(payments, rates, terms.base_currency)
    values = payment_velocity(payments, tables["chargebacks"], amount)
    keys = pd.DataFrame(
        {"payment_id": payments["payment_id"], "event_timestamp": payments["attempted_at"]}
    )
    return pd.concat([keys, values], axis=1)


def history(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """The payments with what was known at the moment of each: velocities and the customer's risk,
    as the store would give them, from the tables alone.

    tables: payments, chargebacks, customers and fx_rates by name; as_of: no risk of a customer from
    later is used; terms: whose base currency the amounts are counted in.
    """
    payments = tables["payments"]
    velocity = _velocity(tables, as_of, terms).drop(columns=["payment_id", "event_timestamp"])
    seen = pd.concat([payments, velocity], axis=1).sort_values("attempted_at", kind="stable")
    risk = customer_risk(tables, as_of, terms).sort_values("event_timestamp", kind="stable")
    risk = risk.rename(columns={"event_timestamp": "known_at"})
    found = pd.merge_asof(seen, risk, by="customer_id", left_on="attempted_at", right_on="known_at")
    return found.drop(columns="known_at")


VIEWS: tuple[View, ...] = (
    View(
        name="payment_velocity",
        keys=("payment_id",),
        features=dict.fromkeys(PLAN.names, "float"),
        tables=_TABLES,
        build=_velocity,
        online=False,
    ),
    View(
        name="customer_risk",
        keys=("customer_id",),
        features=RISK_FEATURES,
        tables=_TABLES,
        build=customer_risk,
    ),
)
# What a customer is expected to bring, where the use case `customers` has said it.
EXPECTED_MARGIN = "expected_margin_365d"
SERVICE = ("payment_velocity", "customer_risk", "customer_value")
NEEDS = ("payments",)
HISTORY: tuple[str, ...] = ()

__all__ = [
    "ATTEMPT_FACTS",
    "EXPECTED_MARGIN",
    "FEATURES",
    "HISTORY",
    "NEEDS",
    "NO_RETRY",
    "PLAN",
    "PROVEN",
    "RISK_FEATURES",
    "SERVICE",
    "UNPROVEN",
    "VIEWS",
    "EarlierAttempt",
    "ExchangeRates",
    "Link",
    "PaymentAttempt",
    "amounts",
    "attempt_facts",
    "attempt_of",
    "attempts_among",
    "customer_risk",
    "decline",
    "decline_id",
    "decline_ids",
    "event",
    "events",
    "features_of",
    "fraud_reports",
    "history",
    "inputs",
    "inputs_of",
    "label_changes",
    "milliseconds",
    "model_inputs",
    "payment_velocity",
    "proof",
    "proof_id",
    "report",
]
