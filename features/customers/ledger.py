"""The history of each customer: what was known after every change, as the store keeps it.

One row a customer and moment of change holds running sums; what depends on the time that has passed
since (recency, memory that fades) is computed from it when it is read, by `inputs_at`. So a value
is right at any moment, and equal in training and in serving.
"""

from datetime import datetime

import numpy as np
import pandas as pd

from data.views import FeatureType, Frames, Terms
from features.customers.changes import (
    SUMS,
    customer_orders,
    order_changes,
    payment_changes,
    sign_ups,
    uniform_changes,
)
from features.order_margins import order_lines

# Days after which an order still counts by 1/e in each fading count of orders.
MEMORIES = {"orders_30d": 30.0, "orders_90d": 90.0, "orders_210d": 210.0}
TIMES = ("changed_day", "first_order_day", "last_order_day", "signed_up_day")
TEXTS = ("first_market", "first_channel", "first_category")
LEDGER_FEATURES: dict[str, FeatureType] = {
    **dict.fromkeys(SUMS, "float"),
    **dict.fromkeys(MEMORIES, "float"),
    **dict.fromkeys(TIMES, "float"),
    "last_gap_days": "float",
    **dict.fromkeys(TEXTS, "str"),
}
TABLES = (
    "orders",
    "products",
    "supply_terms",
    "customers",
    "payments",
    "chargebacks",
    "fx_rates",
)
_KEYS = ["customer_id", "changed_at"]
_EPOCH = pd.Timestamp(0, tz="UTC")
_DAY = 86_400.0  # seconds


def customer_ledger(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """LEDGER_FEATURES of every customer after each change up to `as_of`.

    tables: TABLES, as known at as_of. terms: whose base currency all money is in. Times are days
    since 1970. Sums are since the customer's first; `…_365d` of orders of the last 365 days;
    `orders_30d` and its like fade by their memory up to changed_day.
    """
    now = pd.Timestamp(as_of)
    lines = order_lines(tables, terms.base_currency)
    orders = customer_orders(lines)
    parts = [
        order_changes(lines, orders, now),
        payment_changes(tables, terms.base_currency),
        sign_ups(tables["customers"]),
    ]
    changes = pd.concat([uniform_changes(part) for part in parts], ignore_index=True)
    changes = changes[changes["changed_at"] <= now]
    ledger = _running_sums(changes)
    ledger = _with_order_times(ledger, orders)
    ledger = _with_first_order(ledger, orders, tables["customers"])
    named = ledger.rename(columns={"changed_at": "event_timestamp"})
    return named[["customer_id", "event_timestamp", *LEDGER_FEATURES]]


def _running_sums(changes: pd.DataFrame) -> pd.DataFrame:
    """One row a customer and moment, with the sums of all changes up to it."""
    each = changes.groupby(_KEYS, as_index=False, sort=True)[list(SUMS)].sum()
    total = each.groupby("customer_id", sort=False)[list(SUMS)].cumsum()
    return pd.concat([each[_KEYS], total], axis=1)


def _with_order_times(ledger: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """First and last order, the last gap between two, and the fading counts of orders."""
    placed = orders.groupby(["customer_id", "changed_at"], as_index=False, sort=False).size()
    placed["changed_at"] = placed["changed_at"].astype(ledger["changed_at"].dtype)
    before = placed.groupby("customer_id", sort=False)["changed_at"].shift()
    placed["last_gap_days"] = (placed["changed_at"] - before).dt.total_seconds() / _DAY
    placed["last_order_day"] = days_since_1970(placed["changed_at"])
    day = days_since_1970(ledger["changed_at"])
    joined = ledger.merge(placed, on=_KEYS, how="left").assign(changed_day=day)
    group = joined.groupby("customer_id", sort=False)
    for name in ("last_order_day", "last_gap_days"):
        joined[name] = group[name].ffill()
    joined["first_order_day"] = group["last_order_day"].cummin()
    added = joined["size"].fillna(0.0) - _cancelled_then(joined)
    for name, memory in MEMORIES.items():
        joined[name] = _faded(joined, added, memory)
    return joined.drop(columns="size")


def _cancelled_then(joined: pd.DataFrame) -> pd.Series:
    """How many orders were cancelled at each row's moment."""
    before = joined.groupby("customer_id", sort=False)["cancelled_orders"].shift(fill_value=0.0)
    return joined["cancelled_orders"] - before


def _faded(joined: pd.DataFrame, added: pd.Series, memory: float) -> pd.Series:
    """Σ added · e^(−age / memory) at each row. Counted from each customer's first row, the sum of
    added · e^(day / memory) can be taken in one go and faded afterwards; a cancelled order takes
    off what it counts by then, had it been made at that moment."""
    group = joined.groupby("customer_id", sort=False)
    since = joined["changed_day"] - group["changed_day"].transform("min")
    grown = np.exp(np.minimum(since / memory, 600.0))
    total = (added * grown).groupby(joined["customer_id"], sort=False).cumsum()
    return (total / grown).clip(lower=0.0)


def _with_first_order(
    ledger: pd.DataFrame, orders: pd.DataFrame, customers: pd.DataFrame
) -> pd.DataFrame:
    """Market, channel and category of the first order, once it is made; day of sign-up."""
    first = orders[orders["number"] == 0].set_index("customer_id")
    has_ordered = ledger["first_order_day"].notna()
    for name in ("market", "channel", "category"):
        value = ledger["customer_id"].map(first[name].astype(object))
        ledger[f"first_{name}"] = value.astype(object).mask(~has_ordered)
    known = customers.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    signed_up = days_since_1970(known["signed_up_at"])
    ledger["signed_up_day"] = ledger["customer_id"].map(signed_up).astype(float)
    return ledger


def days_since_1970(times: pd.Series) -> pd.Series:
    """Times (UTC) as days, with their fraction."""
    return (times - _EPOCH).dt.total_seconds() / _DAY
