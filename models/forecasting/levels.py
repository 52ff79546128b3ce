"""The usual level of each series and its scale: short histories borrow from their look-alikes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.forecasting.panel import Bools, DemandPanel, Floats

# A level counts this many periods of the look-alikes' mean besides the series' own periods.
BORROWED = 2.0
SMALLEST = 1e-3


@dataclass(frozen=True)
class Level:
    """By series, positive. mean: usual demand of a period; scale: its standard deviation.

    seen: how many of the remembered periods were known.
    """

    mean: Floats
    scale: Floats
    seen: Floats


def level(panel: DemandPanel) -> Level:
    """The level from the last `memory` periods, shrunk towards look-alikes.

    A look-alike is the same product elsewhere, else the category in the same warehouse, else all.
    The scale is shrunk towards a Poisson-like one, whose variance is the level.
    """
    return panel.once("level", lambda: _level(panel))


def _level(panel: DemandPanel) -> Level:
    recent = panel.demand[:, -panel.memory :]
    seen = ~np.isnan(recent)
    values = np.where(seen, recent, 0.0)
    count, total = seen.sum(axis=1).astype(float), values.sum(axis=1)
    prior = _prior(panel, total, count)
    mean = np.maximum((total + BORROWED * prior) / (count + BORROWED), SMALLEST)
    errors = np.where(seen, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
    variance = (errors + 2 * BORROWED * mean) / (count + 2 * BORROWED)
    return Level(mean=mean, scale=np.sqrt(variance), seen=count)


def _prior(panel: DemandPanel, total: Floats, count: Floats) -> Floats:
    """Mean demand of a period of look-alikes, the series itself left out."""
    prior = np.where(count.sum() > 0, total.sum() / max(count.sum(), 1.0), panel.default)
    for names in (("warehouse_id", "category"), ("product_id",)):
        group = panel.groups(*names)
        other_total = np.bincount(group, weights=total)[group] - total
        other_count = np.bincount(group, weights=count)[group] - count
        enough: Bools = other_count >= 8
        prior = np.where(enough, np.nan_to_num(_mean(other_total, other_count)), prior)
    return np.asarray(prior)


def summed(values: Floats, group: NDArray[np.int64]) -> Floats:
    """Rows summed by group: groups × columns.

    values: a row a series; group: the number of each row's group, from 0 on.
    """
    count = len(group)
    shape = (int(group.max(initial=0)) + 1, count)
    members = csr_matrix((np.ones(count), (group, np.arange(count))), shape=shape)
    return np.asarray(members @ values, dtype=np.float64)


def _mean(total: Floats, count: Floats) -> Floats:
    unknown = np.full(len(total), np.nan)
    return np.asarray(np.divide(total, count, out=unknown, where=count > 0))
