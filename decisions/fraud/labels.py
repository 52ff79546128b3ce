"""What became of payments: labels that come back, outcomes; each counts for the next payments."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from decisions.fraud.feedback import FeedbackItem, FeedbackItems, PaymentLabel, PaymentOutcomes
from decisions.fraud.known import OUTCOME, label_history, payments_of
from decisions.fraud.live_engine import LiveEngine
from decisions.fraud.outcomes import outcome_events
from decisions.runtime import Runtime
from features.fraud import report

LABEL = "fraud_label"


def keep_labels(
    runtime: Runtime, engine: LiveEngine, labels: Sequence[PaymentLabel], *, author: str
) -> FeedbackItems:
    """Keep labels, all in one transaction; what changes counts for the card, device, … from then.

    runtime: the stores and releases in use; engine: the one whose counters count what changed;
    labels: the newest word on a payment holds: `is_fraud` false after true takes the fraud back.
    author: who says so. A label of a payment that is not known yet is kept, and told.
    """
    ids = {label.payment_id for label in labels}
    before = label_history(runtime, ids)
    fresh = runtime.records.add_labels([_row(label) for label in labels])
    new = [label for label, is_new in zip(labels, fresh, strict=True) if is_new]
    bodies = [(each.payment_id, each.model_dump(mode="json", exclude_none=True)) for each in new]
    runtime.records.journal.add_many(LABEL, bodies, author=author)
    payments = payments_of(runtime, ids)
    after = label_history(runtime, {label.payment_id for label in new})
    _count_changes(engine, payments, before, after)
    return FeedbackItems(
        data=[
            FeedbackItem(payment_id=label.payment_id, status=_status(label, is_new, payments))
            for label, is_new in zip(labels, fresh, strict=True)
        ]
    )


def _row(label: PaymentLabel) -> dict[str, Any]:
    """A label as a row of chargebacks."""
    return {
        "payment_id": label.payment_id,
        "kind": label.source,
        "reported_at": label.reported_at,
        "is_fraud": label.is_fraud,
        "reason": label.reason or label.source,
    }


def _status(label: PaymentLabel, is_new: bool, payments: Mapping[str, Any]) -> Any:
    if label.payment_id not in payments:
        return "unknown_payment"
    return "accepted" if is_new else "known"


def _count_changes(
    engine: LiveEngine,
    payments: Mapping[str, Mapping[str, Any]],
    before: pd.DataFrame,
    after: pd.DataFrame,
) -> None:
    """Count what the new labels changed: a fraud more, or one less."""
    was = before.drop_duplicates("payment_id", keep="last").set_index("payment_id")["is_fraud"]
    last = after.drop_duplicates("payment_id", keep="last")
    events = [
        report(payments[name], at.to_pydatetime(), is_fraud=bool(is_fraud), number=int(number))
        for name, at, is_fraud, number in zip(
            last["payment_id"], last["at"], last["is_fraud"], last["number"], strict=True
        )
        if name in payments and bool(was.get(name, False)) != bool(is_fraud)
    ]
    if events:
        engine.get().counters.observe_all(events)


def settle(
    runtime: Runtime, engine: LiveEngine, given: PaymentOutcomes, *, author: str = "shop"
) -> FeedbackItems:
    """Keep outcomes, then count them: a decline counts for its card, device, … at once, until it is
    taken back, and who has passed a challenge has proven the card to be theirs.

    runtime: the stores and releases in use; engine: the one whose counters count the declines;
    given: of decided payments; author: who says so. Stored before they are counted, so that
    counters that are filled anew know them.
    """
    payments = payments_of(runtime, {item.payment_id for item in given.outcomes})
    known = [item for item in given.outcomes if item.payment_id in payments]
    bodies = [(item.payment_id, item.model_dump(mode="json", exclude_none=True)) for item in known]
    counted = runtime.records.journal.mark()
    runtime.records.journal.add_many(OUTCOME, bodies, author=author)
    events = outcome_events(runtime, {item.payment_id for item in known}, after=counted)
    if events:
        engine.get().counters.observe_all(events)
    return FeedbackItems(
        data=[
            FeedbackItem(
                payment_id=item.payment_id,
                status="accepted" if item.payment_id in payments else "unknown_payment",
            )
            for item in given.outcomes
        ]
    )
