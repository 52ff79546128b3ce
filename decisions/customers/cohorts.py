"""Cohorts: who first ordered together, how many come back, and what they bring, month by month."""

from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from decisions.runtime import Runtime
from features.customers import days_since_1970

CohortKey = Literal["month", "market", "channel", "category"]
MONTH_DAYS = 30
MOST_MONTHS = 24
_SUMS = ("orders", "priced_orders", "revenue", "costed_revenue", "margin")


def cohort_table(
    runtime: Runtime, as_of: datetime, by: CohortKey, *, most_months: int = MOST_MONTHS
) -> pd.DataFrame:
    """What each cohort did in each month of 30 days since every customer's own first order.

    runtime: whose store is read. as_of: nothing later is used. most_months: to look at. by: the
    calendar month, market, channel or category of the first order. Only customers whose
    month is over count in it. Columns: cohort, month (0 is the one of the first order), customers,
    active_share (share with an order in it), repeat_share (share with two orders or more by its
    end), orders, revenue (NaN where no price is known), margin (NaN where no costs are known); sums
    in the base currency.
    """
    history = runtime.store.history("customer_ledger", as_of)
    history = history[history["first_order_day"].notna()]
    if history.empty:
        return pd.DataFrame(columns=list(COHORT_COLUMNS))
    now = float(days_since_1970(pd.Series([pd.Timestamp(as_of)])).iloc[0])
    history = history.sort_values(["customer_id", "event_timestamp"], kind="stable")
    last = history.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    grown = _growth(history, most_months)
    label = _labels(last, by)
    months = np.floor((now - last["first_order_day"]) / MONTH_DAYS).clip(0, most_months)
    parts = [_month(grown, label, months, number) for number in range(int(months.max()))]
    found = [part for part in parts if len(part)]
    if not found:
        return pd.DataFrame(columns=list(COHORT_COLUMNS))
    return pd.concat(found, ignore_index=True).sort_values(
        ["cohort", "month"], kind="stable", ignore_index=True
    )


COHORT_COLUMNS = (
    "cohort",
    "month",
    "customers",
    "active_share",
    "repeat_share",
    "orders",
    "revenue",
    "margin",
)


def _labels(last: pd.DataFrame, by: CohortKey) -> pd.Series:
    """The cohort of each customer; `unknown` where the first order does not say."""
    if by == "month":
        first = pd.to_datetime(last["first_order_day"], unit="D", utc=True)
        return first.dt.strftime("%Y-%m")
    return last[f"first_{by}"].astype(object).fillna("unknown")


def _growth(history: pd.DataFrame, most_months: int) -> pd.DataFrame:
    """What each change added, with the month of the customer's life it falls into."""
    group = history.groupby("customer_id", sort=False)
    added = history[list(_SUMS)] - group[list(_SUMS)].shift(fill_value=0.0)
    month = np.floor((history["changed_day"] - history["first_order_day"]) / MONTH_DAYS)
    return added.assign(
        customer_id=history["customer_id"],
        month=month.clip(0, most_months),
        total=history["orders"],
    )


def _month(grown: pd.DataFrame, label: pd.Series, months: pd.Series, number: int) -> pd.DataFrame:
    """One month of every cohort, of those for whom it is over."""
    there = months.index[months > number]
    mine = grown[(grown["month"] == number) & grown["customer_id"].isin(there)]
    each = mine.groupby("customer_id")[list(_SUMS)].sum().reindex(there, fill_value=0.0)
    before = grown[(grown["month"] <= number) & grown["customer_id"].isin(there)]
    total = before.groupby("customer_id")["orders"].sum().reindex(there, fill_value=0.0)
    each = each.assign(active=each["orders"] > 0, repeats=total >= 2)
    group = each.groupby(label.reindex(there))
    sums = group[list(_SUMS)].sum()
    is_priced = (sums["priced_orders"] > 0) | (sums["orders"] <= 0)
    return pd.DataFrame(
        {
            "cohort": sums.index.astype(str),
            "month": number,
            "customers": group.size().to_numpy(),
            "active_share": group["active"].mean().to_numpy(),
            "repeat_share": group["repeats"].mean().to_numpy(),
            "orders": sums["orders"].to_numpy(),
            "revenue": sums["revenue"].where(is_priced).to_numpy(),
            "margin": sums["margin"].where(sums["costed_revenue"] > 0).to_numpy(),
        }
    )


def cohort_records(table: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of a table of `cohort_table`, None where a number is not known."""
    names = list(table.columns)
    return [
        {name: None if pd.isna(cell) else cell for name, cell in zip(names, row, strict=True)}
        for row in table.itertuples(index=False, name=None)
    ]
