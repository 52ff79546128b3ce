"""The routes of recommendation: who may ask, what is checked, what is counted."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ValidationError

from serving.auth import scoped
from serving.idempotency import IDEMPOTENT, once
from serving.live import Live
from serving.recommendation.answering import Answer, Ask, Touch, recommend, similar, trending
from serving.recommendation.schemas import (
    MOST_ITEMS,
    Availability,
    Country,
    EventIn,
    EventResult,
    EventsRequest,
    EventsResponse,
    ItemOut,
    Products,
    ReasonOut,
    RecommendationRequest,
    RecommendationResponse,
)
from serving.recommendation.shelf import Shelf
from serving.recommendation.shelves import ROW, Shelves

_RECENT = 100

Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS)]
Place = Annotated[Country | None, Query(description="ISO 3166-1 alpha-2.")]


def router(live: Live) -> APIRouter:
    """POST /v1/recommendations, /v1/events; GET similar, bought-together, trending."""
    routes = APIRouter(prefix="/v1")
    shelves = Shelves(live)

    @routes.post("/recommendations", dependencies=[Depends(scoped("recommend"))])
    def recommendations(body: RecommendationRequest) -> RecommendationResponse:
        """What to show this visitor; somebody unknown is a cold start, not an error."""
        shelf = shelves.current()
        recent = live.records.recent_events(body.visitor_id, body.customer_id, limit=_RECENT)
        answer = recommend(shelf, _ask(body), recent=recent, now=live.now())
        products = _products(live, shelf, answer, explain=body.explain)
        return RecommendationResponse(
            recommendation_id=f"rec_{uuid.uuid4().hex}", **products.model_dump()
        )

    @routes.get("/products/{product_id}/similar", dependencies=[Depends(scoped("recommend"))])
    def similar_products(
        product_id: str, limit: Limit = 10, market: Place = None, ship_to: Place = None
    ) -> Products:
        """Products liked by the people who like this one."""
        shelf = shelves.current()
        ask = Ask(limit=limit, market=market, ship_to=ship_to)
        return _products(live, shelf, similar(shelf, product_id, ask), explain=True)

    @routes.get(
        "/products/{product_id}/bought-together", dependencies=[Depends(scoped("recommend"))]
    )
    def bought_together(
        product_id: str, limit: Limit = 10, market: Place = None, ship_to: Place = None
    ) -> Products:
        """Products that lie in one basket with this one more than chance would have it."""
        shelf = shelves.current()
        ask = Ask(limit=limit, market=market, ship_to=ship_to)
        return _products(live, shelf, similar(shelf, product_id, ask, together=True), explain=True)

    @routes.get("/trending", dependencies=[Depends(scoped("recommend"))])
    def trending_products(
        limit: Limit = 10,
        market: Place = None,
        category: Annotated[str | None, Query(description="A path, with all below it.")] = None,
    ) -> Products:
        """What sells now: purchases of the last days, each halved every seven days."""
        shelf = shelves.current()
        ask = Ask(limit=limit, market=market, category=(category,) if category else ())
        return _products(live, shelf, trending(shelf, ask), explain=False)

    @routes.post(
        "/events",
        status_code=202,
        response_model=EventsResponse,
        dependencies=[Depends(scoped("events", "recommend")), IDEMPOTENT],
    )
    def events(request: Request, body: EventsRequest) -> Response:
        """Take events; each has a result of its own, and what is accepted is on disk."""
        return once(live, request, body, lambda: _take(live, body), status=202)

    return routes


def _ask(body: RecommendationRequest) -> Ask:
    touches = [
        Touch(t, "view") if isinstance(t, str) else Touch(t.product_id, t.kind)
        for t in body.session
    ]
    return Ask(
        customer_id=body.customer_id,
        visitor_id=body.visitor_id,
        session=tuple(touches),
        cart=tuple(body.cart),
        market=body.market,
        ship_to=body.ship_to,
        limit=body.limit,
        exclude=tuple(body.exclude),
        category=tuple(body.filters.category),
        brand=tuple(body.filters.brand),
        price_min=body.filters.price.min,
        price_max=body.filters.price.max,
        diversity=body.diversity,
        in_stock_only=body.in_stock_only,
        explain=body.explain,
    )


def _products(live: Live, shelf: Shelf, answer: Answer, *, explain: bool) -> Products:
    live.telemetry.counted(ROW, answer.served_by, degraded=answer.degraded)
    items = [
        ItemOut(
            product_id=item.product_id,
            rank=rank,
            score=round(item.score, 6),
            reasons=[ReasonOut(**vars(item.reason))] if explain and item.reason else [],
            availability=None
            if item.warehouse_id is None or item.on_hand is None
            else Availability(warehouse_id=item.warehouse_id, on_hand=item.on_hand),
        )
        for rank, item in enumerate(answer.items, start=1)
    ]
    return Products(
        items=items,
        served_by=answer.served_by,
        degraded=bool(answer.degraded),
        model_version=shelf.release.version if shelf.release else None,
    )


def _take(live: Live, body: EventsRequest) -> EventsResponse:
    checked = [_checked(event) for event in body.events]
    good = [event for event in checked if isinstance(event, EventIn)]
    now = datetime.now(UTC)
    new = iter(live.records.add_events([_row(event, now) for event in good]))
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
