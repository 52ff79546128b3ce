"""How far today's scores are from those the model was judged on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def stability_index(cuts: Sequence[float], values: ArrayLike) -> float:
    """Population stability index of values against bins that were equally full when they were cut:
    Σ (share − 1/bins) · ln(share · bins) (Siddiqi, 2006; above 0.25 is a shift). A bin is never
    taken as emptier than half a value. NaN without values.

    >>> stability_index([1.0], [0.5, 1.5])
    0.0
    """
    given = np.asarray(values, np.float64)
    if not len(given):
        return float("nan")
    bins = len(cuts) + 1
    places = np.searchsorted(np.asarray(cuts, np.float64), given, side="right")
    share = np.maximum(np.bincount(places, minlength=bins), 0.5) / len(given)
    return float(((share - 1.0 / bins) * np.log(share * bins)).sum())
