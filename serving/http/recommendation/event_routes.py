"""The route of events: each is taken or refused on its own, and what is accepted is on disk."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from decisions.runtime import Runtime
from serving.http.auth import refuse_named_customer, scoped
from serving.http.callers import Caller
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.recommendation.event_schemas import (
    EventIn,
    EventResult,
    EventsRequest,
    EventsResponse,
    IdentityIn,
    IdentityLinked,
)

_Sender = Annotated[Caller, Depends(scoped("events", "recommend", "public"))]


def router(runtime: Runtime) -> APIRouter:
    """POST /v1/events and /v1/identities."""
    routes = APIRouter()

    @routes.post(
        "/events",
        status_code=202,
        response_model=EventsResponse,
        dependencies=[IDEMPOTENT],
    )
    def record_events(request: Request, body: EventsRequest, caller: _Sender) -> Response:
        """Take events; each has a result of its own, and what is accepted is on disk."""
        named = (str(event.get("customer_id") or "") for event in body.events)
        refuse_named_customer(caller, *named)
        return once(runtime, request, body, lambda: _take(runtime, body), status=202)

    @routes.post(
        "/identities",
        response_model=IdentityLinked,
        dependencies=[Depends(scoped("events", "recommend")), IDEMPOTENT],
    )
    def link_identity(request: Request, body: IdentityIn) -> Response:
        """Say that a visitor signed in as a customer: hides, carts, views and arms follow."""

        def link() -> IdentityLinked:
            new = runtime.records.storefront.link(body.visitor_id, body.customer_id)
            return IdentityLinked(visitor_id=body.visitor_id, customer_id=body.customer_id, new=new)

        return once(runtime, request, body, link, status=200)

    return routes


def _take(runtime: Runtime, body: EventsRequest) -> EventsResponse:
    checked = [_checked(event) for event in body.events]
    good = [event for event in checked if isinstance(event, EventIn)]
    now = datetime.now(UTC)
    new = iter(runtime.records.add_events([_row(event, now) for event in good]))
    results = [
        EventResult(
            index=i, event_id=event.event_id, status="accepted" if next(new) else "duplicate"
        )
        if isinstance(event, EventIn)
        else EventResult(index=i, event_id=_named(body.events[i]), status="rejected", errors=event)
        for i, event in enumerate(checked)
    ]
    count = dict.fromkeys(("accepted", "duplicate", "rejected"), 0)
    for result in results:
        count[result.status] += 1
    return EventsResponse(
        accepted=count["accepted"],
        duplicates=count["duplicate"],
        rejected=count["rejected"],
        results=results,
    )


def _checked(event: Mapping[str, object]) -> EventIn | list[str]:
    """The event, or what is wrong with it."""
    try:
        return EventIn.model_validate(event)
    except ValidationError as error:
        faults: Sequence[Any] = error.errors()
        return [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".removeprefix(": ")
            for fault in faults
        ]


def _named(event: Mapping[str, object]) -> str | None:
    name = event.get("event_id")
    return name if isinstance(name, str) else None


def _row(event: EventIn, now: datetime) -> Mapping[str, Any]:
    return event.model_dump() | {"occurred_at": event.occurred_at or now}
