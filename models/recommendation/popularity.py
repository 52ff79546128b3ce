"""What sells: decayed sales by product and market, how often it is bought again, how fresh."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommendation.purchase_history import InteractionLog, PurchaseHistory
from models.recommendation.selection import select_best

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

_PRIOR_BUYERS = 20.0
_HALF_LIVES = (7.0, 28.0, 90.0)
# Days: of a product nobody bought, and between two purchases where nobody bought anything twice.
_NEVER, _NO_CYCLE = 1e4, 365.0
_LEADERS, _CATEGORY_LEADERS = 1000, 50


@dataclass(frozen=True)
class Popularity:
    """Product arrays. sold: purchases halved every 7, 28 and 90 days (3 × products).

    market: purchases halved every 28 days (markets × products). total: purchases ever.
    trend: share of sales, the mean over the three half-lives and all time, by market, smoothed by a
    tenth of everywhere's (markets + 1 rows, the last is everywhere). leaders: the first thousand
    products of each row, best first. buyers: people who bought. repeat: share of them who bought
    again, drawn to the overall share. category_start, category_leaders: the 50 products of each
    category that sell best everywhere, best first (category c is start[c]:start[c + 1]). cycle:
    days between two purchases of a product by the same person, drawn to the overall mean. idle,
    age: days since the last and the first sale.
    """

    sold: Floats
    market: Floats
    trend: Floats
    leaders: Ints
    category_start: Ints
    category_leaders: Ints
    total: Floats
    buyers: Floats
    repeat: Floats
    cycle: Floats
    idle: Floats
    age: Floats


def measure_popularity(log: InteractionLog, people: PurchaseHistory, category: Ints) -> Popularity:
    """Measure the products of a log as of its end.

    people: what each person bought, of the same log; category: a code by product, -1: unknown.
    """
    size, markets = len(log.products), len(log.markets)
    bought = log.bought
    product, age = log.product[bought], log.end - log.day[bought]
    cell = log.market[bought].astype(np.int64) * size + product

    def by_market(half_life: float) -> NDArray[np.float64]:
        weight = 0.5 ** (age / half_life)
        counts = np.bincount(cell, weight, minlength=markets * size).astype(np.float64)
        return counts.reshape(markets, size)

    sold = [
        np.bincount(product, 0.5 ** (age / half), minlength=size).astype(np.float64)
        for half in _HALF_LIVES
    ]
    pairs = people.count > 0
    buyers = np.bincount(people.product[pairs], minlength=size)
    again = np.bincount(people.product[people.count > 1], minlength=size)
    overall = again.sum() / max(buyers.sum(), 1)
    idle, oldest = np.full(size, _NEVER), np.zeros(size)
    np.minimum.at(idle, product, age)
    np.maximum.at(oldest, product, age)
    local = [by_market(half) for half in (*_HALF_LIVES, np.inf)]
    total = np.bincount(product, minlength=size).astype(np.float64)
    everywhere = _shares([counts[None, :] for counts in (*sold, total)])
    trend = np.vstack([_shares(local) + 0.1 * everywhere, everywhere]).astype(np.float32)
    category_start, category_leaders = _leaders_by_category(everywhere[0], category)
    return Popularity(
        sold=np.stack(sold).astype(np.float32),
        market=local[1].astype(np.float32),
        trend=trend,
        leaders=np.stack([select_best(row, _LEADERS) for row in trend]).astype(np.int32),
        category_start=category_start,
        category_leaders=category_leaders,
        total=total.astype(np.float32),
        buyers=buyers.astype(np.float32),
        repeat=((again + _PRIOR_BUYERS * overall) / (buyers + _PRIOR_BUYERS)).astype(np.float32),
        cycle=_cycle(people, size),
        idle=idle.astype(np.float32),
        age=oldest.astype(np.float32),
    )


def _leaders_by_category(trend: Floats, category: Ints) -> tuple[Ints, Ints]:
    """Where each category begins, and its products that sell best, best first."""
    known = np.flatnonzero(category >= 0)
    order = known[np.lexsort((known, -trend[known], category[known]))]
    code = category[order]
    # Place of each product in its category: its position less that of the category's first.
    ahead = np.arange(len(order)) - np.searchsorted(code, code) < _CATEGORY_LEADERS
    start = np.searchsorted(code[ahead], np.arange(int(category.max(initial=-1)) + 2))
    return start.astype(np.int64), order[ahead].astype(np.int32)


def _cycle(people: PurchaseHistory, size: int) -> NDArray[np.float32]:
    """Mean days between purchases of each product, over those who bought it more than once."""
    again = people.count > 1
    span = people.first[again].astype(np.float64) - people.last[again]
    days = span / (people.count[again] - 1)
    number = np.bincount(people.product[again], minlength=size)
    total = np.bincount(people.product[again], days, minlength=size)
    overall = days.mean() if len(days) else _NO_CYCLE
    return ((total + _PRIOR_BUYERS * overall) / (number + _PRIOR_BUYERS)).astype(np.float32)


def _shares(counts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean, over the counts, of each row's shares."""
    totals = [np.maximum(each.sum(axis=1, keepdims=True), 1e-12) for each in counts]
    shares = [each / total for each, total in zip(counts, totals, strict=True)]
    return np.asarray(sum(shares) / len(shares), dtype=np.float64)
