"""Whom to trust with a payment, over HTTP and in batch."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from features.decisions import Decision
from serving.auth import scoped
from serving.errors import Problem
from serving.fraud import desk_routes, request_routes, review_routes
from serving.fraud.batch import score
from serving.fraud.body import (
    DecisionAnswer,
    Items,
    Labels,
    Outcomes,
    Payment,
    answer,
    json_body,
    not_in_future,
    payment_of,
    row_of,
    schema,
    valid,
)
from serving.fraud.desk_routes import author
from serving.fraud.labels import keep_labels, settle
from serving.fraud.live import LiveEngine
from serving.fraud.replay import explained
from serving.idempotency import IDEMPOTENT, once
from serving.live import Live

__all__ = ["decided", "router", "score"]

_Body = Annotated[Any, Depends(json_body)]
_Explain = Annotated[bool, Query(description="Reasons also when the payment is allowed.")]
_MAY = [Depends(scoped("decide"))]
_MAY_SAY = [Depends(scoped("decide", "review"))]


def router(live: Live) -> APIRouter:
    """The routes of the row; the counters are filled when the server starts."""
    engine = LiveEngine(live)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(engine.get)
        yield
        await run_in_threadpool(engine.close)

    routes = APIRouter(prefix="/v1/fraud")
    _decisions(routes, live, engine)
    _news(routes, live, engine)
    whole = APIRouter(lifespan=lifespan)
    for part in (
        routes,
        desk_routes.routes_of(live, engine),
        review_routes.routes_of(live, engine),
        request_routes.routes_of(live, engine),
    ):
        whole.include_router(part)
    return whole


def _decisions(routes: APIRouter, live: Live, engine: LiveEngine) -> None:
    @routes.post(
        "/decisions",
        dependencies=[*_MAY, IDEMPOTENT],
        response_model=DecisionAnswer,
        openapi_extra=schema(Payment),
    )
    def decide(request: Request, body: _Body, explain: _Explain = False) -> Response:
        """Allow, challenge, review or block a payment, before it is captured.

        The body has the columns of `payments`. The same payment asked twice gets the same
        decision; another body under the same payment_id is a conflict (409). The decision is
        stored before it is answered.
        """
        payment = payment_of(body)
        row = row_of(payment)
        not_in_future(row["attempted_at"], "attempted_at")
        return once(
            live, request, payment, lambda: answer(decided(live, engine, row, explain=explain))
        )

    @routes.get("/decisions/{payment_id}", dependencies=_MAY_SAY)
    def decision(
        payment_id: Annotated[str, Path(max_length=128)], explain: _Explain = False
    ) -> DecisionAnswer:
        """The decision on a payment, as it was answered; explained in full when asked."""
        found = live.records.decision(payment_id)
        if found is None:
            raise Problem(404, "unknown_payment", "No decision was asked for this payment_id.")
        if explain and not found.reasons:
            return answer(found, explained(found, live.records, live.registry))
        return answer(found)


def decided(live: Live, engine: LiveEngine, row: Mapping[str, Any], *, explain: bool) -> Decision:
    """A new decision on the payment, stored; or the one that is stored already.

    Deciding again changes nothing: the counters know the payment, and the first decision stays.
    """
    deciding = engine.get()
    made = deciding.decide(row, explain=explain)
    known = live.records.add_decision(made)
    if known is made:
        deciding.settle(made, row)
        served_by = "model" if known.model_version else "rules"
        reason = "" if not known.degraded else "store" if known.model_version else "model"
        live.telemetry.counted("fraud", served_by, degraded=reason)
        engine.metrics.decided(known)
    if not _same(known, row):
        raise Problem(
            409,
            "payment_id_reused",
            "This payment_id was decided with another body; a new payment needs a new payment_id.",
        )
    return known


def _same(known: Decision, row: Mapping[str, Any]) -> bool:
    """Whether the decision was made on this row; a blocked one was stored as declined."""
    asked = dict(row) | {"attempted_at": row["attempted_at"].isoformat()}
    if known.decision == "block":
        asked["outcome"] = "declined"
    return asked == dict(known.payment)


def _news(routes: APIRouter, live: Live, engine: LiveEngine) -> None:
    @routes.post(
        "/labels",
        status_code=202,
        dependencies=[*_MAY_SAY, IDEMPOTENT],
        response_model=Items,
        openapi_extra=schema(Labels),
    )
    def labels(request: Request, body: _Body) -> Response:
        """Take in labels: chargebacks, early warnings, reviews. Stored before it is answered; the
        same label twice counts once. A fraud counts for its card, device, … from then on."""
        given = valid(Labels, body)
        for place, label in enumerate(given.labels):
            not_in_future(label.reported_at, "labels", place, "reported_at")
        by = author(request)
        return once(
            live,
            request,
            given,
            lambda: keep_labels(live, engine, given.labels, author=by),
            status=202,
        )

    @routes.post(
        "/outcomes",
        status_code=202,
        dependencies=[*_MAY, IDEMPOTENT],
        response_model=Items,
        openapi_extra=schema(Outcomes),
    )
    def outcomes(request: Request, body: _Body) -> Response:
        """What became of decided payments: a decline counts for its card, device, … at once."""
        given = valid(Outcomes, body)
        return once(live, request, given, lambda: settle(live, engine, given), status=202)
