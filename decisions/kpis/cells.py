"""Rows with measures, summed by day and cell: what every source of KPIs has in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from decisions.kpis.catalogue import DIMENSIONS

PARTS = (*DIMENSIONS, "category")  # a sum may be split by these; the category is not kept
SUM_COLUMNS = ("measure", "day", *DIMENSIONS, "value", "rows", "unknown")


@dataclass(frozen=True)
class Span:
    """The days from `first` to `last`, both within: midnights without a zone."""

    first: pd.Timestamp
    last: pd.Timestamp

    def holds(self, days: pd.Series) -> pd.Series:
        """True for each day of the span; days: midnights without a zone, may be missing."""
        return days.between(self.first, self.last)

    @property
    def days(self) -> pd.DatetimeIndex:
        """Every day of it."""
        return pd.date_range(self.first, self.last, freq="D")


def utc_days(moments: pd.Series) -> pd.Series:
    """The calendar day (UTC) of each moment: midnight without a zone."""
    days: pd.Series = pd.to_datetime(moments, utc=True).dt.tz_localize(None).dt.floor("D")
    return days


def sum_measures(
    source: str, facts: pd.DataFrame, measures: Sequence[str], by: Sequence[str] = DIMENSIONS
) -> pd.DataFrame:
    """The measures of each day and cell, one row each: SUM_COLUMNS, with `by` for the dimensions.

    source: prefix of the measures' names; facts: a row a fact with its day, some of PARTS and the
    measures as columns, NaN where a measure of the row is not known; measures: the columns to
    sum; by: the parts to split by. value: the sum of what is known; rows: how many rows add to
    it (are neither 0 nor unknown); unknown: how many rows are not known.
    """
    keys = ["day", *by]
    columns = ["measure", *keys, "value", "rows", "unknown"]
    if facts.empty or not measures:
        return pd.DataFrame(columns=columns)
    frame = pd.DataFrame({"day": facts["day"].to_numpy()})
    for name in by:
        given = facts[name] if name in facts else pd.Series("", index=facts.index)
        frame[name] = pd.Categorical(given.astype(object).where(given.notna(), "").to_numpy())
    groups = frame.groupby(keys, sort=True, observed=True)
    # Which cell each fact is of; every measure is then one pass of counting.
    cell = groups.ngroup().to_numpy()
    cells = groups.size().index.to_frame(index=False)
    parts = []
    for measure in measures:
        values = facts[measure].to_numpy(dtype=float)
        known = ~np.isnan(values)
        sums = [
            np.bincount(cell, weights, minlength=len(cells))
            for weights in (np.where(known, values, 0.0), known & (values != 0.0), ~known)
        ]
        value, rows, unknown = sums[0], sums[1].astype(np.int64), sums[2].astype(np.int64)
        told = cells.assign(value=value, rows=rows, unknown=unknown)
        parts.append(told.assign(measure=f"{source}.{measure}"))
    whole = pd.concat(parts, ignore_index=True)[columns]
    return whole.astype(dict.fromkeys(by, object))
