"""What goes in and out over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
Kind = Literal["impression", "view", "cart", "purchase", "hide"]

MOST_ITEMS, MOST_EVENTS, MOST_TOUCHES = 100, 500, 200


class _Strict(BaseModel):
    """A misspelt field is an error, not a silence."""

    model_config = ConfigDict(extra="forbid")


class SessionEvent(_Strict):
    """One event of the session."""

    product_id: Id
    kind: Kind = "view"


class PriceRange(_Strict):
    """In the base currency, both ends included."""

    min: float | None = Field(None, ge=0)
    max: float | None = Field(None, ge=0)


class Filters(_Strict):
    """A category also stands for all below it."""

    category: list[str] = Field(default_factory=list, max_length=50)
    brand: list[str] = Field(default_factory=list, max_length=50)
    price: PriceRange = Field(default_factory=PriceRange)

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, given: object) -> object:
        """A single category or brand may come without a list around it."""
        if not isinstance(given, dict):
            return given
        return {
            name: [value] if name in {"category", "brand"} and isinstance(value, str) else value
            for name, value in given.items()
        }


class RecommendationRequest(_Strict):
    """Who asks, what they did just now, what may be shown."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "c00012",
                    "session": [{"product_id": "p1082185", "kind": "view"}],
                    "cart": ["p995242"],
                    "ship_to": "DE",
                    "limit": 5,
                    "filters": {"category": ["GROCERY"], "price": {"max": 20}},
                    "explain": True,
                }
            ]
        },
    )

    customer_id: Id | None = None
    visitor_id: Id | None = None
    session: list[SessionEvent | Id] = Field(
        default_factory=list,
        max_length=MOST_TOUCHES,
        description="Oldest first; a bare product id is a view.",
    )
    cart: list[Id] = Field(default_factory=list, max_length=MOST_TOUCHES)
    market: Country | None = None
    ship_to: Country | None = Field(None, description="Where it must be shipped; else the market.")
    placement: str | None = Field(None, max_length=128)
    limit: int = Field(10, ge=1, le=MOST_ITEMS)
    exclude: list[Id] = Field(default_factory=list, max_length=10_000)
    filters: Filters = Field(default_factory=Filters)
    diversity: float = Field(
        0.0, ge=0, le=1, description="No category takes more than 1 - diversity of the places."
    )
    in_stock_only: bool = True
    explain: bool = Field(False, description="Say why, item by item.")


class ReasonOut(BaseModel):
    """Why a product is shown, and the product that rests on."""

    code: str
    text: str
    product_id: str | None = None


class Availability(BaseModel):
    """The warehouse that can ship it and what it has, less what is reserved."""

    warehouse_id: str
    on_hand: float


class ItemOut(BaseModel):
    """One product; no `availability` where nobody counts its stock."""

    product_id: str
    rank: int
    score: float
    reasons: list[ReasonOut] = Field(default_factory=list)
    availability: Availability | None = None


class Products(BaseModel):
    """Products, best first."""

    items: list[ItemOut]
    served_by: str = Field(
        description="The step that served: personal, session, cart, market_trending, "
        "global_trending; for a product: similar_to, bought_together, same_category."
    )
    degraded: bool
    model_version: str | None


class RecommendationResponse(Products):
    """Products for one visitor."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "recommendation_id": "rec_3f0c6d0e9d2b4a53a2f6d7a0c1b2e3f4",
                    "items": [
                        {
                            "product_id": "p1082185",
                            "rank": 1,
                            "score": 1.73,
                            "reasons": [
                                {
                                    "code": "buy_again",
                                    "text": "You buy this regularly",
                                    "product_id": "p1082185",
                                }
                            ],
                            "availability": {"warehouse_id": "w367", "on_hand": 42.0},
                        }
                    ],
                    "served_by": "personal",
                    "degraded": False,
                    "model_version": "3",
                    "experiment": None,
                }
            ]
        }
    )

    recommendation_id: str
    experiment: str | None = None


class EventIn(_Strict):
    """A row of the events table; without a time it happened now."""

    event_id: Id
    occurred_at: datetime | None = None
    kind: Kind
    product_id: Id
    visitor_id: Id | None = None
    customer_id: Id | None = None
    market: Country | None = None
    placement: str | None = Field(None, max_length=128)
    recommendation_id: Id | None = None

    @model_validator(mode="after")
    def _somebody(self) -> "EventIn":
        if not (self.visitor_id or self.customer_id):
            raise ValueError("visitor_id or customer_id: one of them must be given")
        if self.occurred_at is not None and self.occurred_at.tzinfo is None:
            raise ValueError("occurred_at: has no time zone; append Z for UTC")
        return self


class EventsRequest(_Strict):
    """Up to 500 events; each is taken or refused on its own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {
                            "event_id": "e-1",
                            "occurred_at": "2018-01-01T12:00:00Z",
                            "kind": "view",
                            "product_id": "p1082185",
                            "visitor_id": "v-1",
                        }
                    ]
                }
            ]
        },
    )

    events: list[dict[str, object]] = Field(min_length=1, max_length=MOST_EVENTS)


class EventResult(BaseModel):
    """What became of one event, in the order they were sent."""

    index: int
    event_id: str | None
    status: Literal["accepted", "duplicate", "rejected"]
    errors: list[str] = Field(default_factory=list)


class EventsResponse(BaseModel):
    """All that was accepted is on disk when this answer is sent."""

    accepted: int
    duplicates: int
    rejected: int
    results: list[EventResult]
