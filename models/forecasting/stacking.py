"""Combining methods: weights by class and step ahead, from the back-test."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import nnls

from models.forecasting.backtest import BacktestForecasts, BacktestSetup
from models.forecasting.classes import CLASSES
from models.forecasting.distribution import GROUPS, Errors, step_group
from models.forecasting.panel import Bools, Floats

# Errors that weights of their own need.
ENOUGH = 300
_TIES = 0.02  # how much equal weights weigh, beside all errors
_SUM = 1e3  # holds the sum of the weights at 1
_SMALL = 0.05  # a weight below this is dropped


def stacked(methods: Sequence[Errors]) -> Floats:
    """Weights of each method: classes × step groups × methods, not below 0, summing to 1.

    Least squares of outcomes on the methods' means, both over the scale (stacked regression with
    weights not below 0: Breiman, 1996), drawn a little towards equal weights. A class or step group
    with few errors has the weights of its class, or of all.
    """
    part, group = step_group(methods[0].step), methods[0].group
    everything = _weights(methods, np.ones(len(group), dtype=bool))
    answer = np.empty((len(CLASSES), GROUPS, len(methods)))
    for place in range(len(CLASSES)):
        own = group == place
        usual = _weights(methods, own) if own.sum() >= ENOUGH else everything
        for step in range(GROUPS):
            here = own & (part == step)
            answer[place, step] = _weights(methods, here) if here.sum() >= ENOUGH else usual
    return answer


def _weights(methods: Sequence[Errors], chosen: Bools) -> Floats:
    count = len(methods)
    scale = methods[0].scale[chosen]
    means = np.stack([one.mean[chosen] for one in methods], axis=1) / scale[:, None]
    outcome = methods[0].actual[chosen] / scale
    size = max(float(np.trace(means.T @ means)) / count, 1e-9)
    # The root of the normal equations stands for all rows: as many rows as methods.
    gram = means.T @ means + _TIES * size * np.eye(count) + _SUM * size
    right = means.T @ outcome + _TIES * size / count + _SUM * size
    root = np.linalg.cholesky(gram)
    found, _ = nnls(root.T, np.linalg.solve(root, right))
    found = np.where(found < _SMALL, 0.0, found)
    return found / found.sum() if found.any() else np.full(count, 1.0 / count)


def crossed(
    here: BacktestSetup, forecasts: Sequence[BacktestForecasts], methods: Sequence[Errors]
) -> BacktestForecasts:
    """The combination from each origin, with weights learned from the other half of the origins.

    here: the series, origins and classes of the back-test; forecasts: for each method, what it
    forecast from each origin; methods: for each method, in the same order, its outcomes in the
    back-test.
    """
    halves = []
    for half in (0, 1):
        others = [one.where(one.fold % 2 != half) for one in methods]
        halves.append(stacked(others if len(others[0].actual) else methods))
    mean, scale = [], []
    for fold, group in enumerate(here.group):
        weights = halves[fold % 2][group]
        mean.append(combined(weights, [one.mean[fold] for one in forecasts]))
        scale.append(combined(weights, [one.scale[fold] for one in forecasts]))
    return BacktestForecasts(tuple(mean), tuple(scale))


def combined(weights: Floats, parts: Sequence[Floats]) -> Floats:
    """Weighted sum of matrices n × steps; weights: n × step groups × parts."""
    steps = step_group(np.arange(1, parts[0].shape[1] + 1))
    answer = np.zeros(parts[0].shape)
    for number, part in enumerate(parts):
        answer += weights[:, steps, number] * part
    return answer
