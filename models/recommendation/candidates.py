"""Candidates of one person: every source's eligible proposals, each once, with what each says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.recommendation.neighbours import Neighbours
from models.recommendation.purchase_history import NO_HISTORY, PersonHistory
from models.recommendation.selection import select_best, top_positions
from models.recommendation.sources import Sources

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]

NOBODY = -1
# How many products each source proposes; a person's own products are proposed up to `_OWN`.
_POOL, _OWN = 100, 400
# How many of a person's products speak for them in the sources: the strongest.
_SEEDS = 100
# How many products speak in the plain rules: the latest.
_PLAIN_SEEDS = 400
# Days: half-life of what the newer neighbours' rule counts; purchases this close to the newest are
# of the same basket.
_RECENT_HALF_LIFE, _BASKET = 30.0, 0.25
# The share of what sells that decides between products a source says the same of.
_TIE = 1e-4
# Categories of a person whose best sellers are proposed.
_CATEGORIES, _OF_CATEGORY = 12, 20

# Every source that may rank alone, in the order of the columns of `CandidatePool.scores`.
SOURCE_SCORES = (
    "frequency",
    "recent_frequency",
    "popular",
    "popular_now",
    "item_knn",
    "item_knn_recent",
    "user_knn",
    "graph_filter",
    "random_walk",
    "co_purchase",
    "category",
)


@dataclass(frozen=True)
class Shopper:
    """For whom: a person's history, the session so far, the market's position.

    person: their row among the people the sources know (NOBODY when unknown). products, weights:
    what the session touched, how strongly (a view 0.1, a cart 0.3).
    """

    person: int = NOBODY
    market: int = NOBODY
    history: PersonHistory = NO_HISTORY
    products: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    weights: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def is_unknown(self) -> bool:
        """True if nothing is known of what the person did before."""
        return not len(self.history)


@dataclass(frozen=True)
class CandidatePool:
    """Candidates, by product.

    said: by source, its score of each candidate (0: nothing). scores: candidates × SOURCE_SCORES,
    each from 0 to 1 by person, ties broken by what sells.
    """

    product: Ints
    said: Mapping[str, Floats]
    scores: NDArray[np.float32]


def gather_candidates(sources: Sources, shopper: Shopper, eligible: Mask | None) -> CandidatePool:
    """The person's own products, the session's, and the best of each source.

    sources: what proposes; shopper: for whom; eligible: by product, whether it may be proposed;
    None: all may.
    """
    size = len(sources.products)
    said = _source_scores(sources, shopper, size)
    proposals = [_allowed(_own(shopper.history), eligible), _allowed(shopper.products, eligible)]
    proposals += [select_best(score, _POOL, eligible, above=0.0) for score in said.values()]
    proposals += list(_leaders(sources, shopper.market, eligible))
    categories, weights = favourite_categories(sources, shopper)
    proposals += [_allowed(each, eligible) for each in _best_sellers(sources, categories)]
    found = np.unique(np.concatenate(proposals)).astype(np.int64)
    there = {name: score[found] for name, score in said.items()}
    there["category"] = _category_scores(sources, found, categories, weights)
    return CandidatePool(found, there, _rankable(sources, shopper, found, there))


def _source_scores(sources: Sources, shopper: Shopper, size: int) -> dict[str, Floats]:
    """What each source says of every product."""
    liked, strength = strongest_interests(shopper)
    plain, age = _latest_products(shopper)
    ones = np.ones(len(plain))
    return {
        "item_knn": sources.item_knn.spread(plain, ones, size),
        "item_knn_recent": sources.item_knn.spread(plain, 0.5 ** (age / _RECENT_HALF_LIFE), size),
        "user_knn": similar_people_scores(sources, shopper, size),
        "graph_filter": sources.graph_filter.spread(liked, strength, size),
        "random_walk": sources.random_walk.spread(liked, strength, size),
        "co_purchase": sources.co_purchase.spread(*last_basket(shopper), size),
    }


def similar_people_scores(sources: Sources, shopper: Shopper, size: int) -> NDArray[np.float64]:
    """What people like this one bought, by how like they are; 0 for somebody unknown.

    sources: who is like whom, and who bought what; shopper: for whom; size: how many products there
    are.
    """
    if shopper.person < 0:
        return np.zeros(size)
    people, likeness = sources.user_knn.of(shopper.person)
    known = sources.history
    bought = Neighbours(known.start, known.product, (known.count > 0).astype(np.float32))
    return bought.spread(people, likeness, size)


def _own(history: PersonHistory) -> Ints:
    if len(history) <= _OWN:
        return history.product
    return history.product[top_positions(history.decayed[:, -1] + 1e-3 * history.count, _OWN)]


def strongest_interests(shopper: Shopper) -> tuple[Ints, Floats]:
    """The products that speak most for a person, their own and the session's; how strongly."""
    products = np.r_[shopper.history.product, shopper.products].astype(np.int64)
    strength = np.log1p(np.r_[shopper.history.liked, shopper.weights].astype(np.float64))
    if len(products) <= _SEEDS:
        return products, strength
    seeds = top_positions(strength, _SEEDS)
    return products[seeds], strength[seeds]


def _latest_products(shopper: Shopper) -> tuple[Ints, Floats]:
    """What a person bought, the latest where there is very much, and the session; days since."""
    history = shopper.history
    held = np.flatnonzero(history.count > 0)
    if len(held) > _PLAIN_SEEDS:
        held = held[top_positions(-history.last[held], _PLAIN_SEEDS)]
    product, age = history.product[held], history.last[held]
    new = ~np.isin(shopper.products, product)
    products = np.r_[product, shopper.products[new]].astype(np.int64)
    return products, np.r_[age - age.min(initial=np.inf), np.zeros(int(new.sum()))]


def last_basket(shopper: Shopper) -> tuple[Ints, Floats]:
    """What was bought last, and the session; how strongly each speaks."""
    history = shopper.history
    bought = history.count > 0
    product, last = history.product[bought], history.last[bought]
    newest = product[last <= last.min(initial=np.inf) + _BASKET]
    products = np.r_[newest, shopper.products].astype(np.int64)
    return products, np.r_[np.ones(len(newest)), shopper.weights]


def favourite_categories(sources: Sources, shopper: Shopper) -> tuple[Ints, Floats]:
    """The categories a person likes most, and their share of what they like.

    sources: the products' categories; shopper: for whom; of their own products and the session's
    the strongest speak.
    """
    products, strength = strongest_interests(shopper)
    category = sources.catalogue.category[products]
    known = category >= 0
    if not known.any():
        return np.empty(0, dtype=np.int64), np.empty(0)
    codes, place = np.unique(category[known], return_inverse=True)
    weight = np.bincount(place, strength[known])
    first = top_positions(weight.astype(np.float64), _CATEGORIES)
    return codes[first].astype(np.int64), weight[first] / max(float(weight.sum()), 1e-12)


def _best_sellers(sources: Sources, categories: Ints) -> Iterator[Ints]:
    start, leaders = sources.popularity.category_start, sources.popularity.category_leaders
    for category in categories:
        begin = int(start[category])
        yield leaders[begin : min(begin + _OF_CATEGORY, int(start[category + 1]))]


def _category_scores(
    sources: Sources, found: Ints, categories: Ints, weights: Floats
) -> NDArray[np.float64]:
    """How much the person likes each candidate's category, times how well it sells."""
    size = int(sources.catalogue.category.max(initial=-1)) + 2
    liked = np.zeros(size)
    liked[categories] = weights
    sells = np.sqrt(sources.popularity.trend[-1][found].astype(np.float64))
    # The last place is for products without a category (-1).
    return np.asarray(liked[sources.catalogue.category[found]] * sells, dtype=np.float64)


def _leaders(sources: Sources, market: int, eligible: Mask | None) -> Iterator[Ints]:
    """What sells now, in the market and everywhere."""
    for row in {market, NOBODY}:
        leaders = _allowed(sources.popularity.leaders[row], eligible)[:_POOL]
        if len(leaders) < min(_POOL, len(sources.products)):
            leaders = select_best(sources.popularity.trend[row], _POOL, eligible, above=0.0)
        yield leaders


def _rankable(
    sources: Sources, shopper: Shopper, found: Ints, said: Mapping[str, Floats]
) -> NDArray[np.float32]:
    """Candidates × SOURCE_SCORES, each divided by its largest."""
    history, sells = shopper.history, sources.popularity
    place, there = positions_in(history.product, found)
    counted = np.zeros(len(found))
    decayed = np.zeros(len(found))
    counted[there] = history.count[place[there]]
    decayed[there] = history.decayed[place[there], 2]
    own = {
        "frequency": counted,
        "recent_frequency": decayed,
        "popular": sells.total[found].astype(np.float64),
        "popular_now": sells.trend[shopper.market if shopper.market >= 0 else -1][found],
    }
    tie = sells.total[found] / max(float(sells.total.max(initial=0.0)), 1.0)
    lately = own["popular_now"] / max(float(own["popular_now"].max(initial=0.0)), 1e-12)
    scores = np.empty((len(found), len(SOURCE_SCORES)), dtype=np.float32)
    for column, name in enumerate(SOURCE_SCORES):
        score = own[name] if name in own else said[name]
        behind = lately if name == "recent_frequency" else tie
        scores[:, column] = score / max(float(score.max(initial=0.0)), 1e-12) + _TIE * behind
    return scores


def positions_in(mine: Ints, products: Ints) -> tuple[Ints, Mask]:
    """Where each of the products stands in a sorted array, and whether it does.

    mine: product positions, ascending; products: those looked for, in any order.

    >>> positions_in(np.array([2, 5]), np.array([5, 6]))[1].tolist()
    [True, False]
    """
    if not len(mine):
        return np.zeros(len(products), dtype=np.int64), np.zeros(len(products), dtype=bool)
    place = np.minimum(np.searchsorted(mine, products), len(mine) - 1)
    return place, mine[place] == products


def _allowed(products: Ints, eligible: Mask | None) -> Ints:
    return products if eligible is None else products[eligible[products]]
