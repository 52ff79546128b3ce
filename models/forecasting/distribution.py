"""From a mean and a scale to quantiles: the errors of a back-test, by class, size and step.

The quantiles of standardised errors seen out of sample are put back on new forecasts (split
conformal prediction: Lei et al., 2018, with Mondrian groups by class and step ahead), so the
share of outcomes below a quantile is its level by construction. The same is done for the sums of
periods 1 … h: their errors are seen too, so nothing is assumed of how periods hang together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from models.forecasting.classes import CLASSES, UNSEEN
from models.forecasting.panel import Bools, Floats

Ints = NDArray[np.int64]

LEVELS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
_STEPS = (1, 2, 4, 8, 14, 29)  # first step of each group of steps
GROUPS = len(_STEPS)
_BINS = 10
# Errors a bin should hold at least, and a class and step group to stand alone.
_BIN_ERRORS, _GROUP_ERRORS = 300, 150
_MOST_SCALES = 100.0  # a gap of more was foretold by no scale at all


@dataclass(frozen=True)
class Errors:
    """Outcomes of a back-test, flat. group: the class; step: ahead; fold: which origin."""

    group: Ints
    step: Ints
    fold: Ints
    mean: Floats
    scale: Floats
    actual: Floats

    @classmethod
    def none(cls) -> "Errors":
        """No outcomes at all."""
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(whole, whole, whole, real, real, real)

    def where(self, chosen: Bools) -> "Errors":
        """The outcomes at some places, True in a mask."""
        return Errors(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Distribution:
    """Quantiles of standardised errors: classes × step groups × bins (× levels).

    centre: log mean of each bin, rising.
    """

    centre: Floats
    quantile: Floats

    def quantiles(self, group: Ints, step: Ints, mean: Floats, scale: Floats) -> Floats:
        """Quantiles of n forecasts: n × LEVELS; at least 0, rising with the level.

        group: n classes (places in CLASSES); step: n steps ahead (1, 2, …); mean: n expected
        demands, in units; scale: n sizes of the error, in units.
        """
        answer = np.zeros((len(mean), len(LEVELS)))
        part = step_group(step)
        for name in np.unique(group):
            for own in np.unique(part):
                rows = np.flatnonzero((group == name) & (part == own))
                if len(rows):
                    shift = self._shift(int(name), int(own), mean[rows])
                    answer[rows] = mean[rows, None] + scale[rows, None] * shift
        return np.sort(np.maximum(answer, 0.0), axis=1)

    def _shift(self, group: int, part: int, mean: Floats) -> Floats:
        centre, quantile = self.centre[group, part], self.quantile[group, part]
        # Between two bins a straight line, of all levels at once: n places counted in bins.
        place = np.interp(_log(mean), centre, np.arange(_BINS))
        low = np.minimum(place.astype(np.int64), _BINS - 2)
        share = (place - low)[:, None]
        return np.asarray(quantile[low] * (1 - share) + quantile[low + 1] * share)


def calibrated(errors: Errors) -> Distribution:
    """Learn the quantiles; a class or step group with few errors borrows from the wider one.

    Without any errors, and for series never seen, the standard normal stands in.
    """
    shape = (len(CLASSES), len(_STEPS), _BINS)
    centre = np.tile(np.arange(_BINS, dtype=np.float64), (*shape[:2], 1))
    quantile = np.tile(norm.ppf(LEVELS), (*shape, 1))
    part = step_group(errors.step)
    for group in range(len(CLASSES)):
        if group == UNSEEN:
            continue  # its scale says already how little is known
        for step in range(len(_STEPS)):
            own = (errors.group == group) & (part == step)
            chosen = own if own.sum() >= _GROUP_ERRORS else _wider(errors, part, group, step)
            if chosen.any():
                centre[group, step], quantile[group, step] = _bins(errors.where(chosen))
    return Distribution(centre, quantile)


def _wider(errors: Errors, part: Ints, group: int, step: int) -> Bools:
    """The class at the nearest steps, the class, or everything: the first with errors enough."""
    own = errors.group == group
    if own.sum() < _GROUP_ERRORS:
        return np.ones(len(own), dtype=bool)
    away = np.abs(part - step)
    near = own & (away <= away[own].min())
    return np.asarray(near if near.sum() >= _GROUP_ERRORS else own)


def _bins(errors: Errors) -> tuple[Floats, Floats]:
    """Bins of equal count by mean; with few errors, fewer bins repeated."""
    count = int(np.clip(len(errors.mean) // _BIN_ERRORS, 1, _BINS))
    order = np.argsort(errors.mean, kind="stable")
    gap = errors.actual - errors.mean
    # A scale that is next to nothing beside the gap says that all errors before were 0: how many
    # such scales the gap is says nothing of another series, only that it is beyond every bin.
    told = errors.scale > np.abs(gap) / _MOST_SCALES
    standard = np.divide(gap, errors.scale, out=np.sign(gap), where=told & (errors.scale > 0))
    centres, quantiles = [], []
    for rows in np.array_split(order, count):
        centres.append(np.median(_log(errors.mean[rows])))
        quantiles.append(_conformal(standard[rows]))
    places = np.minimum(np.arange(_BINS), count - 1)
    return np.asarray(centres)[places], np.asarray(quantiles)[places]


def _conformal(values: Floats) -> Floats:
    """Quantiles with the finite-sample correction (n + 1) l / n, the outer ones drawn outwards."""
    count = len(values)
    level = np.asarray(LEVELS)
    outward = np.clip(0.5 + (level - 0.5) * (count + 1) / count, 0.0, 1.0)
    return np.asarray(np.quantile(values, outward))


def _log(mean: Floats) -> Floats:
    return np.log(np.maximum(mean, 1e-6))


def step_group(step: Ints) -> Ints:
    """The group of each step ahead: 1, 2–3, 4–7, 8–13, 14–28, further."""
    return np.searchsorted(np.asarray(_STEPS), step, side="right") - 1
