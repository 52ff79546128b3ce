"""What is known of each customer: orders, money, rhythm, returns, payments and disputes."""

from data.views import FeatureType, View
from features.customers.inputs import INPUTS, inputs_at, model_inputs
from features.customers.ledger import LEDGER_FEATURES, TABLES, customer_ledger, days_since_1970

# Written by training and by scoring; other use cases read it by name.
VALUE_FEATURES: dict[str, FeatureType] = {
    "expected_orders_365d": "float",
    "expected_margin_365d": "float",
    "expected_margin_365d_q10": "float",
    "expected_margin_365d_q90": "float",
    "alive_probability": "float",
    "churn_risk": "float",
    "customer_segment": "str",
    "credit_rating": "str",
}

VIEWS: tuple[View, ...] = (
    View(
        name="customer_ledger",
        keys=("customer_id",),
        features=LEDGER_FEATURES,
        tables=TABLES,
        build=customer_ledger,
    ),
    View(name="customer_value", keys=("customer_id",), features=VALUE_FEATURES),
)
SERVICE = ("customer_ledger", "customer_value")
HISTORY: tuple[str, ...] = ()
NEEDS = ("orders",)

__all__ = [
    "HISTORY",
    "INPUTS",
    "LEDGER_FEATURES",
    "NEEDS",
    "SERVICE",
    "VALUE_FEATURES",
    "VIEWS",
    "customer_ledger",
    "days_since_1970",
    "inputs_at",
    "model_inputs",
]
