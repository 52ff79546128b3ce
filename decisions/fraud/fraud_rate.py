"""The share of the money taken that was fraud, over the last 90 days."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pandas as pd

from decisions.fraud.known import label_history, payments_of
from decisions.runtime import Runtime
from features.fraud import ExchangeRates, amounts, milliseconds

DAYS = 90


def fraud_rate_by_value(runtime: Runtime, rates: ExchangeRates, now: datetime) -> float | None:
    """Money of frauds among the money of payments taken, a share; None where it is not known: no
    report has ever come, or no payment is old enough that one would have.

    runtime: the stores and releases in use; rates: to the base currency; now: the moment.

    Reports of young payments are yet to come, so that the frauds are those among the payments of
    these days or those reported in these days, whichever is more money. A payment that is both in
    the lake and decided here counts once, and a purchase counts once, by its last attempt.
    """
    since = now - timedelta(days=DAYS)
    history = label_history(runtime)
    if not _has_report(runtime):
        return None  # analysts may have judged payments, but the banks were never heard
    days = _taken(runtime, since)
    mature = (now - timedelta(days=runtime.settings.label_maturity_days)).date().isoformat()
    if not days or min(days) > mature:
        return None
    total = sum(days.values())
    frauds = _frauds(runtime, history, rates, since, now)
    return None if frauds is None or not total > 0.0 else frauds / total


def _has_report(runtime: Runtime) -> bool:
    """True if a bank ever told anything of a payment."""
    told = (
        runtime.lake.read("chargebacks", columns=["kind"]),
        runtime.records.pending("chargebacks")[0],
    )
    return any(part["kind"].ne("review").any() for part in told if len(part))


def _taken(runtime: Runtime, since: datetime) -> Mapping[str, float]:
    """Money of the payments taken, by day: as decided here, or as the lake has it, whichever is
    more, since a payment may be in both."""
    days: dict[str, float] = {}
    for row in runtime.records.decision_sums.by_day(since):
        if row["decision"] != "block":
            days[row["day"]] = days.get(row["day"], 0.0) + row["amount"]
    columns = ["attempted_at", "outcome", "amount", "currency"]
    lake = runtime.lake.read("payments", columns=columns)
    lake = lake[lake["attempted_at"] >= pd.Timestamp(since)]
    lake = lake[(lake["outcome"] != "declined").fillna(True).to_numpy(dtype=bool)]
    if lake.empty:
        return days
    base = runtime.settings.base_currency
    money = amounts(lake, runtime.lake.read("fx_rates"), base).fillna(0.0)
    sums = money.groupby(lake["attempted_at"].dt.strftime("%Y-%m-%d")).sum()
    return days | {str(day): max(days.get(str(day), 0.0), float(v)) for day, v in sums.items()}


def _frauds(
    runtime: Runtime, history: pd.DataFrame, rates: ExchangeRates, since: datetime, now: datetime
) -> float | None:
    """Money of the frauds; None where that of one is not known."""
    last = history.drop_duplicates("payment_id", keep="last")
    last = last[last["is_fraud"] & (last["at"] <= pd.Timestamp(now))]
    standing = runtime.records.attempts.standing(set(last["payment_id"]))
    reported = dict(zip(last["payment_id"].map(standing), last["at"], strict=True))
    payments = payments_of(runtime, reported)
    made = told = 0.0
    for name, at in reported.items():
        fresh = at >= pd.Timestamp(since)
        payment = payments.get(name)
        if payment is None and fresh:
            return None
        if payment is None:
            continue
        when = payment["attempted_at"]
        money = rates.amount(payment["amount"], payment.get("currency"), milliseconds(when))
        made += money if when >= since else 0.0
        told += money if fresh else 0.0
    worst = max(made, told)
    return worst if worst == worst else None
