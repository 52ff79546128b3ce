"""Payments, chargebacks, and what was decided on payments, day by day (UTC)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from data.decisions import Note
from data.money import to_base
from data.records import Records
from data.review_steps import REVIEW, standing_steps
from decisions.fraud.reviews import KEPT_DAYS
from decisions.kpis.cells import Span, utc_days


def payment_facts(payments: pd.DataFrame) -> pd.DataFrame:
    """Payments by day of the attempt: payments, with_outcome, declined; payments: the table."""
    outcome = payments["outcome"].astype(object)
    return pd.DataFrame(
        {
            "day": utc_days(payments["attempted_at"]),
            "market": _market(payments),
            "channel": payments["channel"],
            "payments": 1.0,
            "with_outcome": outcome.notna().astype(float),
            "declined": (outcome == "declined").astype(float),
        }
    )


def chargeback_facts(
    chargebacks: pd.DataFrame, payments: pd.DataFrame, rates: pd.DataFrame, base_currency: str
) -> pd.DataFrame:
    """Reports by day: reports (chargebacks), fraud_amount (first reports of fraud).

    chargebacks, payments, rates: the tables chargebacks, payments and fx_rates; base_currency: ISO
    4217.
    """
    known = payments.drop_duplicates("payment_id", keep="last")
    known = known.assign(market=_market(known))
    columns = ["payment_id", "market", "channel", "amount", "currency", "attempted_at"]
    told = chargebacks.sort_values("reported_at", kind="stable", ignore_index=True)
    told = told.merge(known[columns], on="payment_id", how="left")
    amount = to_base(
        told["amount"].astype(float), told["currency"], told["attempted_at"], rates, base_currency
    ).mask(told["amount"].isna())
    fraud = told["is_fraud"].eq(True).fillna(False).to_numpy(dtype=bool)
    kind = told["kind"].astype(object).fillna("chargeback")
    fraud &= (kind != "review").to_numpy()  # what an analyst rejects is not paid back
    first = fraud & ~told["payment_id"].where(fraud).duplicated().to_numpy()
    is_report = kind == "chargeback"
    return told[["market", "channel"]].assign(
        day=utc_days(told["reported_at"]),
        reports=is_report.astype(float),
        fraud_amount=amount.where(first, 0.0),
    )


def decision_facts(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Sums of decisions by day, market and channel; rows: of `DecisionSums.by_market`."""
    names = ("day", "market", "channel", "decision", "decisions", "degraded", "scored", "honest")
    told = pd.DataFrame([[row[name] for name in names] for row in rows], columns=list(names))
    count = told["decisions"].astype(float)
    of = {name: count.where(told["decision"] == name, 0.0) for name in ("block", "challenge")}
    return told[["market", "channel"]].assign(
        day=pd.to_datetime(told["day"]),
        decided=count,
        blocked=of["block"],
        challenged=of["challenge"],
        reviewed=count.where(told["decision"] == "review", 0.0),
        scored=told["scored"].astype(float),
        honest_blocked=told["honest"].astype(float).where(told["decision"] == "block", 0.0),
        degraded=told["degraded"].astype(float),
    )


def review_facts(records: Records, span: Span) -> pd.DataFrame:
    """Reviews open at the end of each day of the span: open, hours waited.

    records: the database of the service; span: the days. A day without an open review has none.
    """
    since = (span.first - timedelta(days=KEPT_DAYS)).tz_localize("UTC").to_pydatetime()
    asked = {
        one.payment_id: pd.Timestamp(one.decided_at)
        for one in records.decisions(decision="review", since=since)
    }
    if not asked:
        return pd.DataFrame({"day": pd.to_datetime([])})
    closed = _closed(records.journal.of(REVIEW))
    rows = []
    for day in span.days[span.days >= min(asked.values()).tz_localize(None).floor("D")]:
        end = (day + pd.Timedelta(days=1)).tz_localize("UTC")
        ages = [
            (end - at).total_seconds() / 3_600
            for payment_id, at in asked.items()
            if at < end and not ((shut := closed.get(payment_id)) is not None and shut < end)
        ]
        rows.append({"day": day, "open": float(len(ages)), "hours": float(np.sum(ages))})
    return pd.DataFrame(rows)


def _closed(notes: Sequence[Note]) -> dict[str, pd.Timestamp]:
    """When each review that is closed was, by payment_id; notes: all steps, oldest first."""
    by_payment: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        by_payment[note.key].append(note)
    closed: dict[str, pd.Timestamp] = {}
    for payment_id, mine in by_payment.items():
        standing = [each["step"] for each in standing_steps([note.body for note in mine])]
        ends = [step for step in standing if step in {"approve", "reject", "reopen"}]
        if ends and ends[-1] != "reopen":
            last = max(note.at for note in mine if note.body["step"] == ends[-1])
            closed[payment_id] = pd.Timestamp(last)
    return closed


def _market(payments: pd.DataFrame) -> pd.Series:
    """Where a payment's goods go; else the country of its bill."""
    return payments["shipping_country"].astype(object).fillna(payments["billing_country"])
