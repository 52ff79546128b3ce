"""Sudden changes of a series: how far a day lies from what its weekday and level would give."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from decisions.kpis.catalogue import Kpi

HISTORY_DAYS = 70
_LEVEL_DAYS = 28  # the level is their median: a week of trouble does not move it
_FEWEST_DAYS = 42
_FEWEST_ROWS = 30.0  # a day; below, chance alone makes large changes
_LEAST_SCALE = 0.05
_Z, _LEAST_CHANGE = 6.0, 0.25
_CRITICAL_Z, _CRITICAL_CHANGE = 10.0, 0.5


@dataclass(frozen=True)
class SuddenChange:
    """A day's value beside what was expected: change is value / expected − 1, z how many times
    the usual spread (of logarithms) that is."""

    value: float
    expected: float
    change: float
    z: float

    @property
    def is_critical(self) -> bool:
        """True if it is far beyond what is worth a warning."""
        return abs(self.z) >= _CRITICAL_Z and abs(self.change) >= _CRITICAL_CHANGE


def sudden_change(kpi: Kpi, frame: pd.DataFrame, day: pd.Timestamp) -> SuddenChange | None:
    """The change of a KPI on a day; None where it is as usual, or there is too little to say.

    kpi: of the catalogue; frame: of `daily_sums`, one row a day, HISTORY_DAYS up to the day; day:
    midnight without a zone. The expected value is the median of the last 28 days without their
    weekdays' factors, times the day's own factor; the spread is the median absolute deviation of
    such ratios, at least what counting so many rows allows by chance, at least 5 %.
    """
    known = frame[frame["unknown"] == 0].set_index("day")
    if day not in known.index:
        return None
    values = known["numerator"] * kpi.scale
    if kpi.denominator is not None:
        values = (values / known["denominator"]).where(known["denominator"] > 0)
    values = values.dropna()
    before = values[values.index < day].tail(HISTORY_DAYS)
    if day not in values.index or len(before) < _FEWEST_DAYS or before.median() <= 0:
        return None
    rows = float(known["rows"].reindex(before.index[-_LEVEL_DAYS:]).median())
    if rows < _FEWEST_ROWS:
        return None
    factors = before.groupby(before.index.weekday).median() / before.median()  # type: ignore[attr-defined]  # days
    factors = factors.where(factors > 0, 1.0)
    of_day = pd.Series(before.index.weekday, index=before.index).map(factors)  # type: ignore[attr-defined]  # days
    plain = before / of_day
    level = plain.rolling(_LEVEL_DAYS, min_periods=_LEVEL_DAYS // 2).median()
    expected = float(level.iloc[-1] * factors.get(day.weekday(), 1.0))
    if not expected > 0:
        return None
    # Half a row is added to both sides, so that a day of nothing is far away and not infinitely.
    half = 0.5 * expected / rows
    plain, level = plain.clip(lower=0.0), level.clip(lower=0.0)
    ratios = (plain + half) / (level.shift(1) + half)
    usual = np.log(ratios.dropna().to_numpy(dtype=float))
    spread = 1.4826 * float(np.median(np.abs(usual - np.median(usual))))
    scale = max(spread, 1.0 / np.sqrt(rows), _LEAST_SCALE)
    value = float(values[day])
    z = float(np.log((max(value, 0.0) + half) / (expected + half))) / scale
    change = value / expected - 1.0
    if abs(z) < _Z or abs(change) < _LEAST_CHANGE:
        return None
    return SuddenChange(value, expected, change, z)
