"""Candidates of one person: every source's eligible proposals, each once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.recommendation.selection import best, top
from models.recommendation.sources import Sources

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]

NOBODY = -1
# How many products each source proposes; a person's own products are proposed up to `_OWN`.
_POOL, _OWN = 100, 400
# How many of a person's products speak for them: the strongest.
_SEEDS = 100
# Days: purchases this close to the newest are of the same basket.
_BASKET = 0.25


@dataclass(frozen=True)
class Who:
    """For whom: a person's row (NOBODY when unknown), the session so far, the market's row.

    products, weights: what the session touched, how strongly (a view 0.1, a cart 0.3).
    """

    person: int = NOBODY
    market: int = NOBODY
    products: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    weights: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Pool:
    """Candidates, by product, and what each source says of them (0: nothing)."""

    product: Ints
    taste: Floats
    neighbours: Floats
    together: Floats


def gather(sources: Sources, who: Who, eligible: Mask | None) -> Pool:
    """The person's own products, the session's, and the best of each source."""
    own = _own(sources, who)
    liked, strength = speakers(sources, who)
    size = len(sources.products)
    said = [
        sources.taste.spread(liked, strength, size),
        sources.neighbours.spread(liked, strength, size),
        sources.together.spread(*_last_basket(sources, who), size),
    ]
    proposals = [_allowed(own, eligible), _allowed(who.products, eligible)]
    proposals += [best(score, _POOL, eligible, above=0.0) for score in said]
    proposals += list(_leaders(sources, who.market, eligible))
    found = np.unique(np.concatenate(proposals)).astype(np.int64)
    return Pool(found, *(score[found] for score in said))


def _own(sources: Sources, who: Who) -> Ints:
    known = sources.habits
    row = known.row(who.person)
    if row.stop - row.start <= _OWN:
        return known.product[row]
    return known.product[row][top(known.decayed[row, -1], _OWN)]


def speakers(sources: Sources, who: Who) -> tuple[Ints, Floats]:
    """The products that speak most for a person, their own and the session's; how strongly."""
    known = sources.habits
    row = known.row(who.person)
    products = np.r_[known.product[row], who.products].astype(np.int64)
    strength = np.log1p(np.r_[known.liked[row], who.weights].astype(np.float64))
    if len(products) <= _SEEDS:
        return products, strength
    seeds = top(strength, _SEEDS)
    return products[seeds], strength[seeds]


def _last_basket(sources: Sources, who: Who) -> tuple[Ints, Floats]:
    """What was bought last, and the session."""
    known = sources.habits
    row = known.row(who.person)
    bought = known.count[row] > 0
    product, last = known.product[row][bought], known.last[row][bought]
    newest = product[last <= last.min(initial=np.inf) + _BASKET]
    products = np.r_[newest, who.products].astype(np.int64)
    return products, np.r_[np.ones(len(newest)), who.weights]


def _leaders(sources: Sources, market: int, eligible: Mask | None) -> Iterator[Ints]:
    """What sells now, in the market and everywhere."""
    for row in {market, NOBODY}:
        leaders = _allowed(sources.sells.leaders[row], eligible)[:_POOL]
        if len(leaders) < min(_POOL, len(sources.products)):
            leaders = best(sources.sells.trend[row], _POOL, eligible, above=0.0)
        yield leaders


def _allowed(products: Ints, eligible: Mask | None) -> Ints:
    return products if eligible is None else products[eligible[products]]
