"""Quantiles around an expectation, from how outcomes lay around like expectations in the past."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.stats import nbinom

from models.customers.purchase_process import Numbers

_LEVELS = np.linspace(0.01, 0.99, 50)
_ROWS_A_GROUP, _MOST_GROUPS, _FEWEST_ROWS = 200, 40, 60
_SHAPE_WITHOUT_PAST = 0.4  # of the negative binomial that stands in: a customer's usual spread


@dataclass(frozen=True)
class OutcomeQuantiles:
    """Of groups of alike expectation (rising): their centre, and the quantiles of outcome ÷
    expectation at the levels .01 … .99. No group: a negative binomial stands in.

    centres: groups. ratios: groups × levels.
    """

    centres: Numbers
    ratios: Numbers

    @classmethod
    def without_past(cls) -> Self:
        """No groups: plain distributions."""
        return cls(np.empty(0), np.empty((0, len(_LEVELS))))

    @classmethod
    def fit(cls, expected: Numbers, actual: Numbers) -> Self:
        """Learn from what was expected (> 0) and the actual outcomes, of the same length."""
        rows = np.flatnonzero(np.isfinite(expected) & np.isfinite(actual) & (expected > 0))
        if len(rows) < _FEWEST_ROWS:
            return cls.without_past()
        order = rows[np.argsort(expected[rows], kind="stable")]
        count = int(np.clip(len(order) // _ROWS_A_GROUP, 1, _MOST_GROUPS))
        parts = np.array_split(order, count)
        centres = np.array([expected[part].mean() for part in parts])
        ratios = [
            np.quantile(actual[part], _LEVELS) / centre
            for part, centre in zip(parts, centres, strict=True)
        ]
        return cls(centres, np.array(ratios))

    def predict(self, expected: Numbers, level: float, unit: Numbers | float = 1.0) -> Numbers:
        """The quantile of each row at a level (0..1).

        expected: of each row. unit: what one order is worth of each row (1 for orders), used where
        there is no past to learn from.
        """
        if not len(self.centres):
            return _without_past(expected, level, unit)
        at_level = np.array([np.interp(level, _LEVELS, ratios) for ratios in self.ratios])
        # Between the centres of two groups the ratio goes over evenly in the logarithm.
        place = np.log(np.maximum(expected, 1e-12))
        ratio = np.interp(place, np.log(self.centres), at_level)
        return np.asarray(np.maximum(expected, 0.0) * ratio)

    def numbers(self) -> dict[str, Any]:
        """What `restore` takes, as JSON has it."""
        return {"centres": self.centres.tolist(), "ratios": self.ratios.tolist()}

    @classmethod
    def restore(cls, numbers: dict[str, Any]) -> Self:
        """The quantiles that `numbers` describes."""
        ratios = np.array(numbers["ratios"], dtype=float).reshape(-1, len(_LEVELS))
        return cls(np.array(numbers["centres"], dtype=float), ratios)


def _without_past(expected: Numbers, level: float, unit: Numbers | float) -> Numbers:
    """Quantiles of a negative binomial of orders with the expected mean, times their unit."""
    orders = np.maximum(expected / np.maximum(unit, 1e-9), 1e-9)
    chance = _SHAPE_WITHOUT_PAST / (_SHAPE_WITHOUT_PAST + orders)
    return np.asarray(nbinom.ppf(level, _SHAPE_WITHOUT_PAST, chance) * unit)
