"""Whom to trust with a payment, over HTTP and in batch."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from pandas import isna
from starlette.concurrency import run_in_threadpool

from features.decisions import Decision
from features.fraud import decline, report
from serving.auth import scoped
from serving.errors import Problem
from serving.fraud.batch import score
from serving.fraud.body import (
    DecisionAnswer,
    Item,
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
from serving.fraud.live import LiveEngine
from serving.idempotency import IDEMPOTENT, once
from serving.live import Live

__all__ = ["router", "score"]

_Body = Annotated[Any, Depends(json_body)]
_EXPLAIN = "Reasons also when the payment is allowed."
_MAY = [Depends(scoped("decide"))]


def router(live: Live) -> APIRouter:
    """The routes of the row; the counters are filled when the server starts."""
    engine = LiveEngine(live)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(engine.get)
        yield
        await run_in_threadpool(engine.close)

    routes = APIRouter(prefix="/v1/fraud", lifespan=lifespan)
    _decisions(routes, live, engine)
    _news(routes, live, engine)
    return routes


def _decisions(routes: APIRouter, live: Live, engine: LiveEngine) -> None:
    @routes.post(
        "/decisions",
        dependencies=[*_MAY, IDEMPOTENT],
        response_model=DecisionAnswer,
        openapi_extra=schema(Payment),
    )
    def decide(
        request: Request,
        body: _Body,
        explain: Annotated[
            bool, Query(description="Reasons also when the payment is allowed.")
        ] = False,
    ) -> Response:
        """Allow, challenge, review or block a payment, before it is captured.

        The body has the columns of `payments`. The same payment asked twice gets the same
        decision; another body under the same payment_id is a conflict (409). The decision is
        stored before it is answered.
        """
        payment = payment_of(body)
        row = row_of(payment)
        not_in_future(row["attempted_at"], "attempted_at")
        return once(
            live, request, payment, lambda: answer(_decide(live, engine, row, explain=explain))
        )

    @routes.get("/decisions/{payment_id}", dependencies=_MAY)
    def decision(payment_id: Annotated[str, Path(max_length=128)]) -> DecisionAnswer:
        """The decision on a payment, as it was answered."""
        found = live.records.decision(payment_id)
        if found is None:
            raise Problem(404, "unknown_payment", "No decision was asked for this payment_id.")
        return answer(found)


def _decide(live: Live, engine: LiveEngine, row: Mapping[str, Any], *, explain: bool) -> Decision:
    """The stored decision on the payment, or a new one, stored."""
    known = live.records.decision(row["payment_id"])
    if known is None:
        known = live.records.add_decision(engine.get().decide(row, explain=explain))
        served_by = "model" if known.model_version else "rules"
        reason = "" if not known.degraded else "store" if known.model_version else "model"
        live.telemetry.counted("fraud", served_by, degraded=reason)
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
        dependencies=[*_MAY, IDEMPOTENT],
        response_model=Items,
        openapi_extra=schema(Labels),
    )
    def labels(request: Request, body: _Body) -> Response:
        """Take in labels: chargebacks, early warnings. Stored before it is answered; the same
        label twice counts once. A fraud counts for its card, device, … from then on."""
        given = valid(Labels, body)
        for place, label in enumerate(given.labels):
            not_in_future(label.reported_at, "labels", place, "reported_at")
        return once(live, request, given, lambda: _label(live, engine, given), status=202)

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
        return once(live, request, given, lambda: _settle(live, engine, given), status=202)


def _label(live: Live, engine: LiveEngine, given: Labels) -> Items:
    rows = [label.model_dump() for label in given.labels]
    fresh = live.records.add_labels(rows)
    payments = _payments(live, [row["payment_id"] for row in rows if row["is_fraud"]])
    for row in rows:
        if row["is_fraud"] and (payment := payments.get(row["payment_id"])):
            engine.get().counters.observe(report(payment, row["reported_at"]))
    return Items(
        data=[
            Item(payment_id=row["payment_id"], status="accepted" if new else "known")
            for row, new in zip(rows, fresh, strict=True)
        ]
    )


def _settle(live: Live, engine: LiveEngine, given: Outcomes) -> Items:
    payments = _payments(live, [item.payment_id for item in given.outcomes])
    answers = []
    for item in given.outcomes:
        payment = payments.get(item.payment_id)
        if payment and item.outcome == "declined" and payment.get("outcome") != "declined":
            engine.get().counters.observe(decline(payment))
        status = "accepted" if payment else "unknown_payment"
        answers.append(Item.model_validate({"payment_id": item.payment_id, "status": status}))
    return Items(data=answers)


def _payments(live: Live, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The payments of these ids that were decided here or lie in the lake."""
    if not ids:
        return {}
    decided = {name: found for name in ids if (found := live.records.decision(name))}
    payments = {name: _stored(found) for name, found in decided.items()}
    if missing := set(ids) - set(payments):
        lake = live.lake.read("payments")
        for row in lake[lake["payment_id"].isin(missing)].to_dict("records"):
            given = {str(name): value for name, value in row.items() if not isna(value)}
            payments[given["payment_id"]] = given | {
                "attempted_at": given["attempted_at"].to_pydatetime()
            }
    return payments


def _stored(decision: Decision) -> dict[str, Any]:
    row = dict(decision.payment)
    return row | {"attempted_at": datetime.fromisoformat(row["attempted_at"])}
