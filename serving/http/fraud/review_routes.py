"""What people look at: the review queue, and how the decisions do."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from data.money import rounded
from decisions.fraud.feedback import Moment, PaymentLabel
from decisions.fraud.filling import known_payments
from decisions.fraud.labels import keep_labels
from decisions.fraud.live_engine import LiveEngine
from decisions.fraud.reviews import (
    REVIEW,
    Review,
    ReviewError,
    Status,
    Step,
    last_verdict,
    linked,
    queue,
    take,
)
from decisions.fraud.tuning import Tuned, TuningError, retune
from decisions.fraud.watch import watch
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.bodies import schema, valid
from serving.http.errors import Problem
from serving.http.fraud.control_routes import author, now
from serving.http.fraud.schemas import DecisionAnswer, answer, json_body
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.paging import Cursor, Limit, Page, cut_page

_Body = Annotated[Any, Depends(json_body)]
_PaymentId = Annotated[str, Path(max_length=128)]


class ReviewAnswer(BaseModel):
    """See `Review`: money in base currency."""

    payment_id: str
    status: Status
    assignee: str | None
    snoozed_until: datetime | None
    expected_loss: float
    ship_by: datetime
    priority: float
    decision: DecisionAnswer


class ReviewPage(Page[ReviewAnswer]):
    """Reviews, the most urgent money first."""


class Link(BaseModel):
    """A payment that shares something with the one in review."""

    payment_id: str
    attempted_at: datetime
    amount: float
    currency: str
    outcome: str | None
    shares: list[str]


class Told(BaseModel):
    """A step of a review, as it was written down."""

    at: datetime
    author: str
    step: Step
    note: str | None = None
    assignee: str | None = None
    until: datetime | None = None


class ReviewDetail(BaseModel):
    """One review with the payments linked to it and all that was done."""

    review: ReviewAnswer
    payment: dict[str, Any]
    linked: list[Link]
    audit: list[Told]


class StepBody(BaseModel):
    """assign needs `assignee`, snooze needs `until`."""

    model_config = ConfigDict(extra="forbid")

    payment_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    step: Step
    assignee: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    until: Moment | None = None
    note: Annotated[str, StringConstraints(max_length=2_000)] | None = None


def routes_of(runtime: Runtime, engine: LiveEngine) -> APIRouter:
    """The review queue and the watch.

    runtime: the stores and releases in use; engine: the live one, which counts what reviewers
    decide.
    """
    routes = APIRouter(prefix="/v1/fraud", dependencies=[Depends(scoped("review"))])
    _queue(routes, runtime)
    _steps(routes, runtime, engine)
    _watching(routes, runtime)
    return routes


def _queue(routes: APIRouter, runtime: Runtime) -> None:
    currency = runtime.settings.base_currency

    @routes.get("/reviews")
    def list_reviews(
        status: Status | Literal["all"] = "open",
        assignee: Annotated[str | None, Query(max_length=128)] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ReviewPage:
        """Payments to look at, by expected loss for each hour left to ship."""
        found = [
            review
            for review in _all(runtime)
            if status in ("all", review.status) and assignee in (None, review.assignee)
        ]
        return ReviewPage(**cut_page([_told(review, currency) for review in found], limit, cursor))

    @routes.get("/reviews/{payment_id}")
    def get_review(payment_id: _PaymentId) -> ReviewDetail:
        """One review: the payment, the payments that share its card, device, address or customer,
        and every step so far."""
        found = next((r for r in _all(runtime) if r.decision.payment_id == payment_id), None)
        if found is None:
            raise Problem(404, "unknown_review", "This payment is not in review.")
        notes = runtime.records.journal.of(REVIEW, payment_id)
        links = linked(found.decision.payment, known_payments(runtime))
        return ReviewDetail(
            review=_told(found, currency),
            payment=dict(found.decision.payment),
            linked=[Link(**link) for link in links],
            audit=[Told(at=note.at, author=note.author, **note.body) for note in notes],
        )


def _steps(routes: APIRouter, runtime: Runtime, engine: LiveEngine) -> None:
    @routes.post(
        "/reviews",
        status_code=201,
        dependencies=[IDEMPOTENT],
        response_model=Told,
        openapi_extra=schema(StepBody),
    )
    def record_review_step(request: Request, body: _Body) -> Response:
        """Assign, snooze, approve or reject. Approve and reject end the review and are labels: a
        rejected payment counts as fraud for its card, device, … from now on."""
        given = valid(StepBody, body)
        _complete(given)

        def work() -> Told:
            text = given.model_dump(mode="json", exclude_none=True, exclude={"payment_id", "step"})
            former = last_verdict(runtime.records, given.payment_id)
            try:
                note = take(
                    runtime.records, given.payment_id, given.step, author=author(request), body=text
                )
            except ReviewError as error:
                raise Problem(409, "review_conflict", str(error)) from None
            was_rejected = former is not None and former.body["step"] == "reject"
            if given.step in {"approve", "reject"} or (given.step == "reopen" and was_rejected):
                label = PaymentLabel(
                    payment_id=given.payment_id,
                    reported_at=note.at,
                    is_fraud=given.step == "reject",
                    source="review",
                    reason=f"review by {note.author}",
                )
                keep_labels(runtime, engine, [label], author=note.author)
            return Told(at=note.at, author=note.author, **note.body)

        return once(runtime, request, given, work, status=201)


def _complete(given: StepBody) -> None:
    needed = {"assign": "assignee", "snooze": "until"}.get(given.step)
    if needed is not None and getattr(given, needed) is None:
        raise Problem(422, "invalid_request", f"step {given.step} needs {needed}.")


def _watching(routes: APIRouter, runtime: Runtime) -> None:
    @routes.get("/watch")
    def watch_decisions(
        days: Annotated[int, Query(ge=1, le=366)] = 30,
    ) -> dict[str, list[dict[str, Any]]]:
        """Day by day: shares of each action, frauds caught and missed, money saved, lost and hurt,
        expected and observed fraud, the shift of the score; of the shadow too."""
        return {"data": watch(runtime, now() - timedelta(days=days))}

    @routes.post("/policy", status_code=201)
    def retune_policy(request: Request) -> Tuned:
        """Solve the policy anew for the rate of fraud that is really reported, and use it."""
        try:
            return retune(runtime, now(), author=author(request))
        except TuningError as error:
            raise Problem(409, "too_few_outcomes", str(error)) from None


def _all(runtime: Runtime) -> list[Review]:
    settings = runtime.settings
    return queue(
        runtime.records,
        now(),
        hours_to_ship=settings.fraud_hours_to_ship,
        fee=settings.fraud_chargeback_fee,
    )


def _told(review: Review, currency: str) -> ReviewAnswer:
    return ReviewAnswer(
        payment_id=review.decision.payment_id,
        status=review.status,
        assignee=review.assignee,
        snoozed_until=review.snoozed_until,
        expected_loss=rounded(review.expected_loss, currency),
        ship_by=review.ship_by,
        priority=round(review.priority, 4),
        decision=answer(review.decision),
    )
