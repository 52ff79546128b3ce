"""The review queue: what people should look at first, and what they said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import pandas as pd

from data.decisions import Decision, Note
from data.errors import ArgosyError
from data.messages import OutgoingMessage
from data.records import Records

REVIEW = "fraud_review"
Status = Literal["open", "snoozed", "approved", "rejected"]
Step = Literal["assign", "approve", "reject", "snooze", "reopen"]
KEPT_DAYS = 90
LINKS = ("card_id", "device_id", "ip_address", "email_hash", "customer_id")
MOST_LINKED = 50


class ReviewError(ArgosyError):
    """A step that the review does not allow: there is none, or it is done."""


@dataclass(frozen=True)
class Review:
    """A payment to look at. expected_loss: probability × (amount + fee), base currency; priority:
    expected loss for each hour that is left to ship, one hour at least."""

    decision: Decision
    status: Status
    assignee: str | None
    snoozed_until: datetime | None
    expected_loss: float
    ship_by: datetime
    priority: float


def queue(records: Records, now: datetime, *, hours_to_ship: float, fee: float) -> list[Review]:
    """Every review of the last KEPT_DAYS days, the most urgent money first.

    records: the database of the service; now: the moment; hours_to_ship: hours from a decision
    until the order must be shipped; fee: what a chargeback costs beside the amount, in base
    currency.
    """
    since = now - timedelta(days=KEPT_DAYS)
    steps: dict[str, list[Note]] = {}
    for note in records.journal.of(REVIEW):
        steps.setdefault(note.key, []).append(note)
    found = [
        _review(decision, steps.get(decision.payment_id, ()), now, hours_to_ship, fee)
        for decision in records.decisions(decision="review", since=since)
    ]
    return sorted(found, key=lambda review: (-review.priority, review.decision.payment_id))


def _review(
    decision: Decision, steps: Iterable[Note], now: datetime, hours: float, fee: float
) -> Review:
    status: Status = "open"
    assignee, until = None, None
    for note in steps:
        step = note.body["step"]
        if step == "assign":
            assignee = str(note.body["assignee"])
        elif step == "snooze":
            until = datetime.fromisoformat(note.body["until"])
        elif step == "reopen":
            status = "open"
        else:
            status = "approved" if step == "approve" else "rejected"
    if status == "open" and until is not None and until > now:
        status = "snoozed"
    ship_by = decision.decided_at + timedelta(hours=hours)
    left = max((ship_by - now) / timedelta(hours=1), 1.0)
    loss = decision.probability * (float(decision.trace.get("amount_base") or 0.0) + fee)
    return Review(decision, status, assignee, until, loss, ship_by, loss / left)


def take(
    records: Records, payment_id: str, step: Step, *, author: str, body: Mapping[str, Any]
) -> Note:
    """Write a step down.

    records: the database of the service; payment_id: the payment in review; step: approve and
    reject end a review, reopen undoes either; the last of them holds, and said twice it is once.
    author: who takes it; body: what else is said. Raises ReviewError for a payment that is not in
    review, and for reopening what is open.
    """
    decision = records.decision(payment_id)
    if decision is None or decision.decision != "review":
        raise ReviewError(f"payment {payment_id} is not in review")
    last = last_verdict(records, payment_id)
    if last is not None and last.body["step"] == step:
        return last
    if step == "reopen" and last is None:
        raise ReviewError(f"payment {payment_id} is open; there is nothing to undo")
    told = {"payment_id": payment_id, "verdict": step, "author": author}
    return records.journal.add(
        REVIEW,
        payment_id,
        author=author,
        body={"step": step, **body},
        message=OutgoingMessage("review.resolved", payment_id, told)
        if step in {"approve", "reject"}
        else None,
    )


def last_verdict(records: Records, payment_id: str) -> Note | None:
    """The last step that ended or reopened the review of a payment; None where there is none.

    records: the database of the service; payment_id: the payment in review.
    """
    steps = records.journal.of(REVIEW, payment_id)
    ends = [note for note in steps if note.body["step"] in {"approve", "reject", "reopen"}]
    return ends[-1] if ends else None


def linked(payment: Mapping[str, Any], known: pd.DataFrame) -> list[dict[str, Any]]:
    """The newest payments that share a key with this one, and which keys.

    payment: its fields by name; known: a row a payment, columns payment_id, attempted_at, amount,
    currency, outcome and those of LINKS. The keys are LINKS, the answer has at most MOST_LINKED
    payments, the newest first.
    """
    others = known[known["payment_id"] != payment["payment_id"]].reset_index(drop=True)
    shares = {
        name: (others[name] == payment[name]).fillna(False).to_numpy(dtype=bool)
        for name in LINKS
        if payment.get(name) is not None and name in others
    }
    shared = pd.DataFrame(shares, index=others.index)
    rows = others[shared.any(axis=1)] if len(shared.columns) else others.head(0)
    newest = rows.sort_values("attempted_at", ascending=False).head(MOST_LINKED)
    return [
        {
            "payment_id": row["payment_id"],
            "attempted_at": row["attempted_at"].to_pydatetime(),
            "amount": float(row["amount"]),
            "currency": row["currency"],
            "outcome": None if pd.isna(row["outcome"]) else row["outcome"],
            "shares": [name for name in shares if shared[name][place]],
        }
        for place, row in zip(newest.index, newest.to_dict("records"), strict=True)
    ]
