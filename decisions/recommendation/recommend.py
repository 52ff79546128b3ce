"""One answer: the rules first, then the pool, then the places, then the words."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from decisions.recommendation.diversify import falling, one_of_each_article, pinned, spread, weighed
from decisions.recommendation.fallback import (
    EVERYWHERE,
    MARKET,
    NOTHING,
    filled,
    find_shopper_of,
    pool,
)
from decisions.recommendation.product_index import Mask, ProductIndex
from decisions.recommendation.query import (
    NO_VISIT,
    ProductQuery,
    RecommendationAnswer,
    RecommendationReason,
    RecommendedItem,
    Visit,
)
from decisions.recommendation.reasons import likeness, reasons, worded
from decisions.recommendation.rules import EligibilityCase, eligible
from models.recommendation import RankedProducts


def recommend(
    index: ProductIndex, query: ProductQuery, visit: Visit = NO_VISIT, *, hurry: bool = False
) -> RecommendationAnswer:
    """The best eligible products: `limit` of them, or all when there are fewer; each once.

    index: what may be shown; query: what is asked; visit: what the person did lately; hurry: there
    is no time left for the personal steps.
    """
    query = at_home(index, query)
    case = eligibility_case(index, query, visit)
    allowed = eligible(case)
    ranked, served_by = _arranged(case, allowed, hurry=hurry)
    shown = pinned(index, ranked, query, allowed)
    given = reasons(case, shown, personal=_personal(served_by)) if query.explain else None
    return RecommendationAnswer(
        _listed(index, query, shown, given), served_by, _degraded(index, query)
    )


def trending(
    index: ProductIndex, query: ProductQuery, visit: Visit = NO_VISIT
) -> RecommendationAnswer:
    """What sells now in a market.

    index: what sells where; query: what is asked, its country is the market, else the one that the
    customer buys in; visit: what the person did lately, for the rules.
    """
    return recommend(index, replace(query, personal=False), visit)


def similar(
    index: ProductIndex,
    product_id: str,
    query: ProductQuery,
    visit: Visit = NO_VISIT,
    *,
    together: bool = False,
) -> RecommendationAnswer:
    """Products like one, or bought with it; filled up with its category's and then all others.

    index: what may be shown; product_id: the product looked at, which is not shown itself; query:
    what is asked; visit: what the person did lately; together: products bought with it, else
    products like it.
    """
    query = at_home(index, query)
    query = replace(query, exclude=(*query.exclude, product_id))
    case = eligibility_case(index, query, visit)
    allowed = eligible(case)
    code, here = ("bought_together" if together else "similar_to"), index.place.get(product_id)
    wanted = _wanted(query, visit) * (4 if index.has_variants else 1)
    near = NOTHING
    if index.model is not None and here is not None and here < index.known:
        find = index.model.bought_together if together else index.model.similar
        near = find(here, limit=wanted, eligible=allowed[: index.known])
    alike = _same_category(case, here, near, wanted, allowed)
    market = case.who.market if case.who is not None else -1
    ranked = filled(index, alike, wanted, allowed, market)
    ranked = one_of_each_article(index, ranked, besides=here)
    chosen, _ = spread(index, weighed(index, ranked, query, visit), query)
    shown = pinned(index, chosen, query, allowed)
    tied = set(near.product.tolist())
    popular = worded(index, "popular")
    given = [
        likeness(index, code, here, product) if product in tied else popular
        for product in shown.product.tolist()
    ]
    given = given if query.explain else []
    served_by = code if tied else "same_category" if len(alike.product) else _selling(market)
    return RecommendationAnswer(
        _listed(index, query, shown, given), served_by, _degraded(index, query)
    )


def rerank(
    index: ProductIndex, products: Sequence[str], query: ProductQuery, visit: Visit = NO_VISIT
) -> RecommendationAnswer:
    """The products given that may be shown, the one this person likes best first; each once.

    index: what may be shown; products: ids, less what the index does not have; query: what
    is asked, its limit included; visit: what the person did lately.
    """
    query = at_home(index, query)
    case = eligibility_case(index, query, visit)
    among = np.zeros(len(index.products), dtype=bool)
    among[index.places(products)] = True
    allowed = eligible(case) & among
    ranked, served_by = _arranged(case, allowed)
    given = reasons(case, ranked, personal=_personal(served_by)) if query.explain else None
    return RecommendationAnswer(
        _listed(index, query, ranked, given), served_by, _degraded(index, query)
    )


def at_home(index: ProductIndex, query: ProductQuery) -> ProductQuery:
    """The question with the market the customer buys in, where it names no country itself.

    index: where customers buy; query: as asked.
    """
    if query.country is not None or query.customer_id is None:
        return query
    return replace(query, market=index.activity.markets.of(query.customer_id))


def eligibility_case(index: ProductIndex, query: ProductQuery, visit: Visit) -> EligibilityCase:
    """The question with what is known of who asks.

    index: what may be shown, and the model; query: what is asked; visit: what the person did
    lately.
    """
    case = EligibilityCase(index, at_home(index, query), visit)
    return replace(case, who=find_shopper_of(case))


def _wanted(query: ProductQuery, visit: Visit) -> int:
    """How many products must be looked at to fill the places."""
    plain = not (query.diversity or query.caps or query.boosts or visit.unmoved)
    return query.limit if plain else 5 * query.limit + 20


def _arranged(
    case: EligibilityCase, allowed: Mask, *, hurry: bool = False
) -> tuple[RankedProducts, str]:
    """The places in order, and which step served; a cap that empties a place widens the pool."""
    wanted = _wanted(case.query, case.visit)
    while True:
        found, served_by = pool(case, allowed, wanted, hurry=hurry)
        enough = len(found.product) < wanted
        found = one_of_each_article(case.index, found)
        places, held = spread(
            case.index, weighed(case.index, found, case.query, case.visit), case.query
        )
        if enough or (held and len(places.product) >= case.query.limit):
            return RankedProducts(places.product, falling(places.score)), served_by
        wanted *= 8


def _same_category(
    case: EligibilityCase, here: int | None, near: RankedProducts, wanted: int, allowed: Mask
) -> RankedProducts:
    code = case.index.categories.code
    if here is None or code[here] < 0 or len(near.product) >= wanted:
        return near
    market = case.who.market if case.who is not None else -1
    return filled(case.index, near, wanted, allowed & (code == code[here]), market)


def _personal(served_by: str) -> bool:
    return served_by not in {MARKET, EVERYWHERE}


def _degraded(index: ProductIndex, query: ProductQuery) -> str:
    """Why the answer is simpler than it should be: no model, or no warehouse that ships there."""
    if index.model is None:
        return "no_model"
    return "" if index.delivers(query.country) else "no_delivery"


def _selling(market: int) -> str:
    return MARKET if market >= 0 else EVERYWHERE


def _listed(
    index: ProductIndex,
    query: ProductQuery,
    ranked: RankedProducts,
    given: Sequence[RecommendationReason] | None,
) -> tuple[RecommendedItem, ...]:
    """The products with their reasons and where they are."""
    best = index.best_stock(query.country)
    rows = best.warehouse[ranked.product].tolist()
    amounts = best.amount[ranked.product].tolist()
    return tuple(
        RecommendedItem(
            product_id=index.products[product],
            score=score,
            reason=given[i] if given else None,
            warehouse_id=index.warehouses[row] if row >= 0 else None,
            on_hand=amount if row >= 0 else None,
        )
        for i, (product, score, row, amount) in enumerate(
            zip(ranked.product.tolist(), ranked.score.tolist(), rows, amounts, strict=True)
        )
    )
