"""Which way to forecast is the better one for each class: pinball loss in the back-test."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from models.forecasting.backtest import Trial
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
    guess = distribution.quantiles(errors.group, errors.step, errors.mean, errors.spread)
    level = np.asarray(LEVELS)
    off = errors.actual[:, None] - guess
    return np.asarray(np.maximum(level * off, (level - 1) * off).mean(axis=1))


def best(trials: Mapping[str, Trial]) -> dict[int, str]:
    """The name of the best way for each class; nothing when nothing was judged."""
    if not trials or not len(next(iter(trials.values())).single.actual):
        return {}
    loss = {name: losses(one.single) for name, one in trials.items()}
    group = next(iter(trials.values())).single.group
    overall = min(loss, key=lambda name: loss[name].mean())
    answer = {}
    for place in range(len(CLASSES)):
        own = group == place
        means = {name: one[own].mean() for name, one in loss.items() if own.sum() >= ENOUGH}
        answer[place] = min(means, key=lambda name: means[name]) if means else overall
    return answer


def drift(errors: Errors) -> tuple[float, ...]:
    """By class, what the means of the back-test have to be multiplied by to add up to the outcomes.

    The median over origins, so that one odd window cannot decide; 0.75 to 1.33; 1 with few errors.
    """
    answer = []
    for place in range(len(CLASSES)):
        own = errors.where(errors.group == place)
        enough = len(own.actual) >= ENOUGH
        sums = np.bincount(own.fold, own.actual) + 1, np.bincount(own.fold, own.mean) + 1
        ratio = float(np.median(sums[0] / sums[1])) if enough else 1.0
        answer.append(min(max(ratio, 0.75), 4 / 3))
    return tuple(answer)


def picked(trials: Mapping[str, Trial], names: Mapping[int, str]) -> Trial:
    """The errors of each class by the way chosen for it; all trials judged the same outcomes."""
    return Trial(
        single=_merged({name: one.single for name, one in trials.items()}, names),
        window=_merged({name: one.window for name, one in trials.items()}, names),
    )


def _merged(errors: Mapping[str, Errors], names: Mapping[int, str]) -> Errors:
    base = next(iter(errors.values()))
    mean, spread = base.mean.copy(), base.spread.copy()
    for place, name in names.items():
        own = base.group == place
        mean[own], spread[own] = errors[name].mean[own], errors[name].spread[own]
    return replace(base, mean=mean, spread=spread)


def blended(ours: Trial, other: Trial) -> Trial:
    """Half of each."""
    return Trial(_half(ours.single, other.single), _half(ours.window, other.window))


def _half(ours: Errors, other: Errors) -> Errors:
    mean, spread = (ours.mean + other.mean) / 2, (ours.spread + other.spread) / 2
    return replace(ours, mean=mean, spread=spread)
