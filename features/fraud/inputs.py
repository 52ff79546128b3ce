"""What the model sees of a payment: computed once, for a frame of them and for a single one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.contracts import TABLES, FeatureType
from features.fraud.plan import PLAN, SINGLE
from features.fraud.risk import RISK_FEATURES
from features.fraud.stream import at_ms, milliseconds
from features.windows import Plan

Column = NDArray[Any]
_HOUR, _DAY = 3_600_000, 86_400_000
_PAYMENT = tuple(name for name in TABLES["payments"].names if name != "outcome")
_TEXTS = tuple(
    column.name
    for column in TABLES["payments"].columns
    if column.kind in {"id", "text", "country", "currency"} and column.name != "outcome"
)
_RISK_TEXTS = tuple(name for name, kind in RISK_FEATURES.items() if kind == "str")

_PAID: dict[str, FeatureType] = {
    "amount_base": "float",
    "hour": "float",
    "weekday": "float",
    "channel": "str",
    "currency": "str",
    "billing_country": "str",
    "shipping_country": "str",
    "ip_country": "str",
    "address_match": "float",
    "billing_differs_shipping": "float",
    "billing_differs_ip": "float",
    "shipping_differs_ip": "float",
    "without_card": "float",
    "without_device": "float",
    "without_ip": "float",
    "without_email": "float",
    "without_order": "float",
}
_CUSTOMER: dict[str, FeatureType] = {
    "account_age_days": "float",
    "home_country": "str",
    "segment": "str",
    "home_differs_billing": "float",
    "home_differs_shipping": "float",
    "home_differs_ip": "float",
    "email_differs": "float",
    "past_payments": "float",
    "past_declines": "float",
    "past_frauds": "float",
    "usual_amount": "float",
    "amount_spread": "float",
    "amount_above_usual": "float",
}
_RATIOS = (
    "amount_ratio",
    "amount_deviation",
    "recent_amount_ratio",
    "pace",
    "fraud_share",
    "fraud_share_30d",
    "fraud_share_7d",
    "decline_share",
)
_SUMS = tuple(f"{key}_{name}" for key in SINGLE for name in ("log_amount", "log_amount_squared"))


def features_of(plan: Plan) -> dict[str, FeatureType]:
    """The inputs of a model, in order, where a plan's velocities are known."""
    counted = [name for name in plan.names if name not in _SUMS]
    ratios = [f"{key.name}_{ratio}" for key in plan.keys if key.name in SINGLE for ratio in _RATIOS]
    return {**_PAID, **_CUSTOMER, **dict.fromkeys([*counted, *ratios], "float")}


FEATURES: Mapping[str, FeatureType] = features_of(PLAN)


def inputs(payments: pd.DataFrame, amount: pd.Series, plan: Plan = PLAN) -> pd.DataFrame:
    """`features_of(plan)` and the x_ columns of payments that carry the columns of the plan and of
    RISK_FEATURES.

    amount: of the payments, in base currency. The index is that of `payments`.
    """
    columns: dict[str, Column] = {
        name: payments[name].to_numpy(dtype=object) for name in (*_TEXTS, *_RISK_TEXTS)
    }
    numbers = [name for name, kind in RISK_FEATURES.items() if kind != "str"]
    columns |= {name: payments[name].to_numpy(dtype=float) for name in (*numbers, *plan.names)}
    columns["address_match"] = (
        payments["address_match"].astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    )
    columns["amount_base"] = amount.to_numpy(dtype=float)
    columns["at"] = at_ms(payments["attempted_at"])
    made = derive(columns, plan, features_of(plan))
    extra = {name: payments[name] for name in payments.columns if name.startswith("x_")}
    return pd.DataFrame({**made, **extra}, index=payments.index)


def inputs_of_one(
    payment: Mapping[str, Any],
    amount: float,
    velocity: NDArray[np.float64],
    risk: Mapping[str, Any],
) -> dict[str, Column]:
    """The same for one payment, as columns of one row; all that is unknown is missing."""
    columns: dict[str, Column] = {name: _one(payment.get(name)) for name in _TEXTS}
    columns |= {name: _one(risk.get(name)) for name in _RISK_TEXTS}
    for name, kind in RISK_FEATURES.items():
        if kind != "str":
            columns[name] = _number(risk.get(name))
    columns |= dict(zip(PLAN.names, velocity[:, None], strict=True))
    columns["address_match"] = _number(payment.get("address_match"))
    columns["amount_base"] = np.array([amount])
    columns["at"] = np.array([milliseconds(payment["attempted_at"])])
    extra = {name: _one(payment[name]) for name in payment if name.startswith("x_")}
    return {**derive(columns, PLAN, FEATURES), **extra}


def _one(value: Any) -> Column:
    cell = np.empty(1, dtype=object)
    cell[0] = value
    return cell


def _number(value: Any) -> Column:
    missing = value is None or value is pd.NA
    return np.array([np.nan if missing else float(value)])


def derive(
    columns: Mapping[str, Column], plan: Plan, features: Mapping[str, FeatureType]
) -> dict[str, Column]:
    """`features` from the payment's, the customer's and the plan's columns (equal lengths)."""
    at = columns["at"]
    made = dict(columns)
    made["hour"] = (at % _DAY / _HOUR).astype(float)
    made["weekday"] = ((at // _DAY + 3) % 7).astype(float)
    known = {name: ~pd.isna(columns[name]) for name in (*_TEXTS, *_RISK_TEXTS)}
    for name, (one, other) in _DIFFERENCES.items():
        differ = (columns[one] != columns[other]).astype(float)
        made[name] = np.where(known[one] & known[other], differ, np.nan)
    for name, column in _WITHOUT.items():
        made[name] = (~known[column]).astype(float)
    made["account_age_days"] = at / _DAY - columns["signed_up_day"]
    log = np.log1p(columns["amount_base"])
    made["amount_above_usual"] = (log - columns["usual_amount"]) / (columns["amount_spread"] + 0.1)
    for key in plan.keys:
        if key.name in SINGLE:
            made |= _ratios(key.name, columns)
    return {name: made[name] for name in features}


_DIFFERENCES = {
    "billing_differs_shipping": ("billing_country", "shipping_country"),
    "billing_differs_ip": ("billing_country", "ip_country"),
    "shipping_differs_ip": ("shipping_country", "ip_country"),
    "home_differs_billing": ("home_country", "billing_country"),
    "home_differs_shipping": ("home_country", "shipping_country"),
    "home_differs_ip": ("home_country", "ip_country"),
    "email_differs": ("account_email", "email_hash"),
}
_WITHOUT = {
    "without_card": "card_id",
    "without_device": "device_id",
    "without_ip": "ip_address",
    "without_email": "email_hash",
    "without_order": "order_id",
}


def _ratios(key: str, columns: Mapping[str, Column]) -> dict[str, Column]:
    """The payment against the key's habit: its mean amount, its pace; and the key's past.

    amount_deviation: of ln(1 + amount) from the key's mean, in its standard deviations (+ 0.1).
    """
    amount, count = columns["amount_base"], columns[f"{key}_count"]
    week, month = columns[f"{key}_count_7d"], columns[f"{key}_count_30d"]
    seen = np.where(count > 0, count, np.nan)
    usual, log = columns[f"{key}_amount"] / seen + 1.0, columns[f"{key}_log_amount"] / seen
    spread = np.sqrt(np.maximum(columns[f"{key}_log_amount_squared"] / seen - log**2, 0.0))
    return {
        f"{key}_amount_ratio": amount / usual,
        f"{key}_amount_deviation": (np.log1p(amount) - log) / (spread + 0.1),
        f"{key}_recent_amount_ratio": columns[f"{key}_amount_7d"] / (week + 1.0) / usual,
        f"{key}_pace": columns[f"{key}_count_1d"] * 30.0 / (month + 1.0),
        f"{key}_fraud_share": columns[f"{key}_frauds"] / (count + 1.0),
        f"{key}_fraud_share_30d": columns[f"{key}_frauds_30d"] / (month + 1.0),
        f"{key}_fraud_share_7d": columns[f"{key}_frauds_7d"] / (week + 1.0),
        f"{key}_decline_share": columns[f"{key}_declines_30d"] / (month + 1.0),
    }
