"""How long reports of fraud take, from those that have come: young payments may yet be reported."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
FEWEST_REPORTS = 30  # with fewer the setting is taken
_NEARLY_ALL = 0.95
_LONGEST_DAYS = 120.0  # within which the card networks let a payment be disputed
_SETTLED = 1.25  # payments must be so many times older than nearly all delays, to know them


@dataclass(frozen=True)
class ReportDelays:
    """The share of all reports that have come after so many days.

    days: rising; shares: of the reports that come within each of them. is_known: False where no
    payment is old enough to tell whether later reports will follow; a lack of reports then proves
    nothing.
    """

    days: Numbers
    shares: Numbers
    is_known: bool

    def share_reported(self, age_days: ArrayLike) -> Numbers:
        """The share of the frauds of each age that are reported by now.

        age_days: of payments, 0 and more.
        """
        place = np.searchsorted(self.days, np.asarray(age_days, np.float64), side="right")
        return np.asarray(np.concatenate(([0.0], self.shares))[place])

    @property
    def nearly_all_days(self) -> float:
        """The age at which 95 of 100 reports have come."""
        return float(self.days[np.searchsorted(self.shares, _NEARLY_ALL)])

    @classmethod
    def of(cls, delays: ArrayLike, ages: ArrayLike, *, oldest: float, usual_days: float) -> Self:
        """The delays as estimated from the reports that have come so far.

        A slow report on a young payment has not come yet, so quick ones are too many among those
        that have: the estimate allows for it (Lynden-Bell, 1971, for data truncated on the right).

        delays: days from payment to report, one a reported payment; ages: days from those payments
        to now; oldest: age of the oldest payment that could have been reported, days; usual_days:
        taken for all reports where fewer than FEWEST_REPORTS have come.
        """
        took, age = np.asarray(delays, np.float64), np.asarray(ages, np.float64)
        if len(took) < FEWEST_REPORTS:
            settled = oldest >= max(usual_days, _LONGEST_DAYS)
            return cls(np.array([usual_days]), np.array([1.0]), settled)
        took = np.maximum(took, 0.0)
        days, counts = np.unique(took, return_counts=True)
        # At risk at a delay: reports no slower than it, of payments old enough to have shown it.
        no_slower = np.searchsorted(np.sort(took), days, side="right")
        too_young = np.searchsorted(np.sort(np.maximum(age, took)), days, side="left")
        at_risk = np.maximum(no_slower - too_young, counts)
        survives = 1.0 - counts / at_risk
        survives[0] = 1.0  # the quickest delay is where the curve starts
        # F(d) is the product over all longer delays; the longest has F = 1.
        shares = np.append(np.cumprod(survives[::-1])[::-1][1:], 1.0)
        made = cls(days, shares, True)
        return cls(days, shares, bool(oldest >= _SETTLED * made.nearly_all_days))
