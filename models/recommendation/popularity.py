"""What sells: decayed sales by product and market, how often it is bought again, how fresh."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommendation.history import Habits, Log

Floats = NDArray[np.floating]

_PRIOR_BUYERS = 20.0
_HALF_LIVES = (7.0, 28.0, 90.0)


@dataclass(frozen=True)
class Popularity:
    """Product arrays. sold: purchases halved every 7, 28 and 90 days (3 × products).

    market: purchases halved every 28 days (markets × products). total: purchases ever.
    trend: share of sales, the mean over the three half-lives, by market, smoothed by a tenth of
    everywhere's (markets + 1 rows, the last is everywhere). buyers: people who bought. repeat:
    share of them who bought again, drawn to the overall share. idle: days since
    the last sale.
    """

    sold: Floats
    market: Floats
    trend: Floats
    total: Floats
    buyers: Floats
    repeat: Floats
    idle: Floats


def popularity(log: Log, people: Habits) -> Popularity:
    """Measure the products of a log as of its end."""
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
    idle = np.full(size, 1e4)
    np.minimum.at(idle, product, age)
    local = [by_market(half) for half in _HALF_LIVES]
    everywhere = _shares([counts[None, :] for counts in sold])
    trend = _shares(local) + 0.1 * everywhere
    return Popularity(
        sold=np.stack(sold).astype(np.float32),
        market=local[1].astype(np.float32),
        trend=np.vstack([trend, everywhere]).astype(np.float32),
        total=np.bincount(product, minlength=size).astype(np.float32),
        buyers=buyers.astype(np.float32),
        repeat=((again + _PRIOR_BUYERS * overall) / (buyers + _PRIOR_BUYERS)).astype(np.float32),
        idle=idle.astype(np.float32),
    )


def _shares(counts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean, over the counts, of each row's shares."""
    totals = [np.maximum(each.sum(axis=1, keepdims=True), 1e-12) for each in counts]
    shares = [each / total for each, total in zip(counts, totals, strict=True)]
    return np.asarray(sum(shares) / len(shares), dtype=np.float64)
