"""The person's own history with each candidate: how often, how lately, how regularly."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.recommendation.candidates import Shopper, positions_in
from models.recommendation.purchase_history import HALF_LIVES
from models.recommendation.selection import places_by_score
from models.recommendation.sources import Sources

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Array = NDArray[np.float64]

OWN_FEATURES = (
    "own",
    "count",
    *(f"decayed_{half:.0f}d" for half in HALF_LIVES),
    "rate",
    "recent_rate",
    "chance_rate",
    "skipped",
    "due_baskets",
    "last",
    "last_basket",
    "due",
    "due_product",
    "has_rhythm",
    "looked",
)
AGAIN_FEATURES = (
    "rate_90d",
    "rate_180d",
    "expected",
    "likely",
    "likely_now",
    "weeks",
    "to_the_most",
    "own_rank",
    "behind",
)
# Days since a purchase that never was.
NEVER = 400.0
# Baskets since one with the product that never was.
_MANY = 100.0
# How many gaps between purchases a product's own rhythm weighs against a person's, and how many
# baskets its rate.
_PRIOR_GAPS, _PRIOR_BASKETS = 2.0, 5.0
# A product nobody bought again is bought again so seldom.
_LEAST = 1e-3
# Log of the rate, and place among a person's products, of what they never bought.
_RARELY, _FAR_BEHIND = -8.0, 1000.0
# Days that purchases to come are counted in.
_AHEAD = 28.0


class PersonalHistory:
    """The person's history with each candidate, and with everything."""

    def __init__(self, product: Ints, sources: Sources, shopper: Shopper) -> None:
        known = shopper.history
        place, there = positions_in(known.product, product)

        def of(values: NDArray[np.floating], missing: float) -> Array:
            if not len(known):
                return np.full(len(product), missing)
            return np.where(there, values[place], missing).astype(np.float64)

        self.product, self.mine = product, known.product
        self.count = of(known.count, 0.0)
        self.ever = self.count > 0
        self.last = np.where(self.ever, of(known.last, NEVER), NEVER)
        self.first = np.where(self.ever, of(known.first, NEVER), NEVER)
        self.chances = of(known.chances, 0.0)
        self.skipped = np.where(self.ever, of(known.skipped, _MANY), _MANY)
        self.weeks = of(known.weeks, 0.0)
        self.decayed = [of(known.decayed[:, i], 0.0) for i in range(len(HALF_LIVES))]
        self.looked = of(known.looked, 0.0)
        if len(shopper.products):
            self.looked = self.looked + _session(product, shopper)
        self.cycle = sources.popularity.cycle[product].astype(np.float64)
        self.returns = sources.returning.rate[product].astype(np.float64)
        bought = known.count > 0
        self.all_count = known.count
        self.all_decayed = known.decayed[:, 2]
        self.all_last = np.where(bought, known.last, NEVER)
        self.all_first = np.where(bought, known.first, 0.0)
        self.rank = of(places_by_score(self.all_decayed), _FAR_BEHIND)
        self.bought = float(known.count.sum())
        self.baskets, self.pace = known.baskets, known.pace
        self.recency = float(self.all_last.min(initial=NEVER))
        self.paid = known.paid


def _session(product: Ints, shopper: Shopper) -> Array:
    """How strongly the session touched each candidate."""
    order = np.argsort(shopper.products)
    place, there = positions_in(shopper.products[order], product)
    return np.where(there, shopper.weights[order][place], 0.0).astype(np.float64)


def log_rank(score: Floats) -> Array:
    """Log of each candidate's place by a score, from 0."""
    return np.log1p(places_by_score(score))


def own_history(own: PersonalHistory) -> Iterator[Floats]:
    """What a person did with each candidate before, a column each of OWN_FEATURES, in order."""
    gaps = np.maximum(own.count - 1, 0)
    interval = (own.first - own.last + _PRIOR_GAPS * own.cycle) / (gaps + _PRIOR_GAPS)
    yield own.ever.astype(np.float64)
    yield np.log(own.count + 0.1)
    for decayed in own.decayed:
        yield np.log(decayed + 0.01)
    yield np.log((own.count + 0.05) / max(own.baskets, 1.0))
    yield np.log((own.decayed[1] + 0.02) / max(float(own.pace[1]), 0.1))
    yield np.log((own.count + 0.05) / (own.chances + 0.5))
    yield np.log1p(own.skipped)
    yield np.clip(own.skipped * own.count / np.maximum(own.chances, 1.0), 0, 5)
    yield np.log1p(own.last)
    yield (own.ever & (own.last <= own.recency + 0.25)).astype(np.float64)
    yield np.where(own.ever, np.clip(own.last / np.maximum(interval, 0.5), 0, 5), 1.0)
    yield np.where(own.ever, np.clip(own.last / np.maximum(own.cycle, 0.5), 0, 5), 1.0)
    yield (own.count > 1).astype(np.float64)
    yield np.log(own.looked + 0.01)


def bought_again(own: PersonalHistory) -> Iterator[Floats]:
    """How surely each candidate is bought again; columns as AGAIN_FEATURES.

    likely, likely_now: posterior mean of the share of a person's baskets that hold the product,
    of all since the first and of those of late; the prior is how surely others buy it again.
    """
    rate = (own.decayed[2] + 0.02) / max(float(own.pace[2]), 0.1)
    yield np.log(rate)
    yield np.log((own.decayed[3] + 0.02) / max(float(own.pace[3]), 0.1))
    yield np.log(rate * _orders_ahead(own) + 0.01)
    prior = _PRIOR_BASKETS * np.maximum(own.returns, _LEAST)
    later = np.maximum(own.chances - 1, 0) + _PRIOR_BASKETS
    likely = np.log((np.maximum(own.count - 1, 0) + prior) / later)
    yield np.where(own.ever, likely, _RARELY)
    now = np.log((own.decayed[3] + prior) / (float(own.pace[3]) + _PRIOR_BASKETS))
    yield np.where(own.ever, now, _RARELY)
    yield own.weeks
    yield np.log((own.decayed[2] + 0.02) / (own.all_decayed.max(initial=0.0) + 0.02))
    yield np.where(own.ever, np.log1p(own.rank), np.log1p(_FAR_BEHIND))
    yield np.log1p(np.maximum(own.last - own.recency, 0.0))


def _orders_ahead(own: PersonalHistory) -> float:
    """Orders to expect of the person, at the pace of late, over the time we have known them."""
    half = HALF_LIVES[2]
    seen = max(1.0 - 0.5 ** (float(own.all_first.max(initial=0.0)) / half), 0.05)
    return float(own.pace[2] * _AHEAD * np.log(2) / half / seen)
