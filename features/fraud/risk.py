"""The customer behind a payment: account, habit and past trouble, as of each day."""

from datetime import datetime

import numpy as np
import pandas as pd

from data.views import FeatureType, Frames, Terms
from features.fraud.stream import amounts, label_changes

RISK_FEATURES: dict[str, FeatureType] = {
    "signed_up_day": "float",
    "home_country": "str",
    "segment": "str",
    "account_email": "str",
    "past_payments": "float",
    "past_declines": "float",
    "past_frauds": "float",
    "usual_amount": "float",
    "amount_spread": "float",
}
_SUMS = ("payments", "declines", "frauds", "n", "s", "q")
_DAY = pd.Timedelta(days=1)
_START = pd.Timestamp("1970-01-01", tz="UTC")


def customer_risk(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """One row a customer at sign-up and at the midnight after each day with news of them.

    tables: payments, chargebacks, customers and fx_rates by name; as_of: no row is from later;
    terms: whose base currency the amounts are counted in.

    past_…: payments, declined ones and fraud reports before that midnight. usual_amount and
    amount_spread: mean and standard deviation of ln(1 + amount in base currency) of the payments
    that were not declined. signed_up_day: days since 1970.
    """
    days = _days(tables, terms)
    days = days[days["event_timestamp"] <= pd.Timestamp(as_of)]
    sums = days.groupby("customer_id", sort=False)[
        ["payments", "declines", "frauds", "n", "s", "q"]
    ]
    total = sums.cumsum()
    paid = total["n"].where(total["n"] > 0)
    mean = total["s"] / paid
    history = pd.DataFrame(
        {
            "customer_id": days["customer_id"],
            "event_timestamp": days["event_timestamp"],
            "past_payments": total["payments"].astype(float),
            "past_declines": total["declines"].astype(float),
            "past_frauds": total["frauds"].astype(float),
            "usual_amount": mean,
            "amount_spread": np.sqrt(np.maximum(total["q"] / paid - mean**2, 0.0)),
        }
    )
    accounts = _accounts(tables["customers"])
    answer = history.merge(accounts, on="customer_id", how="left")
    return answer[["customer_id", "event_timestamp", *RISK_FEATURES]]


def _accounts(customers: pd.DataFrame) -> pd.DataFrame:
    since = customers["signed_up_at"]
    return pd.DataFrame(
        {
            "customer_id": customers["customer_id"],
            "signed_up_day": (since - _START) / _DAY,
            "home_country": customers["country"],
            "segment": customers["segment"],
            "account_email": customers["email_hash"],
        }
    )


def _days(tables: Frames, terms: Terms) -> pd.DataFrame:
    """What each day brought each customer; sign-up is a day that brought nothing."""
    payments, customers = tables["payments"], tables["customers"]
    rates = tables["fx_rates"]
    amount = amounts(payments, rates, terms.base_currency)
    declined = (payments["outcome"] == "declined").to_numpy(dtype=bool)
    log = np.log1p(amount.to_numpy(dtype=float))
    counted = ~declined & np.isfinite(log)
    paid = pd.DataFrame(
        {
            "customer_id": payments["customer_id"],
            "event_timestamp": payments["attempted_at"].dt.floor("D") + _DAY,
            "payments": 1,
            "declines": declined.astype(int),
            "frauds": 0,
            "n": counted.astype(int),
            "s": np.where(counted, log, 0.0),
            "q": np.where(counted, log**2, 0.0),
        }
    )
    told = label_changes(tables["chargebacks"]).merge(
        payments[["payment_id", "customer_id"]], on="payment_id"
    )
    reported = pd.DataFrame(
        {
            "customer_id": told["customer_id"],
            "event_timestamp": told["at"].dt.floor("D") + _DAY,
            "frauds": np.where(told["is_fraud"], 1, -1),
        }
    )
    opened = pd.DataFrame(
        {
            "customer_id": customers["customer_id"],
            "event_timestamp": customers["signed_up_at"].fillna(_START),
        }
    )
    parts = [part for part in (opened, paid, reported) if len(part)]
    news = pd.concat(parts or [paid], ignore_index=True)
    # A shop without payments has none of their columns: its sums are 0, which is known.
    news = news.reindex(columns=["customer_id", "event_timestamp", *_SUMS])
    news = news.fillna(dict.fromkeys(_SUMS, 0))
    return news.groupby(["customer_id", "event_timestamp"], as_index=False, sort=True).sum()
