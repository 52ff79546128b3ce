"""The review queue: what people should look at first, and what they said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import pandas as pd

from data.decisions import Decision, Note
from data.errors import ArgosyError
from data.messages import OutgoingMessage
from data.records import Records
from data.records.database import Connection
from data.records.decision_digest import LINKS
from data.records.review_records import ReviewRank
from data.review_steps import REVIEW, ReviewState, ReviewStep, after_steps, standing_steps
from decisions.fraud.known import payments_of
from decisions.runtime import Runtime

Status = Literal["open", "snoozed", "approved", "rejected"]
KEPT_DAYS = 90
MOST_LINKED = 50
_ENDS = frozenset({"approve", "reject", "reopen"})


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


@dataclass(frozen=True)
class StepTaken:
    """A step that was written down. was, stands: the status of the review before and after."""

    note: Note
    was: str
    stands: str


def queue(
    records: Records,
    rank: ReviewRank,
    *,
    status: Status | None = None,
    assignee: str | None = None,
    start: int = 0,
    limit: int = 50,
) -> tuple[list[Review], int]:
    """Some reviews of the last KEPT_DAYS days, the most urgent money first, and how many there are.

    records: the database of the service; rank: what they are ranked by; status: only those that
    stand so; None: any; assignee: only this person's; None: anybody's; start: place of the first,
    from 0; limit: at most so many.
    """
    since = rank.now - timedelta(days=KEPT_DAYS)
    found, count = records.reviews.page(
        rank, since=since, status=status, assignee=assignee, start=start, limit=limit
    )
    made = records.decisions_on([state.payment_id for state in found])
    return [_review(made[state.payment_id], state, rank) for state in found], count


def review_of(records: Records, payment_id: str, rank: ReviewRank) -> Review | None:
    """The review of a payment, None where it is not in review.

    records: the database of the service; payment_id: the payment; rank: as of `queue`.
    """
    state = records.reviews.states([payment_id]).get(payment_id)
    decision = records.decision(payment_id) if state is not None else None
    return _review(decision, state, rank) if decision is not None and state is not None else None


def _review(decision: Decision, state: ReviewState, rank: ReviewRank) -> Review:
    status: Any = state.status
    if status == "open" and state.snoozed_until is not None and state.snoozed_until > rank.now:
        status = "snoozed"
    ship_by = state.decided_at + timedelta(hours=rank.hours_to_ship)
    left = max((ship_by - rank.now) / timedelta(hours=1), 1.0)
    loss = state.probability * (state.amount + rank.fee)
    return Review(decision, status, state.assignee, state.snoozed_until, loss, ship_by, loss / left)


def take(
    records: Records, payment_id: str, step: ReviewStep, *, author: str, body: Mapping[str, Any]
) -> StepTaken:
    """Write a step down.

    records: the database of the service; payment_id: the payment in review; step: approve and
    reject end a review, reopen undoes either, undo takes back the last step of any kind; the last
    of them holds, and said twice it is once. author: who takes it; body: what else is said. Raises
    ReviewError for a payment that is not in review, and where there is nothing to undo.
    """
    (found,) = take_all(records, [payment_id], step, author=author, body=body).values()
    if isinstance(found, ReviewError):
        raise found
    return found


def take_all(
    records: Records,
    payment_ids: Sequence[str],
    step: ReviewStep,
    *,
    author: str,
    body: Mapping[str, Any],
) -> dict[str, StepTaken | ReviewError]:
    """`take` for several payments in one transaction; for each what became of it, by payment_id.

    records: the database of the service; payment_ids: the payments; step, author, body: as of
    `take`.
    """
    states = records.reviews.states(payment_ids)
    said = {"step": step, **body}

    def work(connection: Connection) -> dict[str, StepTaken | ReviewError]:
        records.reviews.hold(connection, list(states))
        notes = records.journal.of_keys(REVIEW, list(states))
        return {
            payment_id: _taken(
                records, connection, states.get(payment_id), notes.get(payment_id, []), said, author
            )
            if payment_id in states
            else ReviewError(f"payment {payment_id} is not in review")
            for payment_id in dict.fromkeys(payment_ids)
        }

    return records.database.alone(work)


def _taken(
    records: Records,
    connection: Connection,
    state: ReviewState | None,
    notes: Sequence[Note],
    body: Mapping[str, Any],
    author: str,
) -> StepTaken | ReviewError:
    """What becomes of a step on one review. notes: of its steps so far."""
    assert state is not None, "asked of payments in review only"
    step = body["step"]
    standing = standing_steps([note.body for note in notes])
    ends = [each["step"] for each in standing if each["step"] in _ENDS]
    if ends and ends[-1] == step:
        last = next(note for note in reversed(notes) if note.body["step"] == step)
        return StepTaken(last, state.status, state.status)
    if (step == "reopen" and not ends) or (step == "undo" and not standing):
        return ReviewError(
            f"payment {state.payment_id} is open; there is nothing to undo"
            if not standing
            else f"payment {state.payment_id} is open; take its last step back by undo"
        )
    first = ReviewState(
        state.payment_id, state.decided_at, state.probability, state.amount, "open", None, None
    )
    after = after_steps(first, [*(note.body for note in notes), body])
    note = records.journal.add_in(
        connection, REVIEW, state.payment_id, author=author, body=dict(body)
    )
    records.reviews.change(connection, after)
    if after.status != state.status and after.status in {"approved", "rejected"}:
        told = {"payment_id": state.payment_id, "verdict": after.status, "author": author}
        message = OutgoingMessage("review.resolved", state.payment_id, told)
        records.outbox.post(connection, [message])
    return StepTaken(note, state.status, after.status)


def last_verdict(records: Records, payment_id: str) -> str | None:
    """`approve`, `reject` or `reopen`, whichever stands last on a payment; None where none does.

    records: the database of the service; payment_id: the payment in review.
    """
    steps = standing_steps([note.body for note in records.journal.of(REVIEW, payment_id)])
    ends = [str(body["step"]) for body in steps if body["step"] in _ENDS]
    return ends[-1] if ends else None


def linked(runtime: Runtime, payment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The newest payments that share a key with this one, and which keys.

    runtime: the stores and releases in use; payment: its fields by name. The keys are LINKS, the
    answer has at most MOST_LINKED payments, the newest first.
    """
    shares: dict[str, list[str]] = {}
    for payment_id, name in runtime.records.reviews.linked(payment, MOST_LINKED):
        shares.setdefault(payment_id, []).append(name)
    for name in LINKS:
        if payment.get(name) is None:
            continue
        same = runtime.lake.read("payments", where={name: [str(payment[name])]})
        newest = same.sort_values("attempted_at", ascending=False).head(MOST_LINKED + 1)
        for payment_id in newest["payment_id"]:
            if payment_id != payment["payment_id"] and name not in shares.get(payment_id, ()):
                shares.setdefault(payment_id, []).append(name)
    known = payments_of(runtime, shares)
    rows = sorted(known.items(), key=lambda item: item[1]["attempted_at"], reverse=True)
    return [
        {
            "payment_id": payment_id,
            "attempted_at": row["attempted_at"],
            "amount": float(row["amount"]),
            "currency": row["currency"],
            "outcome": None if pd.isna(row.get("outcome")) else row["outcome"],
            "shares": [name for name in LINKS if name in shares[payment_id]],
        }
        for payment_id, row in rows[:MOST_LINKED]
    ]
