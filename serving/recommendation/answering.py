"""One answer: what is eligible, who asks, which step of the chain serves, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.recommendation import person
from models.recommendation import Ranked, Who
from serving.recommendation.shelf import Shelf

Mask = NDArray[np.bool_]

# How strongly an event of the session speaks, the newest most; each older one a little less.
_SAYS = {"view": 0.5, "cart": 1.0, "purchase": 1.0}
_FADES = 0.9
_JUST_BOUGHT = timedelta(days=1)
# A product people do not buy again is not shown to who bought it this lately.
_HAS_IT_DAYS = 180.0
_TEXTS = {
    "buy_again": "You buy this regularly",
    "session": "Goes with {title}, which you just looked at",
    "similar": "People who bought {title} also bought this",
    "similar_to": "Liked by the people who like {title}",
    "bought_together": "Often in one basket with {title}",
    "popular": "Popular now",
    "new": "New in the shop",
}


@dataclass(frozen=True)
class Touch:
    """One event of a session: which product, what was done."""

    product_id: str
    kind: str


@dataclass(frozen=True)
class Ask:
    """What is asked; all that is not given is left open.

    session: oldest first. category: paths, with all below them. price_min, price_max: base
    currency. new_only: nothing the customer bought before. explain: with a reason an item.
    """

    customer_id: str | None = None
    visitor_id: str | None = None
    session: tuple[Touch, ...] = ()
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
    in_stock_only: bool = True
    new_only: bool = False
    explain: bool = False


@dataclass(frozen=True)
class Reason:
    """Why: a code, a sentence, the product it rests on."""

    code: str
    text: str
    product_id: str | None = None


@dataclass(frozen=True)
class Item:
    """One product shown; warehouse_id and on_hand are None where nobody counts."""

    product_id: str
    score: float
    reason: Reason | None
    warehouse_id: str | None
    on_hand: float | None


@dataclass(frozen=True)
class Answer:
    """Products, best first; which step of the chain served; why it is degraded, if it is."""

    items: tuple[Item, ...]
    served_by: str
    degraded: str = ""


def recommend(
    shelf: Shelf, ask: Ask, *, recent: Sequence[Mapping[str, Any]] = (), now: datetime | None = None
) -> Answer:
    """The best eligible products: `limit` of them, or all when there are fewer; each once.

    recent: the events this person sent lately, newest first (rows of `events`).
    """
    touched = [*_touches(recent), *ask.session]
    eligible = _eligible(shelf, ask, recent, now)
    if shelf.model is None:
        return _without_model(shelf, ask, eligible)
    cart = [(product, 1.0) for product in ask.cart]
    who = shelf.model.who(
        ask.customer_id, market=ask.market or ask.ship_to, session=[*_weighed(touched), *cart]
    )
    eligible = _not_owned(shelf, ask, who, eligible)
    served_by = _step(shelf, who, touched)
    wanted = ask.limit if not ask.diversity else 5 * ask.limit + 20
    if served_by in {"market_trending", "global_trending"}:
        ranked = shelf.model.trending(who.market, limit=wanted, eligible=eligible[: shelf.known])
    else:
        ranked = shelf.model.rank(who, limit=wanted, eligible=eligible[: shelf.known])
    ranked = _with_new(shelf, ranked, wanted, eligible)
    chosen = _mixed(shelf, ranked, ask)
    return Answer(_items(shelf, ask, who, chosen), served_by)


def similar(shelf: Shelf, product_id: str, ask: Ask, *, together: bool = False) -> Answer:
    """Products like one, or bought with it; filled up with its category's and then all others."""
    eligible = _eligible(shelf, ask, (), None)
    here = shelf.place.get(product_id)
    if here is not None:
        eligible[here] = False
    if shelf.model is None:
        return _without_model(shelf, ask, eligible)
    code, ranked = ("bought_together" if together else "similar_to"), _NOTHING
    known = eligible[: shelf.known]
    if here is not None and here < shelf.known:
        find = shelf.model.bought_together if together else shelf.model.similar
        ranked = find(here, limit=ask.limit, eligible=known)
    near = len(ranked.product)
    market = shelf.model.who(None, market=ask.market or ask.ship_to).market
    if here is not None and shelf.categories.code[here] >= 0:
        same = eligible & (shelf.categories.code == shelf.categories.code[here])
        more = shelf.model.trending(market, limit=ask.limit, eligible=same[: shelf.known])
        ranked = _joined(ranked, more, ask.limit)
    alike = len(ranked.product)
    ranked = _joined(
        ranked, shelf.model.trending(market, limit=ask.limit, eligible=known), ask.limit
    )
    ranked = _with_new(shelf, ranked, ask.limit, eligible)
    served_by = code if near else "same_category" if alike else "market_trending"
    because = Reason(code, _TEXTS[code].format(title=_title(shelf, here)), product_id)
    popular = Reason("popular", _TEXTS["popular"])
    reasons = [because if i < near else popular for i in range(len(ranked.product))]
    return Answer(_listed(shelf, ask, ranked, reasons), served_by)


def trending(shelf: Shelf, ask: Ask) -> Answer:
    """What sells now in a market."""
    eligible = _eligible(shelf, ask, (), None)
    if shelf.model is None:
        return _without_model(shelf, ask, eligible)
    who = shelf.model.who(None, market=ask.market or ask.ship_to)
    ranked = shelf.model.trending(who.market, limit=ask.limit, eligible=eligible[: shelf.known])
    ranked = _with_new(shelf, ranked, ask.limit, eligible)
    served_by = "market_trending" if who.market >= 0 else "global_trending"
    return Answer(_items(shelf, ask, Who(market=who.market), ranked), served_by)


_NOTHING = Ranked(np.empty(0, dtype=np.int64), np.empty(0))


def _touches(recent: Sequence[Mapping[str, Any]]) -> list[Touch]:
    """Events newest first as a session oldest first."""
    return [Touch(str(event["product_id"]), str(event["kind"])) for event in reversed(recent)]


def _weighed(touched: Sequence[Touch]) -> list[tuple[str, float]]:
    """Each product once, with its strongest say; impressions and hides say nothing."""
    says: dict[str, float] = {}
    for age, touch in enumerate(reversed(touched)):
        weight = _SAYS.get(touch.kind, 0.0) * _FADES**age
        if weight > 0:
            says[touch.product_id] = max(weight, says.get(touch.product_id, 0.0))
    return list(says.items())


def _eligible(
    shelf: Shelf, ask: Ask, recent: Sequence[Mapping[str, Any]], now: datetime | None
) -> Mask:
    """Which products the rules let through; a fresh array."""
    allowed = shelf.sellable.copy()
    if ask.in_stock_only:
        allowed &= shelf.shippable(ask.ship_to or ask.market)
    if ask.category:
        allowed &= shelf.categories.among(ask.category)
    if ask.brand:
        allowed &= shelf.brands.among(ask.brand)
    if ask.price_min is not None:
        allowed &= shelf.price >= ask.price_min
    if ask.price_max is not None:
        allowed &= shelf.price <= ask.price_max
    out = {*ask.exclude, *ask.cart}
    out |= shelf.hides.get(person(ask.customer_id, None) or "", frozenset())
    out |= shelf.hides.get(person(None, ask.visitor_id) or "", frozenset())
    out |= {touch.product_id for touch in ask.session if touch.kind in {"hide", "purchase"}}
    out |= _gone_by_events(recent, now)
    allowed[shelf.places(list(out))] = False
    return allowed


def _gone_by_events(recent: Sequence[Mapping[str, Any]], now: datetime | None) -> set[str]:
    """What was hidden, and what was bought in the last day, by what the person just sent."""
    gone = {str(event["product_id"]) for event in recent if event["kind"] == "hide"}
    bought = [event for event in recent if event["kind"] == "purchase"]
    if bought:
        newest = max(event["occurred_at"] for event in recent)
        since = (max(newest, now) if now else newest) - _JUST_BOUGHT
        gone |= {str(event["product_id"]) for event in bought if event["occurred_at"] >= since}
    return gone


def _not_owned(shelf: Shelf, ask: Ask, who: Who, eligible: Mask) -> Mask:
    """Without what the person has and nobody buys twice (with new_only: all they bought)."""
    assert shelf.model is not None, "asked only where there is a model"
    habits = shelf.model.sources.habits
    row = habits.row(who.person)
    bought = habits.product[row][habits.count[row] > 0]
    if not ask.new_only:
        lately = habits.last[row][habits.count[row] > 0] <= _HAS_IT_DAYS
        bought = bought[lately & ~shelf.repeats[bought]]
    eligible[bought] = False
    return eligible


def _step(shelf: Shelf, who: Who, touched: Sequence[Touch]) -> str:
    """Which step of the chain can serve."""
    assert shelf.model is not None, "asked only where there is a model"
    row = shelf.model.sources.habits.row(who.person)
    if row.stop > row.start:
        return "personal"
    if len(who.products):
        session = {touch.product_id for touch in touched}
        known = set(shelf.model.sources.products.text(who.products))
        return "session" if session & known else "cart"
    return "market_trending" if who.market >= 0 else "global_trending"


def _joined(first: Ranked, then: Ranked, limit: int) -> Ranked:
    """Two lists as one, each product once, scores never rising."""
    fresh = ~np.isin(then.product, first.product)
    more = then.product[fresh][: max(limit - len(first.product), 0)]
    floor = first.score[-1] if len(first.score) else 0.0
    below = floor - np.arange(1, len(more) + 1) * 1e-3
    return Ranked(np.r_[first.product, more].astype(np.int64), np.r_[first.score, below])


def _with_new(shelf: Shelf, ranked: Ranked, limit: int, eligible: Mask) -> Ranked:
    """Filled up with eligible products the model does not know yet."""
    if len(ranked.product) >= limit:
        return ranked
    new = shelf.known + np.flatnonzero(eligible[shelf.known :])
    order = np.lexsort((new, -shelf.sales[new]))
    return _joined(ranked, Ranked(new[order], np.zeros(len(new))), limit)


def _without_model(shelf: Shelf, ask: Ask, eligible: Mask) -> Answer:
    """The best sellers, when there is no model: degraded."""
    found = np.flatnonzero(eligible)
    order = np.lexsort((found, -shelf.sales[found]))[: ask.limit]
    ranked = Ranked(found[order], shelf.sales[found[order]].astype(float))
    popular = Reason("popular", _TEXTS["popular"])
    items = _listed(shelf, ask, ranked, [popular] * len(ranked.product))
    return Answer(items, "global_trending", "no_model")


def _mixed(shelf: Shelf, ranked: Ranked, ask: Ask) -> Ranked:
    """No more than (1 - diversity) of the places for one category, while others are left."""
    if not ask.diversity:
        return ranked
    most = max(1, ceil((1.0 - ask.diversity) * ask.limit))
    codes = shelf.categories.code[ranked.product]
    nth = np.zeros(len(codes), dtype=int)
    for code in np.unique(codes):
        nth[codes == code] = np.arange((codes == code).sum())
    order = np.argsort(nth >= most, kind="stable")[: ask.limit]
    score = np.minimum.accumulate(ranked.score[order])
    return Ranked(ranked.product[order], score)


def _items(shelf: Shelf, ask: Ask, who: Who, ranked: Ranked) -> tuple[Item, ...]:
    reasons = _reasons(shelf, who, ranked) if ask.explain else [None] * len(ranked.product)
    return _listed(shelf, ask, ranked, reasons)


def _listed(
    shelf: Shelf, ask: Ask, ranked: Ranked, reasons: Sequence[Reason | None]
) -> tuple[Item, ...]:
    """The products with their reasons and where they are."""
    best = shelf.best_stock(ask.ship_to or ask.market)
    items = []
    for product, score, reason in zip(ranked.product, ranked.score, reasons, strict=True):
        row = int(best.warehouse[product])
        name = shelf.warehouses[row] if row >= 0 else None
        amount = float(best.amount[product]) if row >= 0 else None
        items.append(Item(shelf.products[product], float(score), reason, name, amount))
    return tuple(items)


def _reasons(shelf: Shelf, who: Who, ranked: Ranked) -> list[Reason | None]:
    assert shelf.model is not None, "asked only where there is a model"
    old = ranked.product < shelf.known
    given = iter(shelf.model.reasons(who, ranked.product[old]))
    reasons: list[Reason | None] = []
    for known in old:
        code, rests_on = next(given) if known else ("new", None)
        named = None if rests_on is None else shelf.products[rests_on]
        reasons.append(Reason(code, _TEXTS[code].format(title=_title(shelf, rests_on)), named))
    return reasons


def _title(shelf: Shelf, product: int | None) -> str:
    return "it" if product is None else shelf.titles[product] or shelf.products[product]
