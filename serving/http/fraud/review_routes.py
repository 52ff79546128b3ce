"""What people look at: the review queue, and how the decisions do."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from data.money import rounded
from data.records.review_records import ReviewRank
from data.review_steps import REVIEW, ReviewStep
from decisions.fraud.control_group import ControlReport, control_reports
from decisions.fraud.feedback import Moment, PaymentLabel
from decisions.fraud.labels import keep_labels
from decisions.fraud.live_engine import LiveEngine
from decisions.fraud.programmes import ProgrammeRatio, programme_ratios
from decisions.fraud.reviews import (
    Review,
    ReviewError,
    Status,
    StepTaken,
    linked,
    queue,
    review_of,
    take,
    take_all,
)
from decisions.fraud.tuning import Tuned, TuningError, retune
from decisions.fraud.watch import watch
from decisions.runtime import Runtime
from serving.http.auth import scoped
from serving.http.bodies import schema, valid
from serving.http.errors import FieldFault, Problem
from serving.http.fraud.control_routes import author, now
from serving.http.fraud.schemas import DecisionAnswer, answer, json_body
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.paging import Cursor, Limit, Page, page_end, page_start

_Body = Annotated[Any, Depends(json_body)]
_PaymentId = Annotated[str, Path(max_length=128)]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]


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
    step: ReviewStep
    note: str | None = None
    assignee: str | None = None
    until: datetime | None = None


class ReviewDetail(BaseModel):
    """One review with the payments linked to it and all that was done."""

    review: ReviewAnswer
    payment: dict[str, Any]
    linked: list[Link]
    audit: list[Told]


class _AnyStep(BaseModel):
    """assign needs `assignee`, snooze needs `until`; undo takes the last step back."""

    model_config = ConfigDict(extra="forbid")

    step: ReviewStep
    assignee: _Id | None = None
    until: Moment | None = None
    note: Annotated[str, StringConstraints(max_length=2_000)] | None = None


class StepBody(_AnyStep):
    """A step of one review."""

    payment_id: _Id


class BulkStepBody(_AnyStep):
    """One step for several reviews."""

    payment_ids: list[_Id] = Field(min_length=1, max_length=1_000)


class BulkStepItem(BaseModel):
    """What became of one of them: taken, or why it was not."""

    payment_id: str
    status: Literal["taken", "refused"]
    message: str | None = None


class BulkStepItems(BaseModel):
    """One result a payment, in the order of the request."""

    data: list[BulkStepItem]


class ControlGroupAnswer(BaseModel):
    """share: of the payments that might be let through, 0 where the group is off; most_amount: of
    each, base currency; data: a report for each action, and for both. See `ControlReport`."""

    share: float
    most_amount: float
    data: list[ControlReport]


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
        start = page_start(cursor)
        found, count = queue(
            runtime.records,
            _rank(runtime),
            status=None if status == "all" else status,
            assignee=assignee,
            start=start,
            limit=limit,
        )
        return ReviewPage(
            data=[_told(review, currency) for review in found], **page_end(start + limit, count)
        )

    @routes.get("/reviews/{payment_id}")
    def get_review(payment_id: _PaymentId) -> ReviewDetail:
        """One review: the payment, the payments that share its card, device, address or customer,
        and every step so far."""
        found = review_of(runtime.records, payment_id, _rank(runtime))
        if found is None:
            raise Problem(404, "unknown_review", "This payment is not in review.")
        notes = runtime.records.journal.of(REVIEW, payment_id)
        links = linked(runtime, found.decision.payment)
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
        """Assign, snooze, approve or reject; undo takes the last step back. Approve and reject end
        the review and are labels: a rejected payment counts as fraud for its card, device, … from
        now on."""
        given = valid(StepBody, body)
        _complete(given)

        def work() -> Told:
            said, by = _said(given), author(request)
            try:
                taken = take(runtime.records, given.payment_id, given.step, author=by, body=said)
            except ReviewError as error:
                raise Problem(409, "review_conflict", str(error)) from None
            _keep_verdicts(runtime, engine, [taken])
            return Told(at=taken.note.at, author=taken.note.author, **taken.note.body)

        return once(runtime, request, given, work, status=201)

    @routes.post(
        "/reviews:bulk",
        dependencies=[IDEMPOTENT],
        response_model=BulkStepItems,
        openapi_extra=schema(BulkStepBody),
    )
    def record_review_steps(request: Request, body: _Body) -> Response:
        """One step for up to 1,000 reviews, in one transaction; each says whether it was taken.
        The step `undo` takes it back for all of them."""
        given = valid(BulkStepBody, body)
        _complete(given)

        def work() -> BulkStepItems:
            said, by = _said(given), author(request)
            found = take_all(runtime.records, given.payment_ids, given.step, author=by, body=said)
            _keep_verdicts(
                runtime, engine, [each for each in found.values() if isinstance(each, StepTaken)]
            )
            return BulkStepItems(data=[_item(name, found[name]) for name in given.payment_ids])

        return once(runtime, request, given, work)


def _item(payment_id: str, found: StepTaken | ReviewError) -> BulkStepItem:
    refused = isinstance(found, ReviewError)
    return BulkStepItem(
        payment_id=payment_id,
        status="refused" if refused else "taken",
        message=str(found) if refused else None,
    )


def _said(given: _AnyStep) -> dict[str, Any]:
    """What is said beside the step."""
    left_out = {"payment_id", "payment_ids", "step"}
    return given.model_dump(mode="json", exclude_none=True, exclude=left_out)


def _keep_verdicts(runtime: Runtime, engine: LiveEngine, taken: Sequence[StepTaken]) -> None:
    """Verdicts are labels, and so is taking a rejection back."""
    labels = [
        PaymentLabel(
            payment_id=each.note.key,
            reported_at=each.note.at,
            is_fraud=each.stands == "rejected",
            source="review",
            reason=f"review by {each.note.author}",
        )
        for each in taken
        if each.note.body["step"] in {"approve", "reject"}
        or (each.was == "rejected") != (each.stands == "rejected")
    ]
    if labels:
        keep_labels(runtime, engine, labels, author=taken[0].note.author)


def _complete(given: _AnyStep) -> None:
    needed = {"assign": "assignee", "snooze": "until"}.get(given.step)
    if needed is not None and getattr(given, needed) is None:
        fault = FieldFault(f"/{needed}", f"step {given.step} needs {needed}")
        raise Problem(422, "invalid_request", f"Not valid: body /{needed}.", fields=[fault])
    if given.step == "snooze" and given.until is not None and given.until <= now():
        text = f"{given.until.isoformat()} has passed; name a time to come, or take the step undo"
        fault = FieldFault("/until", text)
        raise Problem(422, "invalid_request", "Not valid: body /until.", fields=[fault])


def _watching(routes: APIRouter, runtime: Runtime) -> None:
    @routes.get("/watch")
    def watch_decisions(
        days: Annotated[int, Query(ge=1, le=366)] = 30,
    ) -> dict[str, list[dict[str, Any]]]:
        """Day by day: shares of each action, frauds caught and missed, money saved, lost and hurt,
        expected and observed fraud, the shift of the score; of the shadow too."""
        return {"data": watch(runtime, now() - timedelta(days=days))}

    @routes.get("/monitoring-programmes")
    def list_programme_ratios() -> dict[str, list[ProgrammeRatio]]:
        """How near the shop is to the limits of the card networks' monitoring programmes, this
        month and the one before: reports among the payments taken."""
        return {"data": programme_ratios(runtime, now())}

    @routes.get("/control-group")
    def read_control_group(
        days: Annotated[int, Query(ge=1, le=366)] = 180,
    ) -> ControlGroupAnswer:
        """How often the model is wrong, by the payments of the control group: small ones that it
        alone would have challenged or blocked, and that were let through by chance."""
        settings = runtime.settings
        return ControlGroupAnswer(
            share=settings.fraud_control_share,
            most_amount=settings.fraud_control_most_amount,
            data=control_reports(runtime, now(), days=days),
        )

    @routes.get("/policy")
    def preview_policy() -> Tuned:
        """The policy that fits the rate of fraud that is really reported, and what it would do to
        recent payments beside the one in use; nothing is changed."""
        return _tuned(lambda: retune(runtime, now(), apply=False))

    @routes.post("/policy", status_code=201)
    def retune_policy(request: Request) -> Tuned:
        """Solve the policy anew for the rate of fraud that is really reported, and use it."""
        return _tuned(lambda: retune(runtime, now(), author=author(request)))


def _tuned(work: Callable[[], Tuned]) -> Tuned:
    try:
        return work()
    except TuningError as error:
        raise Problem(409, "too_few_outcomes", str(error)) from None


def _rank(runtime: Runtime) -> ReviewRank:
    settings = runtime.settings
    return ReviewRank(now(), settings.fraud_hours_to_ship, settings.fraud_chargeback_fee)


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
