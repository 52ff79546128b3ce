"""Choosing the best of many scores, deterministically and never outside what is allowed."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]
Mask = NDArray[np.bool_]


def top_positions(values: NDArray[np.floating], count: int) -> Ints:
    """Positions of the `count` largest values, largest first, ties by position.

    >>> top_positions(np.array([1.0, 3.0, 3.0]), 2).tolist()
    [1, 2]
    """
    return np.argsort(-values, kind="stable")[:count]


def select_best(
    score: NDArray[np.floating],
    count: int,
    eligible: Mask | None = None,
    *,
    above: float = -np.inf,
) -> Ints:
    """Positions of the `count` best eligible scores above a floor, best first, ties by position.

    score: a score a position; count: at most so many; eligible: by position, whether it may be
    chosen, None: all may; above: the floor. Fewer come back when fewer are eligible: no padding,
    nothing that is not eligible.

    >>> select_best(np.array([1.0, 3.0, 2.0]), 2, np.array([True, False, True])).tolist()
    [2, 0]
    """
    allowed = score > above if eligible is None else eligible & (score > above)
    open_to = np.flatnonzero(allowed)
    values = score[open_to]
    if len(values) > count > 0:
        least = np.partition(values, len(values) - count)[len(values) - count]
        near = values >= least
        open_to, values = open_to[near], values[near]
    return open_to[np.lexsort((open_to, -values))][:count]


def places_by_score(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Each value's place, the largest 0, ties by position.

    >>> places_by_score(np.array([1.0, 3.0, 2.0])).tolist()
    [2.0, 0.0, 1.0]
    """
    place = np.empty(len(values))
    place[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return place
