"""Whom to trust with a payment, over HTTP and in batch."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from data.decisions import Decision
from decisions.fraud.attempts import attempts_told
from decisions.fraud.batch import score
from decisions.fraud.engine import PaymentAsked
from decisions.fraud.feedback import FeedbackItems, PaymentLabels, PaymentOutcomes
from decisions.fraud.known import payments_of as known_by_id
from decisions.fraud.labels import keep_labels, settle
from decisions.fraud.live_engine import LiveEngine
from decisions.fraud.replay import explained
from decisions.micro_batcher import MicroBatcher
from decisions.runtime import Runtime
from serving.http.auth import admitted, scoped
from serving.http.bodies import schema, valid
from serving.http.errors import Problem
from serving.http.fast_route import FastRoute
from serving.http.fraud import control_routes, request_routes, review_routes
from serving.http.fraud.control_routes import author
from serving.http.fraud.schemas import (
    DecisionAnswer,
    DecisionItem,
    DecisionItems,
    Payment,
    PaymentsBody,
    answer,
    flag,
    json_body,
    must_be_refundable,
    not_in_future,
    payment_of,
    payments_of,
    row_of,
)
from serving.http.idempotency import IDEMPOTENT, is_keyed, json_answer, once

__all__ = ["router", "score"]

_Body = Annotated[Any, Depends(json_body)]
_Explain = Annotated[bool, Query(description="Reasons also when the payment is allowed.")]


def _explained(explain: _Explain = False) -> bool:
    return explain


_MAY = [Depends(scoped("decide"))]
_MAY_SAY = [Depends(scoped("decide", "review"))]


def router(runtime: Runtime) -> APIRouter:
    """The routes of the row; the counters are filled when the server starts."""
    engine = LiveEngine(runtime)
    together = MicroBatcher(partial(decide, runtime, engine))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(engine.get)
        yield
        await run_in_threadpool(engine.close)

    routes = APIRouter(prefix="/v1/fraud")
    _decisions(routes, runtime, engine, together)
    _news(routes, runtime, engine)
    whole = APIRouter(lifespan=lifespan)
    for part in (
        routes,
        control_routes.routes_of(runtime, engine),
        review_routes.routes_of(runtime, engine),
        request_routes.routes_of(runtime, engine),
    ):
        whole.include_router(part)
    return whole


def _decisions(
    routes: APIRouter,
    runtime: Runtime,
    engine: LiveEngine,
    together: MicroBatcher[PaymentAsked, Decision],
) -> None:
    def told(asked: PaymentAsked, found: Decision) -> DecisionAnswer:
        _must_be_same(found, asked.payment)
        return answer(found)

    async def decide_payment(request: Request) -> Response:
        """Allow, challenge, review or block a payment, before it is captured.

        The body has the columns of `payments`. The same payment asked twice gets the same
        decision; another body under the same payment_id is a conflict (409). The decision is
        stored before it is answered. A retry (after a decline, or 3-D Secure) is a payment of its
        own that names the one before in `retry_of`: it is decided anew and linked.
        """
        await admitted(request, "decide")
        payment = payment_of(await json_body(request))
        row = row_of(payment)
        not_in_future(row["attempted_at"], "attempted_at")
        asked = PaymentAsked(row, flag(request, "explain"))
        if is_keyed(request):
            work = partial(once, runtime, request, payment)
            return await run_in_threadpool(work, lambda: told(asked, together.ask(asked).result()))
        return json_answer(told(asked, await together.answer(asked)))

    routes.add_api_route(
        "/decisions",
        decide_payment,
        methods=["POST"],
        dependencies=[*_MAY, IDEMPOTENT, Depends(_explained)],
        response_model=DecisionAnswer,
        openapi_extra=schema(Payment),
        route_class_override=FastRoute,
    )

    @routes.post(
        "/decisions:bulk",
        dependencies=[*_MAY, IDEMPOTENT],
        response_model=DecisionItems,
        openapi_extra=schema(PaymentsBody),
    )
    def decide_payments(request: Request, body: _Body) -> Response:
        """Decide up to 100 payments, one after the other in the order given, with one question to
        each store; each as it would be decided alone."""
        rows = [row_of(payment) for payment in payments_of(body)]

        def work() -> DecisionItems:
            made = decide(runtime, engine, [PaymentAsked(row) for row in rows])
            return DecisionItems(data=[_item(*each) for each in zip(made, rows, strict=True)])

        return once(runtime, request, PaymentsBody.model_construct(**body), work)

    @routes.get("/decisions/{payment_id}", dependencies=_MAY_SAY)
    def get_decision(
        payment_id: Annotated[str, Path(max_length=128)], explain: _Explain = False
    ) -> DecisionAnswer:
        """The decision on a payment, as it was answered, with all attempts of it; explained in full
        when asked."""
        found = runtime.records.decision(payment_id)
        if found is None:
            raise Problem(404, "unknown_payment", "No decision was asked for this payment_id.")
        attempts = attempts_told(runtime, found)
        if explain and not found.reasons:
            return answer(found, explained(found, runtime.records, runtime.registry), attempts)
        return answer(found, attempts=attempts)


def _item(known: Decision, row: Mapping[str, Any]) -> DecisionItem:
    same = _same(known, row)
    return DecisionItem(
        payment_id=known.payment_id,
        status="decided" if same else "conflict",
        decision=answer(known) if same else None,
    )


def decide(runtime: Runtime, engine: LiveEngine, asked: Sequence[PaymentAsked]) -> list[Decision]:
    """For each payment a new decision, stored; or the one that is stored already.

    runtime: the stores and releases in use; engine: the live one; asked: the payments; the answers
    are in their order.

    Deciding again changes nothing: the counters know the payment, and the first decision stays.
    """
    deciding = engine.get()
    made = deciding.decide_all(asked)
    with runtime.telemetry.step("fraud", "record"):
        held = runtime.records.add_decisions(made)
    for each, new, known in zip(asked, made, held, strict=True):
        if known is new:
            deciding.settle(new, each.payment)
            served_by = "model" if new.model_version else "rules"
            reason = "" if not new.degraded else "store" if new.model_version else "model"
            runtime.telemetry.counted("fraud", served_by, degraded=reason)
            engine.metrics.decided(new)
    return held


def _must_be_same(known: Decision, row: Mapping[str, Any]) -> None:
    if not _same(known, row):
        raise Problem(
            409,
            "payment_id_reused",
            "This payment_id was decided with another body; a new payment needs a new payment_id.",
        )


def _same(known: Decision, row: Mapping[str, Any]) -> bool:
    """Whether the decision was made on this row; a blocked one was stored as declined."""
    asked = dict(row) | {"attempted_at": row["attempted_at"].isoformat()}
    if known.decision == "block":
        asked["outcome"] = "declined"
    kept = {name: value for name, value in known.payment.items() if name != "received_at"}
    return asked == kept


def _news(routes: APIRouter, runtime: Runtime, engine: LiveEngine) -> None:
    @routes.post(
        "/labels",
        status_code=202,
        dependencies=[*_MAY_SAY, IDEMPOTENT],
        response_model=FeedbackItems,
        openapi_extra=schema(PaymentLabels),
    )
    def report_labels(request: Request, body: _Body) -> Response:
        """Take in labels: chargebacks, early warnings, reviews. Stored before it is answered; the
        same label twice counts once. A fraud counts for its card, device, … from then on."""
        given = valid(PaymentLabels, body)
        for place, label in enumerate(given.labels):
            not_in_future(label.reported_at, "labels", place, "reported_at")
        by = author(request)
        return once(
            runtime,
            request,
            given,
            lambda: keep_labels(runtime, engine, given.labels, author=by),
            status=202,
        )

    @routes.post(
        "/outcomes",
        status_code=202,
        dependencies=[*_MAY, IDEMPOTENT],
        response_model=FeedbackItems,
        openapi_extra=schema(PaymentOutcomes),
    )
    def report_outcomes(request: Request, body: _Body) -> Response:
        """What became of decided payments: a decline counts for its card, device, … at once."""
        given = valid(PaymentOutcomes, body)
        for place, each in enumerate(given.outcomes):
            if each.outcome_at is not None:
                not_in_future(each.outcome_at, "outcomes", place, "outcome_at")
        refunded = {each.payment_id for each in given.outcomes if each.refunded_amount is not None}
        must_be_refundable(given.outcomes, known_by_id(runtime, refunded))
        by = author(request)
        return once(
            runtime, request, given, lambda: settle(runtime, engine, given, author=by), status=202
        )
