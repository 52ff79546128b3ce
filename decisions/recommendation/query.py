"""One question and its answer, as values: what is asked, what may come back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from data.storefront import Push


@dataclass(frozen=True)
class SessionTouch:
    """One event of a session: which product, what was done."""

    product_id: str
    kind: str


@dataclass(frozen=True)
class PlacementCaps:
    """How many places one category (its whole path) or one brand may take; None: any number.

    A cap gives way rather than leave a place empty.
    """

    category: int | None = None
    brand: int | None = None

    def __bool__(self) -> bool:
        return self.category is not None or self.brand is not None


@dataclass(frozen=True)
class ProductQuery:
    """What is asked; all that is not given is left open.

    session: oldest first. category: paths, with all below them. price_min, price_max: base
    currency. diversity: 0 by score alone, 1 as unlike as can be. pins: shown first, in this order,
    where the rules let them. new_only: nothing the customer bought before. explain: with a reason
    an item. personal: False shows everybody what sells (the hold-out of an experiment). strategy:
    what the list is for (`strategies`), "": no more than usual.
    """

    customer_id: str | None = None
    visitor_id: str | None = None
    session: tuple[SessionTouch, ...] = ()
    cart: tuple[str, ...] = ()
    market: str | None = None
    ship_to: str | None = None
    limit: int = 10
    exclude: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    price_min: float | None = None
    price_max: float | None = None
    diversity: float = 0.0
    caps: PlacementCaps = field(default_factory=PlacementCaps)
    pins: tuple[str, ...] = ()
    boosts: tuple[Push, ...] = ()
    in_stock_only: bool = True
    new_only: bool = False
    explain: bool = False
    personal: bool = True
    strategy: str = ""

    @property
    def country(self) -> str | None:
        """Where it must be shipped."""
        return self.ship_to or self.market


@dataclass(frozen=True)
class PastAction:
    """What a person did with a product, and when; order_id: None where no order is known."""

    product_id: str
    kind: str
    at: datetime
    order_id: str | None = None


@dataclass(frozen=True)
class Visit:
    """What a person did lately, as the rules and the model take it.

    touched: views and carts of the session, oldest first; a purchase is no look. just_bought: in
    the last day. done: all that is known by events, oldest first. hidden: ever, less what was
    shown again on request. unmoved: product -> how often it was shown since the person last
    touched it. names: keys the person is known by, besides those of the query. unit: what an
    experiment's arm sticks to, where the person has several names.
    """

    touched: tuple[SessionTouch, ...] = ()
    done: tuple[PastAction, ...] = ()
    just_bought: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    unmoved: Mapping[str, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    unit: str | None = None


NO_VISIT = Visit()


@dataclass(frozen=True)
class RecommendationReason:
    """Why: a code, a sentence, the product it rests on."""

    code: str
    text: str
    product_id: str | None = None


@dataclass(frozen=True)
class RecommendedItem:
    """One product shown; warehouse_id and on_hand are None where nobody counts.

    score: on a log scale, never rising with the rank.
    """

    product_id: str
    score: float
    reason: RecommendationReason | None
    warehouse_id: str | None
    on_hand: float | None


@dataclass(frozen=True)
class RecommendationAnswer:
    """Products, best first; which step of the chain served; why it is degraded, if it is."""

    items: tuple[RecommendedItem, ...]
    served_by: str
    degraded: str = ""
