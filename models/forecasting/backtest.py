"""The back-test inside a fit: forecasts from rolling origins, beside what then came."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.forecasting.checkpoints import Checkpoints
from models.forecasting.classes import CLASSES, classify
from models.forecasting.distribution import Errors
from models.forecasting.panel import SEASONS, Bools, DemandPanel, Floats

Rows = NDArray[np.int64]
# Mean and scale of some series: (panel, origin, horizon, rows) -> two n × horizon.
PointForecaster = Callable[[DemandPanel, int, int, Rows], tuple[Floats, Floats]]

# Series of each class that are back-tested; more would not move the figures.
SERIES = 800
ORIGINS = 12


def origins(now: int, horizon: int, season: int) -> list[int]:
    """Rolling origins over the last periods: the oldest leaves room for the whole horizon, and of a
    long history for up to half a season more, so that no one time of the year decides; at least
    half of the history lies before it. None when there are fewer than 6 periods.

    now: how many periods have closed; horizon: periods ahead; season: periods of a year.

    >>> origins(52, 13, 52)
    [36, 37, 38, 40, 41, 42, 44, 45, 46, 48, 49, 51]
    """
    if now < 6:
        return []
    reach = max(horizon + 3, min(season // 2, now // 6) + horizon // 2 + 2)
    oldest = max(now - reach, (now + 1) // 2)
    return [int(one) for one in np.unique(np.linspace(oldest, now - 1, ORIGINS).astype(int))]


@dataclass(frozen=True)
class BacktestSetup:
    """What is back-tested: some series of a panel from some origins. group: by origin, their class
    as it was then.
    """

    panel: DemandPanel
    horizon: int
    starts: Sequence[int]
    rows: Rows
    group: tuple[Rows, ...]

    @property
    def windows(self) -> float:
        """How many windows that do not overlap the origins are worth."""
        return max(1.0, (self.panel.now - self.starts[0]) / self.horizon)

    def steps(self, origin: int) -> int:
        """How many periods ahead can be judged."""
        return min(self.horizon, self.panel.now - origin)


@dataclass(frozen=True)
class BacktestForecasts:
    """Forecasts of the series of a setup: by origin, n × steps each."""

    mean: tuple[Floats, ...]
    scale: tuple[Floats, ...]


@dataclass(frozen=True)
class BacktestErrors:
    """One back-test of one method: errors of single periods, and of sums."""

    single: Errors
    window: Errors


def backtest_setup(panel: DemandPanel, horizon: int, seed: int) -> BacktestSetup | None:
    """Where to back-test; None when nothing can be judged.

    panel: the series, with their periods closed and to come; horizon: periods ahead; seed: draws
    the series, where a class has more than SERIES.
    """
    at = origins(panel.now, horizon, SEASONS[panel.frequency][-1])
    if not at:
        return None
    rows = _drawn(panel.at(at[0]), seed)
    if not panel.known[rows, at[0] :].any():
        return None
    return BacktestSetup(
        panel, horizon, at, rows, tuple(classify(panel.at(one))[rows] for one in at)
    )


def _drawn(panel: DemandPanel, seed: int) -> Rows:
    """The series to back-test: up to SERIES of each class, drawn by seed.

    panel: as known at the first origin. Were they drawn by what they became, those that sold
    unevenly later would be there more often than their like.
    """
    random = np.random.default_rng(seed)
    group = classify(panel)
    parts = [np.flatnonzero(group == one) for one in range(len(CLASSES))]
    return np.sort(np.concatenate([random.permutation(part)[:SERIES] for part in parts]))


def backtest_forecasts(
    here: BacktestSetup, methods: Mapping[str, PointForecaster], kept: Checkpoints
) -> dict[str, BacktestForecasts]:
    """Forecasts of every method from all origins; single precision is enough to compare them.

    Origin by origin: what the methods share of a panel as known then is made once and let go.

    here: the series, origins and classes of the back-test; methods: name -> a function that gives
    mean and scale of some series; kept: where what was done at an origin is kept, so that a fit
    that was killed goes on.
    """

    def forecast(origin: int) -> Floats:
        """Mean and scale of all methods: methods × 2 × n × steps."""
        past, steps = here.panel.at(origin), here.steps(origin)
        both = [
            point_forecast(past, origin, steps, here.rows) for point_forecast in methods.values()
        ]
        return np.asarray(both, dtype=np.float32)

    made = []
    for number, one in enumerate(here.starts):
        name = f"back-test {number + 1} of {len(here.starts)}"
        made.append(kept.keep(name, partial(forecast, one), save=_save, load=_load))
    return {
        name: BacktestForecasts(
            tuple(one[method, 0] for one in made), tuple(one[method, 1] for one in made)
        )
        for method, name in enumerate(methods)
    }


def _save(values: Floats, folder: Path) -> None:
    np.save(folder / "values.npy", values, allow_pickle=False)


def _load(folder: Path) -> Floats:
    return np.asarray(np.load(folder / "values.npy", allow_pickle=False))


def backtest_errors(here: BacktestSetup, forecast: BacktestForecasts) -> BacktestErrors:
    """The errors of one method in the back-test; only periods seen in full are judged.

    here: the series, origins and classes of the back-test; forecast: what one method forecast from
    each origin.
    """
    single, window = [], []
    for fold, origin in enumerate(here.starts):
        ahead = slice(origin, origin + here.steps(origin))
        actual, seen = here.panel.demand[here.rows, ahead], here.panel.known[here.rows, ahead]
        mean, scale = forecast.mean[fold], forecast.scale[fold]
        single.append(_errors(here.group[fold], fold, mean, scale, actual, seen))
        window.append(_windows(here.group[fold], fold, mean, scale, actual, seen))
    return BacktestErrors(_joined(single), _joined(window))


def _errors(
    group: Rows, fold: int, mean: Floats, scale: Floats, actual: Floats, seen: Bools
) -> Errors:
    row, column = np.nonzero(seen)
    return Errors(
        group=group[row],
        step=(column + 1).astype(np.int64),
        fold=np.full(len(row), fold),
        mean=mean[row, column].astype(np.float64),
        scale=scale[row, column].astype(np.float64),
        actual=actual[row, column],
    )


def _windows(
    group: Rows, fold: int, mean: Floats, scale: Floats, actual: Floats, seen: Bools
) -> Errors:
    """Sums of the seen periods 1 … h, where at least three in four were seen."""
    count = np.cumsum(seen, axis=1)
    enough = count >= 0.75 * np.arange(1, seen.shape[1] + 1)
    sums = np.cumsum(np.where(seen, mean, 0.0), axis=1)
    scales = np.sqrt(np.cumsum(np.where(seen, scale**2, 0.0), axis=1))
    reality = np.cumsum(np.where(seen, actual, 0.0), axis=1)
    return _errors(group, fold, sums, scales, reality, enough & (count > 0))


def _joined(parts: Sequence[Errors]) -> Errors:
    names = Errors.__dataclass_fields__
    return Errors(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
