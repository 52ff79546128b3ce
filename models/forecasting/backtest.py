"""The back-test inside a fit: forecasts from rolling origins, beside what then came."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.forecasting.classes import CLASSES, classify
from models.forecasting.distribution import Errors
from models.forecasting.panel import Bools, Floats, Panel

Rows = NDArray[np.int64]
# Mean and spread of some series: (panel, origin, horizon, rows) -> two n × horizon.
Points = Callable[[Panel, int, int, Rows], tuple[Floats, Floats]]

# Series of each class that are back-tested; more would not move the figures.
SERIES = 1500
ORIGINS = 6


def origins(now: int, horizon: int) -> list[int]:
    """Rolling origins over the last periods: the oldest leaves room for the whole horizon and at
    least half of the history before it; none when there are fewer than 6 periods.

    >>> origins(52, 13)
    [36, 39, 42, 45, 48, 51]
    """
    if now < 6:
        return []
    oldest = max(now - horizon - 3, (now + 1) // 2)
    return [int(one) for one in np.unique(np.linspace(oldest, now - 1, ORIGINS).astype(int))]


def drawn(panel: Panel, seed: int) -> Rows:
    """The series to back-test: up to SERIES of each class, drawn by seed."""
    random = np.random.default_rng(seed)
    group = classify(panel)
    parts = [np.flatnonzero(group == one) for one in range(len(CLASSES))]
    return np.sort(np.concatenate([random.permutation(part)[:SERIES] for part in parts]))


@dataclass(frozen=True)
class Trial:
    """One back-test of one way to forecast: errors of single periods, and of sums."""

    single: Errors
    window: Errors


def trial(panel: Panel, points: Points, at: Sequence[int], horizon: int, rows: Rows) -> Trial:
    """Errors of some series from the origins `at`; only periods seen in full are judged."""
    single, window = [], []
    for fold, origin in enumerate(at):
        steps = min(horizon, panel.now - origin)
        mean, spread = points(panel, origin, steps, rows)
        group = classify(panel.at(origin))[rows]
        actual = panel.demand[rows, origin : origin + steps]
        seen = panel.known[rows, origin : origin + steps]
        single.append(_errors(group, fold, mean, spread, actual, seen))
        window.append(_windows(group, fold, mean, spread, actual, seen))
    return Trial(_joined(single), _joined(window))


def _errors(
    group: Rows, fold: int, mean: Floats, spread: Floats, actual: Floats, seen: Bools
) -> Errors:
    row, column = np.nonzero(seen)
    return Errors(
        group=group[row],
        step=(column + 1).astype(np.int64),
        fold=np.full(len(row), fold),
        mean=mean[row, column],
        spread=spread[row, column],
        actual=actual[row, column],
    )


def _windows(
    group: Rows, fold: int, mean: Floats, spread: Floats, actual: Floats, seen: Bools
) -> Errors:
    """Sums of the seen periods 1 … h, where at least three in four were seen."""
    count = np.cumsum(seen, axis=1)
    enough = count >= 0.75 * np.arange(1, seen.shape[1] + 1)
    sums = np.cumsum(np.where(seen, mean, 0.0), axis=1)
    spreads = np.sqrt(np.cumsum(np.where(seen, spread**2, 0.0), axis=1))
    reality = np.cumsum(np.where(seen, actual, 0.0), axis=1)
    return _errors(group, fold, sums, spreads, reality, enough & (count > 0))


def _joined(parts: Sequence[Errors]) -> Errors:
    names = Errors.__dataclass_fields__
    return Errors(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
