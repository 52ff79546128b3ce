"""From a pool of scored products to the places shown: fading, boosts, diversity, caps, pins.

Scores are on a log scale: a boost adds the logarithm of its factor, each showing without a click
takes a little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.storefront import Push
from decisions.recommendation.product_index import Mask, ProductIndex
from decisions.recommendation.query import ProductQuery, Visit
from models.recommendation import RankedProducts

Ints = NDArray[np.integer]
Floats = NDArray[np.float64]

# What one showing without a click leaves of a product's worth, and how many showings count.
_FADES, _MOST_SHOWINGS = 0.85, 10
# How alike two products are: the same whole category path, its first part, the brand.
_CATEGORY, _AREA, _BRAND = 0.5, 0.2, 0.3


@dataclass(frozen=True)
class _Kinds:
    """What the products of a pool are: codes of category path, of its first part, of brand."""

    category: Ints
    area: Ints
    brand: Ints


def weighed(
    index: ProductIndex, pool: RankedProducts, query: ProductQuery, visit: Visit
) -> RankedProducts:
    """The pool in a new order: what was shown in vain fades, what is boosted rises.

    index: what the products are; pool: products by score, best first; query: whose boosts count;
    visit: whose `unmoved` tells what was shown in vain, and how often.
    """
    change = np.zeros(len(pool.product))
    if visit.unmoved:
        change += _faded(index, pool.product, visit.unmoved)
    for boost in query.boosts:
        change[_meant(index, pool.product, boost)] += np.log(boost.factor)
    if not change.any():
        return pool
    score = pool.score + change
    order = np.argsort(-score, kind="stable")
    return RankedProducts(pool.product[order], score[order])


def _faded(index: ProductIndex, products: Ints, unmoved: Mapping[str, int]) -> Floats:
    times = {index.place[name]: n for name, n in unmoved.items() if name in index.place}
    shown = np.array([min(times.get(int(product), 0), _MOST_SHOWINGS) for product in products])
    return np.asarray(shown * np.log(_FADES), dtype=np.float64)


def _meant(index: ProductIndex, products: Ints, boost: Push) -> Mask:
    """Which of the products a boost means."""
    meant = np.ones(len(products), dtype=bool)
    if boost.product_id is not None:
        meant &= products == index.place.get(boost.product_id, -1)
    if boost.category is not None:
        meant &= index.categories.among([boost.category])[products]
    if boost.brand is not None:
        meant &= index.brands.among([boost.brand])[products]
    return meant


def one_of_each_article(
    index: ProductIndex, pool: RankedProducts, *, besides: int | None = None
) -> RankedProducts:
    """The pool with the best size or colour of each article only.

    index: which products are of one article; pool: products by score, best first; besides: position
    of a product whose article is left out altogether, None: no article is.
    """
    if not index.has_variants:
        return pool
    article = index.variants[pool.product]
    kept = np.zeros(len(article), dtype=bool)
    kept[np.unique(article, return_index=True)[1]] = True
    if besides is not None:
        kept &= article != index.variants[besides]
    return RankedProducts(pool.product[kept], pool.score[kept])


def spread(
    index: ProductIndex, pool: RankedProducts, query: ProductQuery
) -> tuple[RankedProducts, bool]:
    """The first `limit` of a pool, diverse and within the caps; and whether every cap held.

    Maximal marginal relevance (Carbonell, Goldstein, 1998): each place goes to the largest
    (1 − d) · relevance − d · likeness to the nearest already placed, with d the diversity and
    relevance the score scaled to [0, 1] over the pool. A cap that leaves nobody gives way.

    index: the products' categories and brands; pool: products by score, best first; query: its
    limit, diversity (0 … 1) and caps.
    """
    if not query.diversity and not query.caps:
        return RankedProducts(pool.product[: query.limit], pool.score[: query.limit]), True
    kinds = _Kinds(
        index.categories.code[pool.product],
        index.areas.code[pool.product],
        index.brands.code[pool.product],
    )
    relevance = _scaled(pool.score)
    likeness = np.zeros(len(relevance))
    free = np.ones(len(relevance), dtype=bool)
    places: list[int] = []
    held = True
    for _ in range(min(query.limit, len(relevance))):
        open_to = free & _within_caps(kinds, places, query)
        held &= bool(open_to.any())
        value = (1.0 - query.diversity) * relevance - query.diversity * likeness
        value[~(open_to if open_to.any() else free)] = -np.inf
        best = int(value.argmax())
        places.append(best)
        free[best] = False
        likeness = np.maximum(likeness, _alike(kinds, best))
    return RankedProducts(pool.product[places], falling(pool.score[places])), held


def _within_caps(kinds: _Kinds, places: Sequence[int], query: ProductQuery) -> Mask:
    """Products whose category and brand have a place left; one without is not counted."""
    allowed = np.ones(len(kinds.category), dtype=bool)
    for code, cap in ((kinds.category, query.caps.category), (kinds.brand, query.caps.brand)):
        if cap is not None:
            taken, times = np.unique(code[list(places)], return_counts=True)
            allowed &= ~np.isin(code, taken[(times >= cap) & (taken >= 0)])
    return allowed


def _alike(kinds: _Kinds, one: int) -> Floats:
    """How alike each product is to one, from 0 to 1; what has no label is like nothing in it."""
    parts = ((kinds.category, _CATEGORY), (kinds.area, _AREA), (kinds.brand, _BRAND))
    return np.asarray(
        sum(weight * ((code == code[one]) & (code >= 0)) for code, weight in parts),
        dtype=np.float64,
    )


def _scaled(score: Floats) -> Floats:
    low, high = (score.min(), score.max()) if len(score) else (0.0, 0.0)
    return np.asarray((score - low) / max(high - low, 1e-12))


def falling(score: Floats) -> Floats:
    """Scores that never rise with the rank: one moved ahead bears the score of what it passed.

    >>> falling(np.array([1.0, 3.0, 2.0])).tolist()
    [3.0, 3.0, 2.0]
    """
    return np.asarray(np.maximum.accumulate(score[::-1])[::-1])


def pinned(
    index: ProductIndex, ranked: RankedProducts, query: ProductQuery, eligible: Mask
) -> RankedProducts:
    """A ranking with the eligible pins first, in their order.

    index: where the products stand; ranked: products by score, best first; query: its pins and its
    limit; eligible: by product of the index, whether it may be shown.
    """
    pins = [place for place in dict.fromkeys(index.places(query.pins)) if eligible[place]]
    if not pins:
        return ranked
    rest = ~np.isin(ranked.product, pins)
    product = np.r_[pins, ranked.product[rest]][: query.limit]
    first = ranked.score[0] if len(ranked.score) else 0.0
    score = np.r_[np.full(len(pins), first), ranked.score[rest]][: query.limit]
    return RankedProducts(product.astype(np.int64), score)
