"""What goes in and out over HTTP."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StringConstraints,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.json_schema import WithJsonSchema

from decisions.recommendation.strategies import PlacementStrategy

Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
Kind = Literal["impression", "click", "view", "cart", "uncart", "purchase", "hide", "unhide"]

MOST_ITEMS, MOST_TOUCHES, MOST_NAMED = 100, 200, 1_000


STRATEGY_TEXT = (
    "What the list is for: discover (nothing bought before), buy_again, recently_viewed, new "
    "(launched in the last 90 days), on_sale, popular; such a list may be shorter than its limit. "
    "Left out: that of the placement."
)
_CAP = "Places one may take; a cap gives way rather than leave a place empty."


class Strict(BaseModel):
    """A misspelt field is an error, not a silence."""

    model_config = ConfigDict(extra="forbid")


class SessionEvent(Strict):
    """One event of the session."""

    product_id: Id
    kind: Kind = "view"


class PriceRange(Strict):
    """In the base currency, both ends included."""

    min: StrictFloat | None = Field(None, ge=0)
    max: StrictFloat | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _not_empty(self) -> "PriceRange":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min: above max; no price lies between them")
        return self


_MANY: JsonDict = {"type": "array", "items": {"type": "string"}, "maxItems": 50}
_Names = Annotated[
    list[str],
    Field(max_length=50),
    WithJsonSchema({"anyOf": [_MANY, {"type": "string"}]}),
]


class Filters(Strict):
    """A category also stands for all below it."""

    category: _Names = Field(default_factory=list)
    brand: _Names = Field(default_factory=list)
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


class RecommendationRequest(Strict):
    """Shopper asks, what they did just now, what may be shown."""

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
    strategy: PlacementStrategy | None = Field(None, description=STRATEGY_TEXT)
    limit: int = Field(10, ge=1, le=MOST_ITEMS)
    exclude: list[Id] = Field(default_factory=list, max_length=10_000)
    filters: Filters = Field(default_factory=Filters)
    diversity: StrictFloat = Field(
        0.0, ge=0, le=1, description="0: by score alone; 1: as unlike each other as can be (MMR)."
    )
    max_per_category: int | None = Field(None, ge=1, description=_CAP)
    max_per_brand: int | None = Field(None, ge=1, description=_CAP)
    pin: list[Id] = Field(
        default_factory=list,
        max_length=MOST_ITEMS,
        description="Shown first, in this order, where the rules let them.",
    )
    in_stock_only: StrictBool = True
    new_only: StrictBool = Field(False, description="Nothing this customer bought before.")
    explain: StrictBool = Field(False, description="Say why, item by item.")
    timeout_ms: int | None = Field(
        None,
        ge=1,
        le=60_000,
        description="The longest to wait: what is not ready by then is answered simpler "
        "(what sells, rules kept), with `degraded`.",
    )


class PageList(Strict):
    """One list of a page. similar, bought_together: to or with `product_id`."""

    placement: str | None = Field(None, max_length=128)
    strategy: PlacementStrategy | Literal["similar", "bought_together"] | None = Field(
        None, description=STRATEGY_TEXT
    )
    product_id: Id | None = Field(None, description="Of similar and bought_together.")
    limit: int = Field(10, ge=1, le=MOST_ITEMS)
    filters: Filters = Field(default_factory=Filters)

    @model_validator(mode="after")
    def _about_something(self) -> "PageList":
        if (self.strategy in {"similar", "bought_together"}) != (self.product_id is not None):
            raise ValueError("product_id goes with strategy similar or bought_together")
        return self


class PageRequest(Strict):
    """Who asks, and the lists of the page they look at, the most important first."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "c00012",
                    "ship_to": "DE",
                    "lists": [
                        {"placement": "home", "limit": 3},
                        {"strategy": "buy_again", "limit": 3},
                        {"strategy": "similar", "product_id": "p1082185", "limit": 3},
                    ],
                }
            ]
        },
    )

    customer_id: Id | None = None
    visitor_id: Id | None = None
    session: list[SessionEvent | Id] = Field(default_factory=list, max_length=MOST_TOUCHES)
    cart: list[Id] = Field(default_factory=list, max_length=MOST_TOUCHES)
    market: Country | None = None
    ship_to: Country | None = Field(None, description="Where it must be shipped; else the market.")
    exclude: list[Id] = Field(default_factory=list, max_length=10_000)
    in_stock_only: StrictBool = True
    explain: StrictBool = False
    lists: list[PageList] = Field(min_length=1, max_length=20)


class RerankRequest(RecommendationRequest):
    """A list of the caller's own, such as what a search found, in the order this person likes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "c00012",
                    "products": ["p1082185", "p995242", "p981760"],
                    "ship_to": "DE",
                    "explain": True,
                }
            ]
        },
    )

    products: list[Id] = Field(min_length=1, max_length=MOST_NAMED)
    limit: int = Field(MOST_NAMED, ge=1, le=MOST_NAMED)


class ExplainRequest(RecommendationRequest):
    """A question as it was asked, and the products that were missed (or not)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"customer_id": "c00012", "ship_to": "DE", "products": ["p1082185", "p995242"]}
            ]
        },
    )

    products: list[Id] = Field(min_length=1, max_length=20)


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


class ExperimentOut(BaseModel):
    """The experiment this answer took part in, and the person's arm (`holdout` is one)."""

    experiment_id: str
    arm: str


class LeftOut(BaseModel):
    """A product of the caller's list that may not be shown, and the first rule that says so."""

    product_id: str
    code: str
    text: str


_ITEM: JsonDict = {
    "product_id": "p1082185",
    "rank": 1,
    "score": 1.73,
    "reasons": [{"code": "buy_again", "text": "You buy this regularly", "product_id": "p1082185"}],
    "availability": {"warehouse_id": "w367", "on_hand": 42.0},
}
_ANSWER: JsonDict = {
    "recommendation_id": "rec_3f0c6d0e9d2b4a53a2f6d7a0c1b2e3f4",
    "items": [_ITEM],
    "served_by": "personal",
    "degraded": False,
    "model_version": "3",
}


class Products(BaseModel):
    """Products, best first. Events that bear the recommendation_id are credited to this answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWER]})

    recommendation_id: str
    items: list[ItemOut]
    served_by: str = Field(
        description="The step that served: personal, session, similar_to_cart, market_trending, "
        "global_trending; for a product: similar_to, bought_together, same_category."
    )
    degraded: bool
    model_version: str | None


class RecommendationResponse(Products):
    """Products for one visitor."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [_ANSWER | {"experiment": {"experiment_id": "home-mmr", "arm": "mixed"}}]
        }
    )

    experiment: ExperimentOut | None = None


class PageListResponse(RecommendationResponse):
    """One list of a page."""

    placement: str | None = None


class PageResponse(BaseModel):
    """The lists of a page, in the order asked for; no article is in two of them."""

    lists: list[PageListResponse]


class RerankResponse(Products):
    """The caller's products that may be shown, best first; and those that may not."""

    left_out: list[LeftOut]


class CheckOut(BaseModel):
    """One rule, and whether it lets the product through."""

    code: str
    passed: bool
    text: str


class VerdictOut(BaseModel):
    """Whether a product is shown; its rank among all that is eligible, if it is; rule by rule."""

    product_id: str
    shown: bool
    text: str = Field(description="The one sentence to read.")
    rank: int | None
    eligible: int
    checks: list[CheckOut]


class Verdicts(BaseModel):
    """One for each product asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "product_id": "p995242",
                            "shown": False,
                            "text": "No warehouse that ships there has it",
                            "rank": None,
                            "eligible": 912,
                            "checks": [
                                {"code": "unlisted", "passed": True, "text": ""},
                                {
                                    "code": "out_of_stock",
                                    "passed": False,
                                    "text": "No warehouse that ships there has it",
                                },
                            ],
                        }
                    ]
                }
            ]
        }
    )

    data: list[VerdictOut]
