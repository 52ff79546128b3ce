"""How surely a product is bought again by those who bought it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recommendation.purchase_history import InteractionLog, PurchaseHistory

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

# What the share of a category weighs against a product's own: baskets, buyers.
_PRIOR_BASKETS, _PRIOR_BUYERS = 50.0, 10.0
# What the share of everything weighs against a category's: a category speaks for itself soon.
_PRIOR_GROUP = 2.0
# Buyers that a shop's own share is drawn to, and how many of them buy again.
_FIRST_BUYERS, _COME_BACK = 5.0, 1.0
# Days of a period, and how many of the newest count.
_PERIOD, _PERIODS = 28.0, 8


@dataclass(frozen=True)
class Returning:
    """Product arrays, each share drawn to that of its category, and that to everything's.

    rate: share of a buyer's later baskets that hold the product again. kept: share of those who
    bought in one period of four weeks that did in the next. kept_alike: the same of its category.
    again: share of its buyers who ever bought it in a second order.
    """

    rate: Floats
    kept: Floats
    kept_alike: Floats
    again: Floats


def measure_returning(log: InteractionLog, history: PurchaseHistory, category: Ints) -> Returning:
    """Measure the products of a log as of its end.

    history: of the same log; category: a code by product, -1: unknown.
    """
    size = len(log.products)
    more = np.bincount(history.product, np.maximum(history.count - 1.0, 0.0), minlength=size)
    later = np.maximum(_floats(history.chances) - 1.0, 0.0)
    baskets = np.bincount(history.product, later, minlength=size)
    rate, _ = share_within(_floats(more), _floats(baskets), category, prior=_PRIOR_BASKETS)
    kept, alike = share_within(*_kept(log), category, prior=_PRIOR_BUYERS)
    buyers = _floats(np.bincount(history.product[history.count > 0], minlength=size))
    twice = _floats(np.bincount(history.product[history.count > 1], minlength=size))
    # A few buyers more, some of whom come back: the first purchases of a shop say nothing yet.
    overall = (float(twice.sum()) + _COME_BACK) / (float(buyers.sum()) + _FIRST_BUYERS)
    again, _ = share_within(
        twice, buyers, category, prior=_PRIOR_BUYERS, group_prior=_PRIOR_GROUP, overall=overall
    )
    return Returning(*(each.astype(np.float32) for each in (rate, kept, alike, again)))


def _floats(values: NDArray[np.generic]) -> NDArray[np.float64]:
    return values.astype(np.float64)


def share_within(
    part: Floats,
    whole: Floats,
    group: Ints,
    *,
    prior: float,
    group_prior: float | None = None,
    overall: float | None = None,
) -> tuple[Floats, Floats]:
    """part / whole drawn to its group's share with the weight of `prior`; and the group's share.

    part, whole: counts, one a product; group: its code, -1: unknown. The group's share is drawn
    to that of everything (`overall`, by default what the counts say) in the same way, with the
    weight of `group_prior` (`prior` by default).

    >>> own, group = share_within(
    ...     np.array([3.0, 1.0]), np.array([4.0, 4.0]), np.array([0, 0]), prior=2.0)
    >>> own.round(3).tolist(), group.tolist()
    ([0.667, 0.333], [0.5, 0.5])
    """
    weight = prior if group_prior is None else group_prior
    if overall is None:
        overall = part.sum() / max(float(whole.sum()), 1e-9)
    share = np.bincount(group + 1, part) + weight * overall
    share = (share / (np.bincount(group + 1, whole) + weight))[group + 1]
    return (part + prior * share) / (whole + prior), share


def _kept(log: InteractionLog) -> tuple[Floats, Floats]:
    """By product: who bought in a period and the next, and who bought in one that has a next."""
    size = len(log.products)
    period = ((log.end - log.day) // _PERIOD).astype(np.int64)
    counts = log.bought & (period < _PERIODS)
    pair = log.person[counts].astype(np.int64) * size + log.product[counts]
    # The spare period at the end keeps one pair's oldest from another's newest.
    held = np.unique(pair * (_PERIODS + 1) + period[counts])
    pair, period = held // (_PERIODS + 1), held % (_PERIODS + 1)
    stayed = np.r_[False, np.diff(held) == 1]
    product = pair % max(size, 1)
    has_next = period > 0
    return (
        _floats(np.bincount(product[has_next & stayed], minlength=size)),
        _floats(np.bincount(product[has_next], minlength=size)),
    )
