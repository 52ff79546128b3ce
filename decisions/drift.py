"""How far a distribution has moved: the population stability index (Siddiqi, 2006)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LEAST = 1e-4  # share of an empty bin: its logarithm must exist


def population_stability(
    reference: NDArray[np.float64], recent: NDArray[np.float64], bins: int = 10
) -> float:
    """The population stability index over quantile bins of the reference; missing is a bin too.

    Σ (q − p) · ln(q / p), p and q the shares of reference and recent in a bin (Siddiqi, Credit Risk
    Scorecards, 2006): below 0.1 little has moved, above 0.25 much.

    >>> import numpy as np
    >>> round(population_stability(np.arange(100.0), np.arange(100.0)), 3)
    0.0
    """
    known = reference[~np.isnan(reference)]
    levels = np.linspace(0, 1, bins + 1)[1:-1]
    inner = np.unique(np.quantile(known, levels)) if len(known) else known
    p, q = (_shares(values, inner) for values in (reference, recent))
    return float(np.sum((q - p) * np.log(q / p)))


def _shares(values: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = np.isnan(values)
    places = np.where(missing, len(inner) + 1, np.searchsorted(inner, values, side="right"))
    counts = np.bincount(places, minlength=len(inner) + 2)
    return np.maximum(counts / max(len(values), 1), _LEAST)


def stability_index(cuts: Sequence[float], values: ArrayLike) -> float:
    """`stability_of_counts` of values that are not counted yet.

    cuts: the rising bounds between the bins, one fewer than bins; values: scores or probabilities
    of today, on the scale of the cuts.

    >>> stability_index([1.0], [0.5, 1.5])
    0.0
    """
    given = np.asarray(values, np.float64)
    places = np.searchsorted(np.asarray(cuts, np.float64), given, side="right")
    return stability_of_counts(np.bincount(places, minlength=len(cuts) + 1))


def stability_of_counts(counts: ArrayLike) -> float:
    """The index of values counted in bins that were equally full when they were cut:
    Σ (share − 1/bins) · ln(share · bins); above 0.25 is a shift.

    counts: values in each bin. A bin is never taken as emptier than half a value. NaN without any.

    >>> stability_of_counts([1, 1])
    0.0
    """
    given = np.asarray(counts, np.float64)
    total, bins = given.sum(), len(given)
    if not total:
        return float("nan")
    share = np.maximum(given, 0.5) / total
    return float(((share - 1.0 / bins) * np.log(share * bins)).sum())
