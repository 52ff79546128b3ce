"""How much better one arm of an experiment does than another: shares and means, with intervals.

Wilson (1927), Probable inference, the law of succession, and statistical inference. Newcombe
(1998), Interval estimation for the difference between independent proportions, method 10. Donner,
Zou (2012), Closed-form confidence intervals for functions of the normal mean (the ratio).
Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), Time-uniform central limit theory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chisquare, norm

# People at which the intervals that hold at every look are tightest.
_TUNED_FOR = 2_000


@dataclass(frozen=True)
class Share:
    """Of `people`, `did` did it; low, high: the Wilson interval."""

    did: int
    people: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share; 0 of nobody."""
        return self.did / self.people if self.people else 0.0

    @property
    def variance(self) -> float:
        """Of the share; one more who did and one more who did not: nobody of a few is not certainly
        nobody."""
        p = (self.did + 1) / (self.people + 2)
        return p * (1 - p) / self.people if self.people else inf


@dataclass(frozen=True)
class Mean:
    """The mean of a number that `people` have; low, high: its interval by the normal distribution;
    variance: of the mean."""

    value: float
    people: int
    low: float
    high: float
    variance: float


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its confidence interval; `high` may be infinite."""

    value: float
    low: float
    high: float

    def covers(self, truth: float) -> bool:
        """Whether a value lies within."""
        return self.low <= truth <= self.high


def share(did: int, people: int, *, level: float = 0.95) -> Share:
    """A share with its Wilson interval; of nobody: anything between 0 and 1.

    did: how many did it; people: of how many; level: the probability that the interval covers the
    truth, in 0 … 1.

    >>> found = share(15, 148)  # Newcombe (1998), table I
    >>> round(found.low, 4), round(found.high, 4)
    (0.0624, 0.1605)
    """
    if not people:
        return Share(0, 0, 0.0, 1.0)
    z = float(norm.ppf(0.5 + level / 2))
    p, spare = did / people, z * z / people
    centre = (p + spare / 2) / (1 + spare)
    half = z * sqrt(p * (1 - p) / people + spare / (4 * people)) / (1 + spare)
    return Share(did, people, min(max(centre - half, 0.0), p), max(min(centre + half, 1.0), p))


def mean(values: NDArray[np.float64], *, level: float = 0.95) -> Mean | None:
    """A mean with its interval; None of fewer than two people.

    values: a number a person; level: the probability that the interval covers the truth, in 0 … 1.

    >>> found = mean(np.array([0.0, 10.0]))
    >>> found.value, round(found.high, 1)
    (5.0, 14.8)
    """
    if len(values) < 2:
        return None
    value, variance = float(values.mean()), float(values.var(ddof=1)) / len(values)
    half = float(norm.ppf(0.5 + level / 2)) * sqrt(variance)
    return Mean(value, len(values), value - half, value + half, variance)


def sample_ratio(counts: Sequence[int], shares: Sequence[float]) -> float | None:
    """How likely such numbers of people are by chance (Pearson's chi-square); None of nobody.

    counts: people in each arm; shares: of all people each arm should have, which add up to 1.

    >>> round(sample_ratio([500, 500], [0.5, 0.5]), 3), sample_ratio([600, 400], [0.5, 0.5]) < 0.001
    (1.0, True)
    """
    people = sum(counts)
    if not people:
        return None
    return float(chisquare(counts, [share * people for share in shares]).pvalue)


def difference(ours: Share | Mean, theirs: Share | Mean) -> Interval:
    """Ours less theirs, by Newcombe's hybrid score interval; of means it is Welch's.

    ours: of one arm; theirs: of the arm it is compared with.

    >>> found = difference(share(56, 70), share(48, 80))  # Newcombe (1998), table II, (a)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0524, 0.3339)
    """
    value = ours.value - theirs.value
    below = sqrt((ours.value - ours.low) ** 2 + (theirs.high - theirs.value) ** 2)
    above = sqrt((ours.high - ours.value) ** 2 + (theirs.value - theirs.low) ** 2)
    return Interval(value, value - below, value + above)


def difference_at_any_time(
    ours: Share | Mean, theirs: Share | Mean, *, level: float = 0.95
) -> Interval:
    """Ours less theirs, by an interval that holds at every look at once, however often one looks.

    The asymptotic confidence sequence of Waudby-Smith et al., tightest at about 2,000 people.

    ours: of one arm; theirs: of the arm it is compared with; level: the probability that all
    intervals cover the truth, in 0 … 1.

    >>> found = difference_at_any_time(share(560, 700), share(480, 800))
    >>> round(found.low, 3), round(found.high, 3)
    (0.13, 0.27)
    """
    value = ours.value - theirs.value
    people = ours.people + theirs.people
    # A share lies in 0 … 1, so a difference of two in -1 … 1.
    furthest = 1.0 if isinstance(ours, Share) else inf
    if not ours.people or not theirs.people:
        return Interval(value, -furthest, furthest)
    variance = ours.variance + theirs.variance
    miss = 2 * log(1 / (1 - level))
    size = people * (miss + log(miss + 1)) / _TUNED_FOR + 1
    width = 2 * size / (people * (size - 1)) * log(sqrt(size) / (1 - level))
    half = sqrt(variance * people * width)
    return Interval(value, max(value - half, -furthest), min(value + half, furthest))


def relative(ours: Share | Mean, theirs: Share | Mean) -> Interval:
    """Ours over theirs, less 1, by the MOVER-R interval from the same limits.

    Where nobody of theirs did it, or their mean is not clearly above 0, there is no ratio: the
    value is infinite.

    ours: of one arm; theirs: of the arm it is compared with.
    """
    p, q = ours.value, theirs.value
    if isinstance(theirs, Mean) and theirs.low <= 0:
        return Interval(inf, -inf, inf)
    low = _ratio(p, ours.low, q, theirs.high, side=-1)
    high = _ratio(p, ours.high, q, theirs.low, side=1)
    return Interval(p / q - 1 if q else inf, low - 1, high - 1)


def _ratio(p: float, ours: float, q: float, theirs: float, *, side: int) -> float:
    """One end of the interval of p / q: ours is p's end on that side, theirs q's on the other."""
    far, near = theirs * (2 * q - theirs), ours * (2 * p - ours)
    root = sqrt(max((p * q) ** 2 - near * far, 0.0))
    if abs(far) > 1e-12:
        return (p * q + side * root) / far
    return inf if side > 0 or not p * q else near / (2 * p * q)
