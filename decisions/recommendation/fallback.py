"""The chain of steps that fills the places: personal, session, cart, market, everywhere.

Each step's products stand below those of the step before; the chain ends when the pool is large
enough or nothing eligible is left, so an answer is empty only when nothing may be shown.
"""

from collections.abc import Sequence

import numpy as np

from decisions.recommendation.product_index import Mask, ProductIndex
from decisions.recommendation.query import SessionTouch
from decisions.recommendation.recent_activity import model_end
from decisions.recommendation.rules import EligibilityCase, viewed_lately
from features.recommendation import person
from models.recommendation import RankedProducts, RecentAction, Shopper

MARKET, EVERYWHERE = "market_trending", "global_trending"
NOTHING = RankedProducts(np.empty(0, dtype=np.int64), np.empty(0))

# How strongly an event of the session speaks, the newest most; each older one a little less.
_SAYS = {"view": 0.5, "click": 0.5, "cart": 1.0}
_FADES = 0.9
# The step between two products of a refill, on the scale of the scores.
_BELOW = 1e-3


def find_shopper_of(case: EligibilityCase) -> Shopper | None:
    """The person, the market and the session as the model knows them."""
    query, model = case.query, case.index.model
    if model is None:
        return None
    touched = [*case.visit.touched, *query.session]
    cart = [(product, 1.0) for product in query.cart]
    known_as = person(query.customer_id, query.visitor_id)
    if known_as is not None and case.index.is_forgotten(known_as):
        known_as = None
    return model.find_shopper(
        known_as,
        market=query.country,
        session=[*_weighed(touched), *cart],
        recent=recent_actions(case),
        days=days_since_model(case),
    )


def days_since_model(case: EligibilityCase) -> float:
    """Days from the newest fact the model knows to the newest the index knows."""
    return max((case.index.as_of - model_end(case.index.model)).total_seconds() / 86400, 0.0)


def recent_actions(case: EligibilityCase) -> list[RecentAction]:
    """What the person bought of known products since the model was made, oldest first, each once.

    What they only looked at is of their session, and is not in here.
    """
    end, days = model_end(case.index.model), days_since_model(case)
    found: list[RecentAction] = []
    counted: set[tuple[str, object]] = set()
    for action in case.past_actions():
        place = case.index.place.get(action.product_id, case.index.known)
        same_day = (action.product_id, action.at.date())
        if place >= case.index.known or action.kind != "purchase" or action.at <= end:
            continue
        if same_day not in counted:
            counted.add(same_day)
            since = min((action.at - end).total_seconds() / 86400, days)
            basket = action.order_id or f"@{action.at:%Y-%m-%d}"
            found.append(RecentAction(place, bought=True, days=since, weight=1.0, basket=basket))
    return found


def _weighed(touched: Sequence[SessionTouch]) -> list[tuple[str, float]]:
    """Each product once, with its strongest say; impressions and hides say nothing."""
    says: dict[str, float] = {}
    for age, touch in enumerate(reversed(touched)):
        weight = _SAYS.get(touch.kind, 0.0) * _FADES**age
        if weight > 0:
            says[touch.product_id] = max(weight, says.get(touch.product_id, 0.0))
    return list(says.items())


def first_step(case: EligibilityCase) -> str:
    """The first step that can serve: what is known of who asks."""
    who, model = case.who, case.index.model
    if who is None or model is None:
        return EVERYWHERE
    if case.query.personal:
        if len(who.history):
            return "personal"
        if len(who.products):
            session = {touch.product_id for touch in (*case.visit.touched, *case.query.session)}
            known = set(model.sources.products.text(who.products))
            return "session" if session & known else "similar_to_cart"
    return MARKET if who.market >= 0 else EVERYWHERE


def pool(
    case: EligibilityCase, eligible: Mask, wanted: int, *, hurry: bool = False
) -> tuple[RankedProducts, str]:
    """At least `wanted` eligible products, best first (all, when there are fewer); who served.

    case: the question, with what is known of who asks; eligible: by product of the index, whether
    it may be shown; wanted: how many products; hurry: no time for the personal steps.
    """
    index, step = case.index, first_step(case)
    if case.query.strategy == "recently_viewed":
        seen = np.array([at for at in viewed_lately(case) if eligible[at]], dtype=np.int64)[:wanted]
        return RankedProducts(seen, -np.arange(len(seen), dtype=float) * _BELOW), "recently_viewed"
    market = case.who.market if case.who is not None else -1
    personal = NOTHING
    if step not in {MARKET, EVERYWHERE} and not hurry:
        assert index.model is not None, "else no personal step"
        assert case.who is not None, "else no personal step"
        personal = index.model.candidates(
            case.who, eligible=eligible[: index.known], new_only=case.query.new_only
        )
        personal = _with_new(index, personal, eligible)
    served_by = step if len(personal.product) else MARKET if market >= 0 else EVERYWHERE
    first = RankedProducts(personal.product[:wanted], personal.score[:wanted])
    return filled(index, first, wanted, eligible, market), served_by


def _with_new(index: ProductIndex, ranked: RankedProducts, eligible: Mask) -> RankedProducts:
    """A ranking with eligible products the model never saw, each where those most like it stand."""
    if index.model is None or index.look_alikes is None or not len(ranked.product):
        return ranked
    fresh = index.model.rank_new_products(index.look_alikes, ranked)
    place = index.newest[fresh.product]
    allowed = eligible[place]
    product = np.r_[ranked.product, place[allowed]].astype(np.int64)
    score = np.r_[ranked.score, fresh.score[allowed]]
    order = np.lexsort((product, -score))
    return RankedProducts(product[order], score[order])


def filled(
    index: ProductIndex, ranked: RankedProducts, wanted: int, eligible: Mask, market: int
) -> RankedProducts:
    """A ranking filled up from below with what sells best in the market, each product once.

    index: what sells where; ranked: products by score, best first; wanted: how many products there
    shall be; eligible: by product of the index, whether it may be shown; market: the model's row of
    a market, -1: everywhere.
    """
    if len(ranked.product) >= wanted:
        return ranked
    more = index.trending(market, wanted + len(ranked.product), eligible)
    if not len(ranked.product):
        return RankedProducts(more[:wanted].astype(np.int64), index.selling(market, more[:wanted]))
    more = more[~np.isin(more, ranked.product)][: wanted - len(ranked.product)]
    below = ranked.score[-1] - np.arange(1, len(more) + 1) * _BELOW
    return RankedProducts(np.r_[ranked.product, more].astype(np.int64), np.r_[ranked.score, below])
