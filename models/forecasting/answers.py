"""The long answer: a row a series and period ahead, with quantiles of periods and of sums."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.forecasting.classes import CLASSES, UNSEEN
from models.forecasting.distribution import LEVELS, Distribution
from models.forecasting.panel import KEYS, DemandPanel, Floats


def names(levels: Sequence[float], prefix: str) -> list[str]:
    """Column names of quantiles.

    levels: of the quantiles, each between 0 and 1; prefix: what each name begins with (`q` for
    periods, `w` for sums).

    >>> names([0.05, 0.5, 0.975], "q")
    ['q05', 'q50', 'q97.5']
    """
    return [f"{prefix}{100 * level:04.1f}".removesuffix(".0") for level in levels]


QUANTILES, WINDOW_QUANTILES = names(LEVELS, "q"), names(LEVELS, "w")


_LABELS = np.asarray(CLASSES, dtype=object)


def answer(
    past: DemandPanel,
    group: NDArray[np.int64],
    mean: Floats,
    scale: Floats,
    distributions: tuple[Distribution, Distribution],
    drift: Sequence[float],
) -> pd.DataFrame:
    """The frame `predict` returns, for the series asked for; a period not offered is all zeros.

    past: the series, with their periods closed and to come; group: S, the class of each series (its
    place in CLASSES); mean: S × horizon, expected units a period; scale: S × horizon, how far off
    these will be, in units. distributions: of single periods and of sums. drift: by class, a factor
    of the means (the errors, and so the quantiles, have it in them). A sum's quantiles never fall
    as it grows longer.
    """
    asked = np.flatnonzero(past.series["asked"].to_numpy(dtype=bool))
    size, horizon = len(asked), mean.shape[1]
    offered = past.offered[asked, past.now : past.now + horizon]
    mean, scale = mean[asked] * offered, scale[asked] * offered
    sums, scales = np.cumsum(mean, axis=1), np.sqrt(np.cumsum(scale**2, axis=1))
    # The level of a series never seen is off in all periods alike: its errors add up.
    unseen = group[asked] == UNSEEN
    scales[unseen] = np.cumsum(scale[unseen], axis=1)
    classes = np.repeat(group[asked], horizon)
    steps = np.tile(np.arange(1, horizon + 1), size)
    single = distributions[0].quantiles(classes, steps, mean.ravel(), scale.ravel())
    window = distributions[1].quantiles(classes, steps, sums.ravel(), scales.ravel())
    largest = np.where(unseen, np.inf, _largest(past, asked))[:, None]
    periods = np.sqrt(np.arange(1, horizon + 1))[None, :]
    single = np.minimum(single, _most(mean, largest).reshape(-1, 1))
    window = np.minimum(window, _most(sums, largest * periods).reshape(-1, 1))
    window = np.maximum.accumulate(window.reshape(size, horizon, -1), axis=1).reshape(
        len(steps), -1
    )
    expected = mean * np.asarray(drift)[group[asked], None]
    dates = past.dates[past.now : past.now + horizon].strftime("%Y-%m-%d").to_numpy(dtype=object)
    origin = pd.Timestamp(past.dates[past.now]).tz_localize("UTC")
    head = pd.DataFrame(
        {
            **{name: np.repeat(past.series[name].to_numpy()[asked], horizon) for name in KEYS},
            "origin": pd.Series(origin, index=range(len(steps)), dtype="datetime64[ns, UTC]"),
            "horizon": steps,
            "period_start": np.tile(dates, size),
            "demand_class": _LABELS[classes],
            "mean": expected.ravel(),
        }
    )
    parts = [
        head,
        pd.DataFrame(single, columns=QUANTILES),
        pd.DataFrame({"window_mean": np.cumsum(expected, axis=1).ravel()}),
        pd.DataFrame(window, columns=WINDOW_QUANTILES),
    ]
    return pd.concat(parts, axis=1)


def _largest(past: DemandPanel, asked: NDArray[np.int64]) -> Floats:
    """The largest demand of a period that each series has seen; infinite where it saw none."""
    seen = np.nan_to_num(past.demand[asked, : past.now]).max(axis=1, initial=0.0)
    return np.asarray(np.where(seen > 0, seen, np.inf))


def _most(mean: Floats, largest: Floats) -> Floats:
    """What no quantile exceeds, n × horizon units. Errors of other series, or of another time, are
    put on this one by its scale: where that has just changed they reach beyond all reason."""
    return np.asarray(_TIMES_SEEN * np.maximum(mean, largest))


_TIMES_SEEN = 3.0  # of the largest demand seen, or foretold
