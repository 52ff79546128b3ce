"""What became of payments: labels that come back, outcomes; each counts for the next payments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pandas import isna

from data.decisions import Decision
from decisions.fraud.feedback import Item, Items, Label, Outcomes
from decisions.fraud.live_engine import LiveEngine
from decisions.runtime import Runtime
from features.fraud import decline, report

LABEL = "fraud_label"


def keep_labels(
    runtime: Runtime, engine: LiveEngine, labels: Sequence[Label], *, author: str
) -> Items:
    """Keep labels; a fraud counts for its card, device, … from its known time on."""
    rows = [
        {
            "payment_id": label.payment_id,
            "reported_at": label.reported_at,
            "is_fraud": label.is_fraud,
            "reason": label.reason or label.source,
        }
        for label in labels
    ]
    fresh = runtime.records.add_labels(rows)
    for label, new in zip(labels, fresh, strict=True):
        if new:
            body = label.model_dump(mode="json", exclude_none=True)
            runtime.records.journal.add(LABEL, label.payment_id, author=author, body=body)
    payments = payments_of(runtime, [label.payment_id for label in labels if label.is_fraud])
    for label in labels:
        if label.is_fraud and (payment := payments.get(label.payment_id)):
            engine.get().counters.observe(report(payment, label.reported_at))
    return Items(
        data=[
            Item(payment_id=label.payment_id, status="accepted" if new else "known")
            for label, new in zip(labels, fresh, strict=True)
        ]
    )


def settle(runtime: Runtime, engine: LiveEngine, given: Outcomes) -> Items:
    """A decline counts for its card, device, … at once."""
    payments = payments_of(runtime, [item.payment_id for item in given.outcomes])
    answers = []
    for item in given.outcomes:
        payment = payments.get(item.payment_id)
        if payment and item.outcome == "declined" and payment.get("outcome") != "declined":
            engine.get().counters.observe(decline(payment))
        status = "accepted" if payment else "unknown_payment"
        answers.append(Item.model_validate({"payment_id": item.payment_id, "status": status}))
    return Items(data=answers)


def payments_of(runtime: Runtime, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The payments of these ids that were decided here or lie in the lake."""
    if not ids:
        return {}
    decided = {name: found for name in ids if (found := runtime.records.decision(name))}
    payments = {name: _stored(found) for name, found in decided.items()}
    if missing := set(ids) - set(payments):
        lake = runtime.lake.read("payments")
        for row in lake[lake["payment_id"].isin(missing)].to_dict("records"):
            given = {str(name): value for name, value in row.items() if not isna(value)}
            payments[given["payment_id"]] = given | {
                "attempted_at": given["attempted_at"].to_pydatetime()
            }
    return payments


def _stored(decision: Decision) -> dict[str, Any]:
    row = dict(decision.payment)
    return row | {"attempted_at": datetime.fromisoformat(row["attempted_at"])}
