"""What the models read of a customer at a moment: the ledger's sums, brought to that moment."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.views import FeatureType
from features.customers.ledger import MEMORIES, TEXTS, days_since_1970

Numbers = NDArray[np.float64]

_NUMBERS = (
    "repeat_orders",
    "active_days",
    "age_days",
    "recency_days",
    "account_days",
    "last_gap_days",
    "mean_gap_days",
    "gap_variation",
    "recency_in_gaps",
    "repeats_30d",
    "repeats_90d",
    "repeats_210d",
    "priced_orders",
    "ordered_revenue",
    "mean_revenue",
    "mean_repeat_revenue",
    "revenue",
    "costed_revenue",
    "margin",
    "orders_365d",
    "revenue_365d",
    "costed_revenue_365d",
    "margin_365d",
    "units_an_order",
    "lines_an_order",
    "products",
    "categories",
    "repeated_line_share",
    "discount_share",
    "discounted_order_share",
    "return_share",
    "cancelled_share",
    "payments",
    "declined_share",
    "refunds",
    "disputes",
    "frauds",
    "fraud_losses",
    "address_mismatch_share",
    "ship_countries",
)
INPUTS: dict[str, FeatureType] = {**dict.fromkeys(_NUMBERS, "float"), **dict.fromkeys(TEXTS, "str")}


def inputs_at(ledger: Mapping[str, Numbers], now_day: Numbers) -> dict[str, Numbers]:
    """The numbers of INPUTS at a moment, from what the ledger held then.

    ledger: name -> one number a customer (NaN where unknown). now_day: days since 1970, one number
    a customer. Shares of nothing are NaN.
    """
    orders = np.maximum(ledger["orders"], 0.0)
    first, last = ledger["first_order_day"], ledger["last_order_day"]
    active, age = last - first, now_day - first
    repeats = np.maximum(orders - 1.0, 0.0)
    placed = ledger["placed_orders"]
    gap = _ratio(active, placed - 1.0)
    variance = _ratio(ledger["gaps_squared"], placed - 1.0) - gap**2
    priced, ordered = np.maximum(ledger["priced_orders"], 0.0), ledger["ordered_revenue"]
    inputs = {
        "repeat_orders": repeats,
        "active_days": active,
        "age_days": age,
        "recency_days": now_day - last,
        "account_days": now_day - ledger["signed_up_day"],
        "last_gap_days": ledger["last_gap_days"],
        "mean_gap_days": gap,
        "gap_variation": _ratio(np.sqrt(np.maximum(variance, 0.0)), gap),
        "recency_in_gaps": _ratio(now_day - last, gap),
        "priced_orders": priced,
        "ordered_revenue": ordered,
        "mean_revenue": _ratio(ordered, priced),
        "mean_repeat_revenue": _ratio(ordered - ledger["first_order_revenue"], priced - 1.0),
        "units_an_order": _ratio(ledger["units"], placed),
        "lines_an_order": _ratio(ledger["lines"], placed),
        "repeated_line_share": 1.0 - _ratio(ledger["products"], ledger["lines"]),
        "discount_share": _ratio(ledger["discount"], ordered + ledger["discount"]),
        "discounted_order_share": _ratio(ledger["discounted_orders"], placed),
        "return_share": _ratio(ledger["returned_revenue"], ordered),
        "cancelled_share": _ratio(ledger["cancelled_orders"], placed),
        "declined_share": _ratio(ledger["declines"], ledger["payments"]),
        "address_mismatch_share": _ratio(ledger["address_mismatches"], ledger["payments"]),
    }
    faded = _repeats_lately(ledger, now_day, first)
    carried = {name: ledger[name] for name in _NUMBERS if name not in {*inputs, *faded}}
    return {name: (inputs | faded | carried)[name] for name in _NUMBERS}


def _repeats_lately(
    ledger: Mapping[str, Numbers], now_day: Numbers, first: Numbers
) -> dict[str, Numbers]:
    """Repeat orders that fade with time: all orders' counts, brought from the last change to now,
    less what the first order still counts."""
    faded = {}
    for name, memory in MEMORIES.items():
        since = np.exp(-(now_day - ledger["changed_day"]) / memory)
        begun = np.exp(-(now_day - first) / memory)
        repeats = np.maximum(ledger[name] * since - begun, 0.0)
        faded[name.replace("orders", "repeats")] = repeats
    return faded


def _ratio(part: Numbers, whole: Numbers) -> Numbers:
    """part ÷ whole, NaN where the whole is not above 0."""
    above = whole > 0
    return np.asarray(
        np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=above), dtype=float
    )


def model_inputs(known: pd.DataFrame, now: pd.Series) -> pd.DataFrame:
    """INPUTS of each row of a frame from the store. known: the ledger's features; now: the moment
    (UTC) of each row."""
    numbers = {
        name: known[name].to_numpy(dtype=float, na_value=np.nan)
        for name in known.columns
        if pd.api.types.is_numeric_dtype(known[name].dtype)
    }
    made = inputs_at(numbers, days_since_1970(now).to_numpy(dtype=float))
    texts = {name: known[name].astype(object) for name in TEXTS}
    return pd.DataFrame({**made, **texts}, index=known.index)
