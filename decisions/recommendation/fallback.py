"""The chain of steps that fills the places: personal, session, cart, market, everywhere.

Each step's products stand below those of the step before; the chain ends when the pool is large
enough or nothing eligible is left, so an answer is empty only when nothing may be shown.
"""

from collections.abc import Sequence

import numpy as np

from decisions.recommendation.product_index import Mask, Shelf
from decisions.recommendation.query import Touch
from decisions.recommendation.rules import Case
from models.recommendation import Ranked, Who

MARKET, EVERYWHERE = "market_trending", "global_trending"
NOTHING = Ranked(np.empty(0, dtype=np.int64), np.empty(0))

# How strongly an event of the session speaks, the newest most; each older one a little less.
_SAYS = {"view": 0.5, "cart": 1.0, "purchase": 1.0}
_FADES = 0.9
# The step between two products of a refill, on the scale of the scores.
_BELOW = 1e-3


def who_asks(case: Case) -> Who | None:
    """The person, the market and the session as the model knows them."""
    ask, model = case.ask, case.shelf.model
    if model is None:
        return None
    touched = [*case.visit.touched, *ask.session]
    cart = [(product, 1.0) for product in ask.cart]
    return model.who(ask.customer_id, market=ask.country, session=[*_weighed(touched), *cart])


def _weighed(touched: Sequence[Touch]) -> list[tuple[str, float]]:
    """Each product once, with its strongest say; impressions and hides say nothing."""
    says: dict[str, float] = {}
    for age, touch in enumerate(reversed(touched)):
        weight = _SAYS.get(touch.kind, 0.0) * _FADES**age
        if weight > 0:
            says[touch.product_id] = max(weight, says.get(touch.product_id, 0.0))
    return list(says.items())


def first_step(case: Case) -> str:
    """The first step that can serve: what is known of who asks."""
    who, model = case.who, case.shelf.model
    if who is None or model is None:
        return EVERYWHERE
    if case.ask.personal:
        row = model.sources.habits.row(who.person)
        if row.stop > row.start:
            return "personal"
        if len(who.products):
            session = {touch.product_id for touch in (*case.visit.touched, *case.ask.session)}
            known = set(model.sources.products.text(who.products))
            return "session" if session & known else "similar_to_cart"
    return MARKET if who.market >= 0 else EVERYWHERE


def pool(case: Case, eligible: Mask, wanted: int, *, hurry: bool = False) -> tuple[Ranked, str]:
    """At least `wanted` eligible products, best first (all, when there are fewer); who served.

    hurry: no time for the personal steps.
    """
    shelf, step = case.shelf, first_step(case)
    market = case.who.market if case.who is not None else -1
    personal = NOTHING
    if step not in {MARKET, EVERYWHERE} and not hurry:
        assert shelf.model is not None, "else no personal step"
        assert case.who is not None, "else no personal step"
        personal = shelf.model.candidates(case.who, eligible=eligible[: shelf.known])
        personal = _with_new(shelf, personal, eligible)
    served_by = step if len(personal.product) else MARKET if market >= 0 else EVERYWHERE
    first = Ranked(personal.product[:wanted], personal.score[:wanted])
    return filled(shelf, first, wanted, eligible, market), served_by


def _with_new(shelf: Shelf, ranked: Ranked, eligible: Mask) -> Ranked:
    """With the eligible products the model never saw, each where those most like it stand."""
    if shelf.model is None or shelf.twins is None or not len(ranked.product):
        return ranked
    fresh = shelf.model.fresh(shelf.twins, ranked)
    place = shelf.newest[fresh.product]
    allowed = eligible[place]
    product = np.r_[ranked.product, place[allowed]].astype(np.int64)
    score = np.r_[ranked.score, fresh.score[allowed]]
    order = np.lexsort((product, -score))
    return Ranked(product[order], score[order])


def filled(shelf: Shelf, ranked: Ranked, wanted: int, eligible: Mask, market: int) -> Ranked:
    """Filled up with what sells best in the market, each product once, below what is there."""
    if len(ranked.product) >= wanted:
        return ranked
    more = shelf.trending(market, wanted + len(ranked.product), eligible)
    if not len(ranked.product):
        return Ranked(more[:wanted].astype(np.int64), shelf.selling(market, more[:wanted]))
    more = more[~np.isin(more, ranked.product)][: wanted - len(ranked.product)]
    below = ranked.score[-1] - np.arange(1, len(more) + 1) * _BELOW
    return Ranked(np.r_[ranked.product, more].astype(np.int64), np.r_[ranked.score, below])
