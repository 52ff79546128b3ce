"""How far today's scores are from those the model was judged on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def stability_index(cuts: Sequence[float], values: ArrayLike) -> float:
    """Population stability index of values against bins that were equally full when they were cut:
    Σ (share − 1/bins) · ln(share · bins) (Siddiqi, 2006; above 0.25 is a shift). A bin is never
    taken as emptier than half a value. NaN without values.

    cuts: the rising bounds between the bins, one fewer than bins; values: scores or probabilities
    of today, on the scale of the cuts.

    >>> stability_index([1.0], [0.5, 1.5])
    0.0
    """
    given = np.asarray(values, np.float64)
    places = np.searchsorted(np.asarray(cuts, np.float64), given, side="right")
    return stability_of_counts(np.bincount(places, minlength=len(cuts) + 1))


def stability_of_counts(counts: ArrayLike) -> float:
    """`stability_index` of values that were counted by bin already. counts: values in each bin."""
    given = np.asarray(counts, np.float64)
    total, bins = given.sum(), len(given)
    if not total:
        return float("nan")
    share = np.maximum(given, 0.5) / total
    return float(((share - 1.0 / bins) * np.log(share * bins)).sum())
