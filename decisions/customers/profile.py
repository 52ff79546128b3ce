"""The value of one customer, as it is asked over HTTP: now, from the store, by the live model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from decisions.customers.batch import USE_CASE, buyers_of
from decisions.customers.credit_rating import credit_reasons, rate_customers
from decisions.customers.value import (
    VALUE_COLUMNS,
    money_doubt,
    parsed_reasons,
    value_customers,
)
from decisions.customers.without_model import ShopHabits, expected_without_model
from decisions.runtime import Runtime
from features.customers import LEDGER_FEATURES, days_since_1970, model_inputs
from features.store import StoreError
from models.base import Release

_TEXTS = [name for name, kind in LEDGER_FEATURES.items() if kind == "str"]


@dataclass(frozen=True)
class CustomerProfile:
    """What is said of one customer.

    values: VALUE_COLUMNS by name, None where unknown. served_by: `model`, `cold_start` (has not
    ordered: what a customer is worth after a first order), or `last_year` (no model: the
    customer's own rate and the shop's). degraded: why the answer is simpler than it should be;
    empty when it is not.
    """

    customer_id: str
    values: Mapping[str, Any]
    reasons: list[Mapping[str, Any]]
    credit_reasons: list[dict[str, object]]
    served_by: str
    model_version: str
    as_of: pd.Timestamp
    degraded: str = ""


def profile_customer(runtime: Runtime, customer_id: str, horizon_days: int) -> CustomerProfile:
    """What is expected of a customer in the next days. An unknown one is a cold start.

    runtime: whose store and release answer. customer_id: of whom. horizon_days: 1 and more.
    """
    now = pd.Timestamp(runtime.now())
    release = runtime.release(USE_CASE)
    known, problem = _known(runtime, customer_id, now)
    if release is None:
        why = problem or runtime.problem(USE_CASE) or "there is no model"
        return _without_model(runtime, customer_id, known, now, horizon_days, why)
    if problem or not _has_ordered(known):
        return _cold_start(customer_id, release, now, horizon_days, problem)
    frame = _ledger_frame(customer_id, known)
    former = np.array([known.get("customer_segment")], dtype=object)
    scored, _ = value_customers(frame, now, release, horizon_days, former)
    doubt = money_doubt(release)
    return _told(customer_id, scored, "model", release.version, now, credit=frame, degraded=doubt)


def _known(runtime: Runtime, customer_id: str, now: pd.Timestamp) -> tuple[Mapping[str, Any], str]:
    """What the store holds of a customer, and why it holds nothing where it cannot be asked."""
    try:
        asked = [{"customer_id": customer_id}]
        return runtime.store.online_values(USE_CASE, asked, now.to_pydatetime())[0], ""
    except StoreError as error:
        return {}, str(error)


def _has_ordered(known: Mapping[str, Any]) -> bool:
    return known.get("first_order_day") is not None and (known.get("orders") or 0.0) > 0


def _ledger_frame(customer_id: str, known: Mapping[str, Any]) -> pd.DataFrame:
    """One row, as the batch reads it; unknown numbers are NaN."""
    row: dict[str, list[Any]] = {"customer_id": [customer_id]}
    for name in LEDGER_FEATURES:
        value = known.get(name)
        row[name] = [value] if name in _TEXTS else [np.nan if value is None else float(value)]
    return pd.DataFrame(row)


def _cold_start(
    customer_id: str, release: Release, now: pd.Timestamp, horizon_days: int, problem: str
) -> CustomerProfile:
    """What a customer is worth after a first order, made now: the model with nothing else known."""
    today = float(days_since_1970(pd.Series([now])).iloc[0])
    known = dict.fromkeys(LEDGER_FEATURES) | {
        "orders": 1.0,
        "placed_orders": 1.0,
        "first_order_day": today,
        "last_order_day": today,
        "changed_day": today,
        **dict.fromkeys(("orders_30d", "orders_90d", "orders_210d"), 1.0),
    }
    frame = _ledger_frame(customer_id, known)
    former = np.array([None], dtype=object)
    scored, _ = value_customers(frame, now, release, horizon_days, former)
    scored = scored.assign(**dict.fromkeys(_NEEDS_AN_ORDER), reasons=_COLD_REASON)
    return _told(customer_id, scored, "cold_start", release.version, now, degraded=problem)


_NEEDS_AN_ORDER = (
    "churn_risk",
    "alive_probability",
    "next_order_in_days",
    "margin_at_risk",
    "segment",
    "credit_rating",
    "usual_gap_days",
    "order_within_gap_probability",
)
_COLD_REASON = (
    '[{"code": "COLD_START", "text": "No order is known; what a customer is worth after a first '
    'order"}]'
)


def _without_model(
    runtime: Runtime,
    customer_id: str,
    known: Mapping[str, Any],
    now: pd.Timestamp,
    horizon_days: int,
    why: str,
) -> CustomerProfile:
    """Without a model: orders and margin by the customer's own rate and the shop's; nothing else is
    said. why: there is no model."""
    values: dict[str, Any] = dict.fromkeys(VALUE_COLUMNS)
    values["horizon_days"] = horizon_days
    if _has_ordered(known):
        habits = ShopHabits.of(buyers_of(runtime, now.to_pydatetime()), now)
        frame = _ledger_frame(customer_id, known)
        (told,) = expected_without_model(frame, habits, now, horizon_days).to_dict("records")
        values |= {str(name): None if pd.isna(each) else each for name, each in told.items()}
    return CustomerProfile(customer_id, values, [], [], "last_year", "", now, why)


def _told(
    customer_id: str,
    scored: pd.DataFrame,
    served_by: str,
    version: str,
    now: pd.Timestamp,
    *,
    credit: pd.DataFrame | None = None,
    degraded: str = "",
) -> CustomerProfile:
    row = scored.iloc[0]
    values = {name: None if pd.isna(row[name]) else row[name] for name in VALUE_COLUMNS}
    factors: list[dict[str, object]] = []
    if credit is not None:
        inputs = model_inputs(credit, pd.Series(now, index=credit.index))
        factors = credit_reasons(rate_customers(inputs)[1][0])
    reasons = list(parsed_reasons(row["reasons"]))
    if degraded:
        reasons.append({"code": "DEGRADED", "text": degraded})
    return CustomerProfile(customer_id, values, reasons, factors, served_by, version, now, degraded)
