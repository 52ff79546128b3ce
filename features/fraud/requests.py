"""What is known of a return request and of an order, beside the payment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.views import FeatureType
from features.fraud.stream import ExchangeRates, milliseconds

RETURN_FACTS: Mapping[str, FeatureType] = {
    "customer_id": "str",
    "product_id": "str",
    "value": "float",
    "lines_bought": "float",
    "lines_returned": "float",
    "return_share": "float",
    "value_to_usual": "float",
    "product_bought": "float",
    "product_returned": "float",
    "days_since_order": "float",
    "line_returned": "float",
    "refund_to_paid": "float",
    "account_age_days": "float",
    "past_payments": "float",
    "past_declines": "float",
    "past_frauds": "float",
}
ORDER_FACTS: Mapping[str, FeatureType] = {
    "payment_probability": "float",
    "payment_decision": "str",
    "address_incomplete": "float",
}
_COLUMNS = (
    "order_id",
    "ordered_at",
    "product_id",
    "quantity",
    "unit_price",
    "currency",
    "status",
)


def orders_of(files: Sequence[Path], customer_id: str) -> pd.DataFrame:
    """The order lines of one customer, from the lake's files.

    files: Parquet files of the table orders; customer_id: whose lines.
    """
    if not files:
        return pd.DataFrame(columns=list(_COLUMNS))
    mine = pc.field("customer_id") == customer_id
    found: pd.DataFrame = pq.read_table(
        list(files), columns=list(_COLUMNS), filters=mine
    ).to_pandas()
    return found


def return_facts(
    request: Mapping[str, Any],
    orders: pd.DataFrame,
    risk: Mapping[str, Any],
    rates: ExchangeRates,
) -> dict[str, Any]:
    """The customer's habit of returning, of this product too, and the request's value against it.

    orders: the customer's lines. return_share: of the lines ordered before, drawn to one in ten as
    if five more lines had been. value_to_usual: against the customer's mean line; NaN without one.
    line_returned: 1 if this line came back already; refund_to_paid: the value against what was paid
    for the line. request: of a return; risk: the customer's; rates: to the base currency.
    """
    asked_at: datetime = request["requested_at"]
    before = orders[orders["ordered_at"] <= pd.Timestamp(asked_at)]
    returned = (before["status"] == "returned").to_numpy(dtype=bool)
    same = (before["product_id"] == request["product_id"]).to_numpy(dtype=bool)
    this = same & (before["order_id"] == request.get("order_id")).to_numpy(dtype=bool)
    lines = zip(before["quantity"], before["unit_price"], before["currency"], strict=True)
    at = milliseconds(asked_at)
    worth = [rates.amount(q * price, currency, at) for q, price, currency in lines]
    paid = float(np.nansum(np.array(worth)[this])) if this.any() else np.nan
    value = rates.amount(request["amount"], request.get("currency"), at)
    usual = float(np.mean(worth)) if worth else np.nan
    ordered = before.loc[this, "ordered_at"]
    age = (pd.Timestamp(asked_at) - ordered.max()) / pd.Timedelta(days=1) if len(ordered) else None
    signed_up = risk.get("signed_up_day")
    return {
        "customer_id": request["customer_id"],
        "product_id": request["product_id"],
        "value": value,
        "lines_bought": float(len(before)),
        "lines_returned": float(returned.sum()),
        "return_share": (float(returned.sum()) + 0.5) / (len(before) + 5.0),
        "value_to_usual": value / usual if usual else np.nan,
        "product_bought": float(same.sum()),
        "product_returned": float((same & returned & ~this).sum()),
        "line_returned": float((this & returned).any()),
        "refund_to_paid": value / paid if paid and paid == paid else np.nan,
        "days_since_order": np.nan if age is None else float(age),
        "account_age_days": np.nan if signed_up is None else max(at / 86_400_000 - signed_up, 0.0),
    } | {
        name: float(risk.get(name) or 0.0)
        for name in ("past_payments", "past_declines", "past_frauds")
    }
