"""The routes of recommendation: who may query, and what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from decisions.recommendation.answer_body import name
from decisions.recommendation.explain_product import why
from decisions.recommendation.query import PlacementCaps, ProductQuery, SessionTouch
from decisions.recommendation.recommend import eligibility_case, rerank, similar, trending
from decisions.recommendation.rules import first_blocking
from decisions.recommendation.storefront import Draft, PageSlot, Storefront
from decisions.recommendation.time_budget import within
from decisions.runtime import Runtime
from serving.http.auth import admitted, refuse_named_customer, scoped
from serving.http.bodies import loaded, schema, valid
from serving.http.errors import FieldFault, Problem
from serving.http.fast_route import FastRoute
from serving.http.recommendation import event_routes as routes_events
from serving.http.recommendation import merchandising_routes as routes_shop
from serving.http.recommendation.answers import response
from serving.http.recommendation.schemas import (
    MOST_ITEMS,
    Country,
    ExplainRequest,
    Id,
    PageRequest,
    PageResponse,
    Products,
    RecommendationRequest,
    RecommendationResponse,
    RerankRequest,
    RerankResponse,
    VerdictOut,
    Verdicts,
)

_MAY = [Depends(scoped("recommend"))]
Place = Annotated[Country | None, Query(description="ISO 3166-1 alpha-2.")]
Several = Annotated[list[str], Query(max_length=50)]
Money = Annotated[float | None, Query(ge=0, description="In the base currency, included.")]
Product = Annotated[str, Path(max_length=128)]


def narrowed(
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 10,
    customer_id: Annotated[Id | None, Query(description="Whose hides count.")] = None,
    visitor_id: Annotated[Id | None, Query(description="Whose hides count.")] = None,
    market: Place = None,
    ship_to: Place = None,
    category: Annotated[
        list[str], Query(max_length=50, description="Paths, with all below them.")
    ] = [],  # noqa: B006  # FastAPI copies it
    brand: Several = [],  # noqa: B006  # as above
    price_min: Money = None,
    price_max: Money = None,
    exclude: Annotated[list[Id], Query(max_length=500)] = [],  # noqa: B006  # as above
    diversity: Annotated[float, Query(ge=0, le=1)] = 0.0,
    in_stock_only: bool = True,
    explain: Annotated[bool, Query(description="Say why, item by item.")] = False,
) -> ProductQuery:
    """A question in the query of a GET.

    limit: at most so many products, 1 … MOST_ITEMS; customer_id, visitor_id: who asks, whose hides
    count; market: the country whose sales count; ship_to: the country it must be shipped to, else
    the market; category: paths, with all below them; brand: any of these; price_min, price_max: in
    the base currency, included; exclude: product ids that are not shown; diversity: 0 by score
    alone, 1 as unlike as can be; in_stock_only: nothing that is out of stock; explain: with a
    reason an item.
    """
    if price_min is not None and price_max is not None and price_min > price_max:
        fault = FieldFault("/price_min", "above price_max; no price lies between them", "query")
        raise Problem(422, "invalid_request", "Not valid: query /price_min.", fields=[fault])
    return ProductQuery(
        customer_id=customer_id,
        visitor_id=visitor_id,
        market=market,
        ship_to=ship_to,
        limit=limit,
        exclude=tuple(exclude),
        category=tuple(category),
        brand=tuple(brand),
        price_min=price_min,
        price_max=price_max,
        diversity=diversity,
        in_stock_only=in_stock_only,
        explain=explain,
    )


Narrowed = Annotated[ProductQuery, Depends(narrowed)]


def router(runtime: Runtime) -> APIRouter:
    """All routes of the row; the index is built when the server starts."""
    front = Storefront.of(runtime)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(front.indexes.current)
        yield

    routes = APIRouter(prefix="/v1", lifespan=lifespan)
    _people(routes, front)
    _products(routes, front)
    routes.include_router(routes_events.router(runtime))
    routes.include_router(routes_shop.router(runtime, front.placements))
    return routes


def _people(routes: APIRouter, front: Storefront) -> None:
    async def recommend_products(request: Request) -> Response:
        """What to show this visitor; somebody unknown is a cold start, not an error."""
        caller = await admitted(request, "recommend", "public")
        body = valid(RecommendationRequest, await loaded(request))
        refuse_named_customer(caller, body.customer_id)
        query, draft = asked(body), Draft()
        return await within(
            body.timeout_ms,
            lambda: response(front.recommend(query, body.placement, draft)),
            lambda: response(front.hurried(query, body.placement, draft)),
        )

    routes.add_api_route(
        "/recommendations",
        recommend_products,
        methods=["POST"],
        dependencies=[Depends(scoped("recommend", "public"))],
        response_model=RecommendationResponse,
        openapi_extra=schema(RecommendationRequest),
        route_class_override=FastRoute,
    )

    @routes.post("/recommendations:page", dependencies=_MAY, response_model=PageResponse)
    def recommend_page(body: PageRequest) -> Response:
        """All lists of a page in one call: each by its own strategy, no article in two of them."""
        answers = front.page(page_slots(body))
        lists = [
            {"placement": each.placement, **answer}
            for each, answer in zip(body.lists, answers, strict=True)
        ]
        return response({"lists": lists})

    @routes.post("/recommendations:explain", dependencies=_MAY)
    def explain_products(body: ExplainRequest) -> Verdicts:
        """Why named products are shown or not: rule by rule, and their rank among all eligible."""
        index = front.indexes.current()
        seen, _ = front.visit(index, asked(body))
        query, _ = front.planned(asked(body), body.placement, seen)
        return Verdicts(
            data=[
                VerdictOut.model_validate(why(index, product, query, seen), from_attributes=True)
                for product in body.products
            ]
        )

    @routes.post("/rerank", dependencies=_MAY, response_model=RerankResponse)
    def rerank_products(body: RerankRequest) -> Response:
        """The caller's own list in the order this person likes; what may not be shown apart."""
        index = front.indexes.current()
        seen, problem = front.visit(index, asked(body))
        query, _ = front.planned(asked(body), body.placement, seen)
        answer = rerank(index, body.products, query, seen)
        blocked = first_blocking(eligibility_case(index, query, seen), body.products)
        left_out = [
            {"product_id": product, "code": rule.code, "text": rule.text}
            for product, rule in blocked.items()
        ]
        return response(front.told(index, answer, name(), problem) | {"left_out": left_out})


def _products(routes: APIRouter, front: Storefront) -> None:
    @routes.get("/products/{product_id}/similar", dependencies=_MAY, response_model=Products)
    def list_similar_products(product_id: Product, query: Narrowed) -> Response:
        """Products liked by the people who like this one."""
        return near(product_id, query, together=False)

    @routes.get(
        "/products/{product_id}/bought-together", dependencies=_MAY, response_model=Products
    )
    def list_products_bought_together(product_id: Product, query: Narrowed) -> Response:
        """Products that lie in one basket with this one more than chance would have it."""
        return near(product_id, query, together=True)

    def near(product_id: str, query: ProductQuery, *, together: bool) -> Response:
        index = front.indexes.current()
        seen, problem = front.visit(index, query)
        answer = similar(index, product_id, query, seen, together=together)
        return response(front.told(index, answer, name(), problem))

    @routes.get("/trending", dependencies=_MAY, response_model=Products)
    def list_trending_products(query: Narrowed) -> Response:
        """What sells now: purchases of the last days, each halved every seven days."""
        index = front.indexes.current()
        seen, problem = front.visit(index, query)
        return response(front.told(index, trending(index, query, seen), name(), problem))


def asked(body: RecommendationRequest) -> ProductQuery:
    """The body of a request as the question that it asks."""
    touches = (
        SessionTouch(t, "view") if isinstance(t, str) else SessionTouch(t.product_id, t.kind)
        for t in body.session
    )
    return ProductQuery(
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
        caps=PlacementCaps(body.max_per_category, body.max_per_brand),
        pins=tuple(body.pin),
        in_stock_only=body.in_stock_only,
        new_only=body.new_only,
        explain=body.explain,
        strategy=body.strategy or "",
    )


def page_slots(body: PageRequest) -> list[PageSlot]:
    """The lists of a page as the questions that they ask."""
    who = RecommendationRequest(**body.model_dump(exclude={"lists"}))
    slots = []
    for each in body.lists:
        beside = each.product_id is not None
        query = replace(
            asked(who),
            limit=each.limit,
            category=tuple(each.filters.category),
            brand=tuple(each.filters.brand),
            price_min=each.filters.price.min,
            price_max=each.filters.price.max,
            strategy="" if beside else each.strategy or "",
        )
        together = each.strategy == "bought_together"
        slots.append(PageSlot(query, each.placement, each.product_id, together))
    return slots
