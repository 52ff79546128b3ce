"""Which method is the better one for each class: pinball loss in the back-test."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.forecasting.backtest import BacktestForecasts, BacktestSetup, Rows
from models.forecasting.classes import CLASSES
from models.forecasting.distribution import LEVELS, Distribution, Errors, calibrated
from models.forecasting.panel import Floats

# Fewer errors than this do not choose for a class; the choice over all classes does.
ENOUGH = 200
NO_DRIFT = (1.0,) * len(CLASSES)


def losses(errors: Errors) -> Floats:
    """Mean pinball loss of each outcome, under quantiles learned from the other half of origins."""
    loss = np.full(len(errors.actual), np.nan)
    for half in (0, 1):
        here = errors.fold % 2 == half
        if here.any():
            other = errors.where(~here) if (~here).any() else errors
            loss[here] = _pinball(errors.where(here), calibrated(other))
    return loss


def _pinball(errors: Errors, distribution: Distribution) -> Floats:
    guess = distribution.quantiles(errors.group, errors.step, errors.mean, errors.scale)
    level = np.asarray(LEVELS)
    off = errors.actual[:, None] - guess
    return np.asarray(np.maximum(level * off, (level - 1) * off).mean(axis=1))


def best(
    errors: Mapping[str, Errors], *, usual: str | None = None, windows: float = 1.0
) -> dict[int, str]:
    """The name of the best method for each class; nothing when nothing was judged.

    Where there is a usual method, another has to beat it by more than a standard error over so many
    independent windows: one lucky season decides nothing.

    errors: method -> its outcomes in the back-test, of all methods in the same order; usual: name
    of the usual method, None for none; windows: how many windows that do not overlap the origins
    are worth, 1 or more.
    """
    if not errors or not len(next(iter(errors.values())).actual):
        return {}
    loss = {name: losses(one) for name, one in errors.items()}
    first = next(iter(errors.values()))
    overall = _best(loss, first.fold, usual, windows)
    answer = {}
    for place in range(len(CLASSES)):
        own = first.group == place
        mine = {name: one[own] for name, one in loss.items()}
        enough = own.sum() >= ENOUGH
        answer[place] = _best(mine, first.fold[own], usual, windows) if enough else overall
    return answer


def _best(loss: Mapping[str, Floats], fold: Rows, usual: str | None, windows: float) -> str:
    found = min(loss, key=lambda name: loss[name].mean())
    if usual is None or usual not in loss or found == usual:
        return found
    count = np.bincount(fold)
    gain = np.bincount(fold, loss[usual] - loss[found])[count > 0] / count[count > 0]
    return found if gain.mean() > gain.std() / np.sqrt(windows) else usual


def drift(errors: Errors, windows: float) -> tuple[float, ...]:
    """By class, what the means of the back-test have to be multiplied by to add up to the outcomes.

    The median over origins, so that one odd window cannot decide, shrunk towards 1 by its standard
    error over so many independent windows; 0.75 to 1.33; 1 with few errors.
    """
    answer = []
    for place in range(len(CLASSES)):
        own = errors.where(errors.group == place)
        answer.append(_ratio(own, windows) if len(own.actual) >= ENOUGH else 1.0)
    return tuple(answer)


def _ratio(errors: Errors, windows: float) -> float:
    outcome, mean = (np.bincount(errors.fold, one) for one in (errors.actual, errors.mean))
    there = np.bincount(errors.fold) > 0
    off = np.log(((outcome + 1) / (mean + 1))[there])
    middle, doubt = np.median(off) ** 2, off.var() / windows
    trusted = middle / max(middle + doubt, 1e-9)
    return float(np.clip(np.exp(trusted * np.median(off)), 0.75, 4 / 3))


def picked(
    here: BacktestSetup, forecasts: Mapping[str, BacktestForecasts], names: Mapping[int, str]
) -> BacktestForecasts:
    """The forecasts of the back-test, those of each class by the method chosen for it.

    here: the series, origins and classes of the back-test; forecasts: method -> what it forecast
    from each origin; names: class (its place in CLASSES) -> method.
    """
    return BacktestForecasts(
        tuple(
            _merged({name: one.mean[fold] for name, one in forecasts.items()}, names, group)
            for fold, group in enumerate(here.group)
        ),
        tuple(
            _merged({name: one.scale[fold] for name, one in forecasts.items()}, names, group)
            for fold, group in enumerate(here.group)
        ),
    )


def _merged(parts: Mapping[str, Floats], names: Mapping[int, str], group: Rows) -> Floats:
    answer = next(iter(parts.values())).copy()
    for place, name in names.items():
        answer[group == place] = parts[name][group == place]
    return answer


def blended(forecasts: Sequence[BacktestForecasts]) -> BacktestForecasts:
    """The mean of what several methods forecast: equal parts of each."""
    return BacktestForecasts(
        tuple(
            np.mean(parts, axis=0) for parts in zip(*(one.mean for one in forecasts), strict=True)
        ),
        tuple(
            np.mean(parts, axis=0) for parts in zip(*(one.scale for one in forecasts), strict=True)
        ),
    )
