"""Combining ways to forecast: weights by class and step ahead, from the back-test."""

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


def stacked(ways: Sequence[Errors]) -> Floats:
    """Weights of each way: classes × step groups × ways, not below 0, summing to 1.

    Least squares of outcomes on the ways' means, both over the spread (stacked regression with
    weights not below 0: Breiman, 1996), drawn a little towards equal weights. A class or step group
    with few errors has the weights of its class, or of all.
    """
    part, group = step_group(ways[0].step), ways[0].group
    everything = _weights(ways, np.ones(len(group), dtype=bool))
    answer = np.empty((len(CLASSES), GROUPS, len(ways)))
    for place in range(len(CLASSES)):
        own = group == place
        usual = _weights(ways, own) if own.sum() >= ENOUGH else everything
        for step in range(GROUPS):
            here = own & (part == step)
            answer[place, step] = _weights(ways, here) if here.sum() >= ENOUGH else usual
    return answer


def _weights(ways: Sequence[Errors], chosen: Bools) -> Floats:
    count = len(ways)
    spread = ways[0].spread[chosen]
    means = np.stack([one.mean[chosen] for one in ways], axis=1) / spread[:, None]
    outcome = ways[0].actual[chosen] / spread
    size = max(float(np.trace(means.T @ means)) / count, 1e-9)
    # The root of the normal equations stands for all rows: as many rows as ways.
    gram = means.T @ means + _TIES * size * np.eye(count) + _SUM * size
    right = means.T @ outcome + _TIES * size / count + _SUM * size
    root = np.linalg.cholesky(gram)
    found, _ = nnls(root.T, np.linalg.solve(root, right))
    found = np.where(found < _SMALL, 0.0, found)
    return found / found.sum() if found.any() else np.full(count, 1.0 / count)


def crossed(
    here: BacktestSetup, walks: Sequence[BacktestForecasts], ways: Sequence[Errors]
) -> BacktestForecasts:
    """The combination from each origin, with weights learned from the other half of the origins.

    here: the series, origins and classes of the back-test; walks: for each way, what it forecast
    from each origin; ways: for each way, in the same order, its outcomes in the back-test.
    """
    halves = []
    for half in (0, 1):
        others = [one.where(one.fold % 2 != half) for one in ways]
        halves.append(stacked(others if len(others[0].actual) else ways))
    mean, spread = [], []
    for fold, group in enumerate(here.group):
        weights = halves[fold % 2][group]
        mean.append(combined(weights, [one.mean[fold] for one in walks]))
        spread.append(combined(weights, [one.spread[fold] for one in walks]))
    return BacktestForecasts(tuple(mean), tuple(spread))


def combined(weights: Floats, parts: Sequence[Floats]) -> Floats:
    """Weighted sum of matrices n × steps; weights: n × step groups × parts."""
    steps = step_group(np.arange(1, parts[0].shape[1] + 1))
    answer = np.zeros(parts[0].shape)
    for number, part in enumerate(parts):
        answer += weights[:, steps, number] * part
    return answer
