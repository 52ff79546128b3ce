"""Demand still to be met once an order arrives: what an empty shelf loses before is left out.

Demand of the lead time and of the whole protection interval is drawn together, on a grid of normal
scores whose weights reach far into the tails; quantiles of two stretches of time cannot be
subtracted from each other.
"""

import numpy as np
from scipy.special import ndtr

from models.replenishment.protection_interval import (
    GRID,
    LEVELS,
    Demand,
    Floats,
    combined,
    row_by_row,
)

# Normal scores of the lead time's demand and of what the rest adds to it, and their weights.
_SCORES: Floats = np.linspace(-3.2, 3.2, 22)
_EDGES = ndtr((_SCORES[1:] + _SCORES[:-1]) / 2)
_WEIGHTS: Floats = np.diff(np.concatenate([[0.0], _EDGES, [1.0]]))
_JOINT: Floats = np.outer(_WEIGHTS, _WEIGHTS).ravel()
_CHUNK = 1_000
# A shelf that lasts with this probability is taken never to be empty.
_SAFE = len(LEVELS) - 2


def remaining_demand(
    protection: Demand,
    parts: tuple[Demand, ...],
    there: Floats,
    *,
    share: Floats,
    demand_rate: Floats,
    lead_sd: Floats,
) -> tuple[Demand, Floats]:
    """Demand that an order placed now must meet, and units expected to be lost before it can come.

    protection: demand of the protection interval; parts: of k growing parts of the lead time, the
    last one whole; there: n × k, units on the shelf or arriving by the end of each part, >= 0;
    share: of the review period in the interval; demand_rate: units a day; lead_sd: days.
    What is lost by the end of the lead time is the most that demand ever was ahead of supply (the
    reflection of a queue: Harrison, Brownian Motion and Stochastic Flow Systems, 1985, 2.2).
    """
    whole = combined(protection, demand_rate=demand_rate, lead_sd=lead_sd)
    lead = combined(parts[-1], demand_rate=demand_rate, lead_sd=lead_sd)
    highest = [*(part.quantiles[:, _SAFE] for part in parts[:-1]), lead.quantiles[:, _SAFE]]
    risky = np.flatnonzero((np.stack(highest, axis=1) > there).any(axis=1))
    lost, mean, quantiles = np.zeros(len(share)), protection.mean.copy(), whole.quantiles.copy()
    for start in range(0, len(risky), _CHUNK):
        rows = risky[start : start + _CHUNK]
        curves = [*(part.quantiles[rows] for part in parts[:-1]), lead.quantiles[rows]]
        link = _correlation(protection, parts[-1], lead, whole, share, rows)
        left, gone = _drawn(whole.quantiles[rows], curves, there[rows], link)
        lost[rows] = np.minimum(gone, protection.mean[rows])
        quantiles[rows] = left
    return Demand(mean - lost, quantiles), lost


def _correlation(
    protection: Demand, part: Demand, lead: Demand, whole: Demand, share: Floats, rows: np.ndarray
) -> Floats:
    """The correlation of the normal scores of lead time and interval: the review period's variance
    is taken as its share of the interval's, and the lead times of two orders as independent."""
    own, all_, noisy, total = (_variance(each, rows) for each in (part, protection, lead, whole))
    together = (own + all_ * (1 - share[rows])) / 2
    scale = np.sqrt(noisy * total)
    link = np.divide(together, scale, out=np.zeros_like(scale), where=scale > 0)
    return np.asarray(np.clip(link, 0.0, 1.0), dtype=np.float64)


def _variance(demand: Demand, rows: np.ndarray) -> Floats:
    # Half the distance of two scores around the middle, squared: robust against odd tails.
    low, high = np.searchsorted(GRID, (-1.0, 1.0))
    width = demand.quantiles[rows, high] - demand.quantiles[rows, low]
    return np.asarray(np.square(width / (GRID[high] - GRID[low])))


def _drawn(
    whole: Floats, parts: list[Floats], there: Floats, link: Floats
) -> tuple[Floats, Floats]:
    """Quantiles (n × GRID) of demand less what is lost, and the mean loss (n)."""
    gone = np.zeros((len(whole), len(_SCORES)))
    for column, curve in enumerate(parts):  # n × scores: demand of the part at each score
        gone = np.maximum(gone, row_by_row(curve, _AT_SCORES) - there[:, column, None])
    score = (
        link[:, None, None] * _SCORES[:, None]
        + np.sqrt(1 - np.square(link))[:, None, None] * _SCORES
    )
    demand = _read(whole, score.reshape(len(whole), -1))
    left = np.maximum(demand - np.repeat(gone, len(_SCORES), axis=1), 0.0)
    return _quantiles(left), row_by_row(gone, _WEIGHTS)


def _read(curve: Floats, score: Floats) -> Floats:
    """The curves (n × GRID) at n × m scores, straight between two levels, level beyond."""
    inside = np.clip(score, GRID[0], GRID[-1])
    left = np.clip(np.searchsorted(GRID, inside, side="right") - 1, 0, len(GRID) - 2)
    low = np.take_along_axis(curve, left, axis=1)
    high = np.take_along_axis(curve, left + 1, axis=1)
    share = (inside - GRID[left]) / (GRID[left + 1] - GRID[left])
    return np.asarray(low + share * (high - low))


def _quantiles(values: Floats) -> Floats:
    """Quantiles (n × GRID) of n × m values that bear the joint weights."""
    order = np.argsort(values, axis=1)
    ranked, weight = np.take_along_axis(values, order, axis=1), _JOINT[order]
    middle = np.cumsum(weight, axis=1) - weight / 2
    rows = np.arange(len(values))
    answer = np.empty((len(values), len(LEVELS)))
    for column, level in enumerate(LEVELS):
        after = np.clip((middle < level).sum(axis=1), 1, values.shape[1] - 1)
        low, high = ranked[rows, after - 1], ranked[rows, after]
        start, end = middle[rows, after - 1], middle[rows, after]
        share = np.clip((level - start) / np.maximum(end - start, 1e-15), 0.0, 1.0)
        answer[:, column] = low + share * (high - low)
    return answer


def _at_scores() -> Floats:
    """Matrix (GRID × scores) that reads curves at the scores."""
    return _read(np.eye(len(GRID)), np.tile(_SCORES, (len(GRID), 1)))


_AT_SCORES = _at_scores()
