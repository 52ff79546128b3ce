"""Demand classes by interval and variability (Syntetos, Boylan & Croston, 2005), and `new`."""

import numpy as np
from numpy.typing import NDArray

from models.forecasting.panel import DemandPanel, Floats

CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "new", "unseen")
NEW, UNSEEN = 4, 5
_INTERVAL, _VARIABILITY = 1.32, 0.49
# A series seen for fewer periods than this is new.
SEEN = 8


def classify(panel: DemandPanel) -> NDArray[np.int64]:
    """The class of each series (its place in CLASSES), from all periods with known demand.

    ADI: periods seen over periods with demand; CV²: squared variation of the demand when there is
    some. smooth: ADI < 1.32 and CV² < 0.49; erratic: only CV² is above; intermittent: only ADI;
    lumpy: both. A series without any demand is intermittent, one seen less than 8 periods is new,
    one never seen is unseen.
    """
    seen = ~np.isnan(panel.demand)
    some = seen & (panel.demand > 0)
    periods, times = seen.sum(axis=1), some.sum(axis=1)
    many = np.maximum(times, 1)
    size = np.where(some, panel.demand, 0.0)
    mean = size.sum(axis=1) / many
    square = (size**2).sum(axis=1) / many
    variation = _ratio(square - mean**2, mean**2)
    rare = (times == 0) | (periods >= _INTERVAL * many)
    varied = (variation >= _VARIABILITY) & (times > 0)
    named = np.where(rare, np.where(varied, 3, 2), np.where(varied, 1, 0))
    young = np.where(periods == 0, UNSEEN, NEW)
    return np.where(periods < SEEN, young, named).astype(np.int64)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(np.maximum(top, 0.0), bottom, out=np.zeros_like(top), where=bottom > 0)
