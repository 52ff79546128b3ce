"""Candidate features: the person, the product, their affinity, and what each source says."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.recommendation.candidates import SOURCE_SCORES, CandidatePool, Shopper
from models.recommendation.repeat_purchase import (
    AGAIN_FEATURES,
    NEVER,
    OWN_FEATURES,
    PersonalHistory,
    bought_again,
    log_rank,
    own_history,
)
from models.recommendation.sources import Sources

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Array = NDArray[np.float64]

# Sources whose word is a feature.
SAID = (
    "graph_filter",
    "random_walk",
    "item_knn",
    "item_knn_recent",
    "user_knn",
    "co_purchase",
    "category",
)
FEATURES = (
    *OWN_FEATURES,
    # What the sources say: how much, beside their best of this person, and in which place.
    *SAID,
    *(f"{name}_share" for name in SAID),
    *(f"{name}_rank" for name in SAID),
    # The person's history with products like it.
    "category",
    "category_idle",
    "aisle",
    "brand",
    "price_gap",
    "price_distance",
    # The product.
    "sold_7d",
    "sold_28d",
    "sold_90d",
    "sold_market",
    "trend",
    "repeat",
    "cycle",
    "idle",
    "age",
    "buyers",
    "total",
    # The person.
    "pace",
    "baskets",
    "basket_size",
    "recency",
    # How surely it is bought again: by this person, and by everybody.
    *AGAIN_FEATURES,
    "category_due",
    "kept",
    "kept_alike",
)
# So many at the end tell again, more finely, what others tell: only trees look at them.
FINE = len(AGAIN_FEATURES) + 3
# What is added to a source's word before its logarithm.
_LEAST_SAID = dict.fromkeys(SAID, 1e-3) | {"graph_filter": 1e-4}
# Days that are added to the time, and purchases to the number, of a rhythm.
_PRIOR_DAYS = 30.0


def candidate_features(
    pool: CandidatePool, sources: Sources, shopper: Shopper
) -> NDArray[np.float32]:
    """Candidates × FEATURES; all finite.

    pool: the candidates of this shopper, made from the same sources.
    """
    own = PersonalHistory(pool.product, sources, shopper)
    shares = {name: pool.scores[:, SOURCE_SCORES.index(name)] for name in SAID}
    columns = [
        *own_history(own),
        *(np.log(pool.said[name] + _LEAST_SAID[name]) for name in SAID),
        *(np.log(shares[name] + 1e-2) for name in SAID),
        *(log_rank(shares[name]) for name in SAID),
        *_alike(own, sources),
        *_product(pool.product, sources, shopper.market),
        *_person(own),
        *bought_again(own),
        *_again(own, sources),
    ]
    rows = np.empty((len(pool.product), len(FEATURES)), dtype=np.float32)
    for place, column in enumerate(columns):
        rows[:, place] = column
    return rows


def _alike(own: PersonalHistory, sources: Sources) -> Iterator[Floats]:
    """What the person buys of the candidate's category, aisle and brand, the candidate left out."""
    listed = sources.catalogue
    self_decayed = own.decayed[2]
    for group in (listed.category, listed.aisle, listed.brand):
        mine, theirs = group[own.mine], group[own.product]
        weight = np.bincount(mine + 1, own.all_decayed, minlength=int(theirs.max(initial=0)) + 2)
        there = np.where(theirs >= 0, weight[theirs + 1] - self_decayed, 0.0)
        yield np.log(np.maximum(there, 0.0) + 0.05)
        if group is listed.category:
            yield _idle(mine, theirs, own.all_last)
    gap = np.nan_to_num(listed.price[own.product] - own.paid, nan=0.0).astype(np.float64)
    yield gap
    yield np.abs(gap)


def _idle(mine: Ints, theirs: Ints, last: NDArray[np.floating]) -> Array:
    """Log of the days since the person bought in each candidate's group."""
    newest = np.full(int(max(mine.max(initial=0), theirs.max(initial=0))) + 2, NEVER)
    np.minimum.at(newest, mine + 1, last)
    return np.log1p(np.where(theirs >= 0, newest[theirs + 1], NEVER))


def _again(own: PersonalHistory, sources: Sources) -> Iterator[Floats]:
    category = sources.catalogue.category
    yield _due(category[own.mine], category[own.product], own)
    yield np.log(sources.returning.kept[own.product] + 1e-3)
    yield np.log(sources.returning.kept_alike[own.product] + 1e-3)


def _due(mine: Ints, theirs: Ints, own: PersonalHistory) -> Array:
    """Days since the person bought in each candidate's group, over the usual days between."""
    size = int(max(mine.max(initial=0), theirs.max(initial=0))) + 2
    newest, oldest = np.full(size, NEVER), np.zeros(size)
    np.minimum.at(newest, mine + 1, own.all_last)
    np.maximum.at(oldest, mine + 1, own.all_first)
    number = np.bincount(mine + 1, own.all_count, minlength=size)
    usual = (oldest - newest + _PRIOR_DAYS) / (number + 1)
    due = np.clip(newest / np.maximum(usual, 0.5), 0, 5)
    return np.where((theirs >= 0) & (number[theirs + 1] > 0), due[theirs + 1], 0.0)


def _product(product: Ints, sources: Sources, market: int) -> Iterator[Floats]:
    sells = sources.popularity
    week, month, quarter = sells.sold[:, product].astype(np.float64)
    yield np.log(week + 0.05)
    yield np.log(month + 0.1)
    yield np.log(quarter + 0.1)
    yield np.log((sells.market[market, product] if market >= 0 else month) + 0.1)
    yield np.log((week + 0.5) / (month + 1.0))
    yield sells.repeat[product]
    yield np.log1p(sells.cycle[product])
    yield np.log1p(sells.idle[product])
    yield np.log1p(sells.age[product])
    yield np.log1p(sells.buyers[product])
    yield sells.total[product] / max(float(sells.total.max(initial=0.0)), 1.0)


def _person(own: PersonalHistory) -> Iterator[Floats]:
    size = len(own.product)
    yield np.full(size, np.log(max(float(own.pace[1]), 0.05)))
    yield np.full(size, np.log1p(own.baskets))
    yield np.full(size, np.log1p(own.bought / max(own.baskets, 1.0)))
    yield np.full(size, np.log1p(own.recency))
