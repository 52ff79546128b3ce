"""Candidate features: the person, the product, their affinity, and what each source says."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.recommendation.candidates import Pool, Who
from models.recommendation.history import HALF_LIVES
from models.recommendation.sources import Sources

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]
Array = NDArray[np.float64]

FEATURES = (
    # The person's own history with the product.
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
    # What the sources say.
    "taste",
    "taste_rank",
    "neighbours",
    "together",
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
)
# Days since a purchase that never was.
_NEVER = 400.0
# Baskets since one with the product that never was.
_MANY = 100.0
# How many gaps between purchases a product's own rhythm weighs against a person's.
_PRIOR_GAPS = 2.0


def signals(pool: Pool, sources: Sources, who: Who) -> NDArray[np.float32]:
    """Candidates × FEATURES; all finite."""
    own = _Own(pool.product, sources, who)
    columns = [
        *_own_history(own),
        np.log(pool.taste + 1e-4),
        _rank(pool.taste),
        np.log(pool.neighbours + 1e-3),
        np.log(pool.together + 1e-3),
        *_alike(own, sources, who),
        *_product(pool.product, sources, who.market),
        *_person(own, sources, who),
    ]
    rows = np.empty((len(pool.product), len(FEATURES)), dtype=np.float32)
    for place, column in enumerate(columns):
        rows[:, place] = column
    return rows


class _Own:
    """The person's history with each candidate, and with everything."""

    def __init__(self, product: Ints, sources: Sources, who: Who) -> None:
        known, row = sources.habits, sources.habits.row(who.person)
        mine = known.product[row]
        place = np.minimum(np.searchsorted(mine, product), max(len(mine) - 1, 0))
        there = mine[place] == product if len(mine) else np.zeros(len(product), dtype=bool)

        def of(values: NDArray[np.floating], missing: float) -> Array:
            if not len(mine):
                return np.full(len(product), missing)
            return np.where(there, values[row][place], missing).astype(np.float64)

        self.product, self.mine = product, mine
        self.count = of(known.count, 0.0)
        self.last = np.where(self.count > 0, of(known.last, _NEVER), _NEVER)
        self.first = np.where(self.count > 0, of(known.first, _NEVER), _NEVER)
        self.chances = of(known.chances, 0.0)
        self.skipped = np.where(self.count > 0, of(known.skipped, _MANY), _MANY)
        self.decayed = [of(known.decayed[:, i], 0.0) for i in range(len(HALF_LIVES))]
        self.looked = of(known.looked, 0.0)
        if len(who.products):
            self.looked = self.looked + _session(product, who)
        self.cycle = sources.sells.cycle[product].astype(np.float64)
        self.all_decayed = known.decayed[row, 2].astype(np.float64)
        self.all_last = np.where(known.count[row] > 0, known.last[row], _NEVER)
        self.bought = float(known.count[row].sum())
        self.baskets = float(known.baskets[who.person]) if who.person >= 0 else 0.0
        self.pace = float(known.pace[who.person]) if who.person >= 0 else 0.0
        self.recency = float(self.all_last.min(initial=_NEVER))
        self.paid = float(known.paid[who.person]) if who.person >= 0 else np.nan


def _session(product: Ints, who: Who) -> Array:
    """How strongly the session touched each candidate."""
    order = np.argsort(who.products)
    touched, weight = who.products[order], who.weights[order]
    place = np.minimum(np.searchsorted(touched, product), len(touched) - 1)
    return np.where(touched[place] == product, weight[place], 0.0).astype(np.float64)


def _own_history(own: _Own) -> Iterator[Floats]:
    gaps = np.maximum(own.count - 1, 0)
    interval = (own.first - own.last + _PRIOR_GAPS * own.cycle) / (gaps + _PRIOR_GAPS)
    ever = own.count > 0
    yield ever.astype(np.float64)
    yield np.log(own.count + 0.1)
    for decayed in own.decayed:
        yield np.log(decayed + 0.01)
    yield np.log((own.count + 0.05) / max(own.baskets, 1.0))
    yield np.log((own.decayed[1] + 0.02) / max(own.pace, 0.1))
    yield np.log((own.count + 0.05) / (own.chances + 0.5))
    yield np.log1p(own.skipped)
    yield np.clip(own.skipped * own.count / np.maximum(own.chances, 1.0), 0, 5)
    yield np.log1p(own.last)
    yield (ever & (own.last <= own.recency + 0.25)).astype(np.float64)
    yield np.where(ever, np.clip(own.last / np.maximum(interval, 0.5), 0, 5), 1.0)
    yield np.where(ever, np.clip(own.last / np.maximum(own.cycle, 0.5), 0, 5), 1.0)
    yield (own.count > 1).astype(np.float64)
    yield np.log(own.looked + 0.01)


def _rank(score: NDArray[np.floating]) -> Array:
    """Log of each candidate's place by a score, from 0."""
    place = np.empty(len(score))
    place[np.argsort(-score, kind="stable")] = np.arange(len(score))
    return np.log1p(place)


def _alike(own: _Own, sources: Sources, who: Who) -> Iterator[Floats]:
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
    newest = np.full(int(max(mine.max(initial=0), theirs.max(initial=0))) + 2, _NEVER)
    np.minimum.at(newest, mine + 1, last)
    return np.log1p(np.where(theirs >= 0, newest[theirs + 1], _NEVER))


def _product(product: Ints, sources: Sources, market: int) -> Iterator[Floats]:
    sells = sources.sells
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


def _person(own: _Own, sources: Sources, who: Who) -> Iterator[Floats]:
    size = len(own.product)
    yield np.full(size, np.log(max(own.pace, 0.05)))
    yield np.full(size, np.log1p(own.baskets))
    yield np.full(size, np.log1p(own.bought / max(own.baskets, 1.0)))
    yield np.full(size, np.log1p(own.recency))
