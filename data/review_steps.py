"""Steps of a review, and where they leave it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

REVIEW = "fraud_review"  # the kind of the journal's notes that hold steps
ReviewStep = Literal["assign", "approve", "reject", "snooze", "reopen", "undo"]


@dataclass(frozen=True)
class ReviewState:
    """Where a review stands. amount: in base currency. status: open, approved or rejected; one that
    is put off is open, and snoozed_until lies ahead."""

    payment_id: str
    decided_at: datetime
    probability: float
    amount: float
    status: str
    assignee: str | None
    snoozed_until: datetime | None


def after_steps(first: ReviewState, steps: Iterable[Mapping[str, Any]]) -> ReviewState:
    """The state that some steps, oldest first, lead to.

    first: before any of them; steps: each with `step`, and `assignee` or `until` where it needs
    them. `undo` takes back the last step that still holds.
    """
    states = [first]
    for body in steps:
        if body["step"] != "undo":
            states.append(_after(states[-1], body))
        elif len(states) > 1:
            states.pop()
    return states[-1]


def standing_steps(steps: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The steps, oldest first, that no `undo` took back. steps: as `after_steps` takes them."""
    kept: list[Mapping[str, Any]] = []
    for body in steps:
        if body["step"] != "undo":
            kept.append(body)
        elif kept:
            kept.pop()
    return kept


def _after(state: ReviewState, body: Mapping[str, Any]) -> ReviewState:
    step = body["step"]
    if step == "assign":
        return replace(state, assignee=str(body["assignee"]))
    if step == "snooze":
        return replace(state, snoozed_until=datetime.fromisoformat(body["until"]))
    status = {"approve": "approved", "reject": "rejected", "reopen": "open"}[step]
    return replace(state, status=status)
