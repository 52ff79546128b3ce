"""The grid: every warehouse × product under planning, and its periods from launch to the end."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting.periods import Numbers, numbers, seconds, starts

PAIR = ["warehouse_id", "product_id"]
# Sold in this many periods, a pair is worth a forecast even where no supply terms name it.
REGULAR = 8


@dataclass(frozen=True)
class Grid:
    """Pairs and, for each, the periods first … first + length - 1; cells lie pair by pair.

    pairs: warehouse_id, product_id; one row a pair, in order.
    """

    pairs: pd.DataFrame
    first: Numbers
    length: Numbers
    frequency: str

    @property
    def size(self) -> int:
        """How many cells there are."""
        return int(self.length.sum())

    @cached_property
    def offset(self) -> Numbers:
        """The first cell of each pair."""
        return np.asarray(np.cumsum(self.length) - self.length, dtype=np.int64)

    @cached_property
    def pair(self) -> Numbers:
        """The pair of each cell."""
        return np.repeat(np.arange(len(self.pairs)), self.length)

    @cached_property
    def period(self) -> Numbers:
        """The period of each cell."""
        within = np.arange(self.size) - np.repeat(self.offset, self.length)
        return np.repeat(self.first, self.length) + within

    def cells(self, pair: Numbers, period: Numbers) -> Numbers:
        """The cell of each pair (its number, -1 for none) and period; -1 where there is none."""
        if not len(self.pairs):  # nothing to look up in
            return np.full(len(pair), -1, dtype=np.int64)
        safe = np.maximum(pair, 0)
        within = period - self.first[safe]
        there = (pair >= 0) & (within >= 0) & (within < self.length[safe])
        return np.where(there, self.offset[safe] + within, -1)

    def find(self, frame: pd.DataFrame) -> Numbers:
        """The number of each row's pair; -1 where it is not of the grid."""
        index = pd.MultiIndex.from_frame(self.pairs[PAIR])
        return index.get_indexer(pd.MultiIndex.from_frame(frame[PAIR])).astype(np.int64)

    def sums(self, cell: Numbers, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of values by cell; cell -1 is left out."""
        kept = cell >= 0
        sums = np.bincount(cell[kept], weights=values[kept], minlength=self.size)
        return sums.astype(np.float64)

    def boundaries(self) -> tuple[Numbers, Numbers]:
        """Start and end of each cell in seconds since 1970."""
        every = np.arange(self.period.min(), self.period.max() + 2)
        moments = seconds(starts(every, self.frequency))
        at = self.period - every[0]
        return moments[at], moments[at + 1]


def planned(
    lines: pd.DataFrame, tables: dict[str, pd.DataFrame], frequency: str, running: int
) -> Grid:
    """The grid of all periods before `running`.

    A pair starts at its first sight (a sale, or a look at its shelf), or at its product's launch
    where that falls into the data and no shelf was looked at; it ends with its discontinuation.
    Where a warehouse has supply terms or stock, only pairs with these, or sold in 8 periods or
    more, are planned.

    lines: the order lines, as `order_lines` gives them; tables: stock, products and supply_terms
    among them; frequency: day, week or month; running: the number of the period that has not ended.
    """
    dated = lines.assign(period=numbers(lines["ordered_at"], frequency))
    begun = _begun(dated, tables["stock"], frequency)
    dated = dated[dated["period"].between(begun, running - 1)]
    sold = dated.groupby(PAIR, as_index=False).agg(
        sold_from=("period", "min"), periods=("period", "nunique")
    )
    looks = tables["stock"]
    looks = looks.assign(period=numbers(looks["observed_at"], frequency))
    looks = looks[looks["period"].between(begun, running - 1)]
    seen = looks.groupby(PAIR, as_index=False).agg(seen_from=("period", "min"))
    pairs = sold.merge(seen, how="outer", on=PAIR)
    pairs = pairs[_wanted(pairs, tables)].sort_values(PAIR, ignore_index=True)
    pairs = pairs.merge(_bounds(tables["products"], frequency), how="left", on="product_id")
    first = _first(pairs, int(dated["period"].min()) if len(dated) else 0)
    end = pairs["end"].fillna(running).clip(upper=running)
    kept = (first < end) & (first < running)
    return Grid(
        pairs=pairs.loc[kept, PAIR].reset_index(drop=True),
        first=first[kept].to_numpy(dtype=np.int64),
        length=(end - first)[kept].to_numpy(dtype=np.int64),
        frequency=frequency,
    )


def _begun(dated: pd.DataFrame, stock: pd.DataFrame, frequency: str) -> int:
    """The first full period: not that of the first fact, unless that fell on its first day."""
    moments = pd.concat([dated["ordered_at"], stock["observed_at"]])
    if moments.empty:
        return 0
    first = pd.Series([moments.min()])
    period = numbers(first, frequency)
    late = seconds(pd.DatetimeIndex(first)) - seconds(starts(period, frequency))
    return int(period[0]) + int(late[0] >= 86_400)


def _wanted(pairs: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> pd.Series:
    terms = tables["supply_terms"]
    index = pd.MultiIndex.from_frame(pairs[PAIR])
    supplied = index.isin(pd.MultiIndex.from_frame(terms[PAIR]))
    watched = pairs["seen_from"].notna()
    strict = set(terms["warehouse_id"]) | set(pairs.loc[watched, "warehouse_id"])
    free = ~pairs["warehouse_id"].isin(strict)
    return free | supplied | watched | (pairs["periods"] >= REGULAR)


def _bounds(products: pd.DataFrame, frequency: str) -> pd.DataFrame:
    """Launch and end (the first period without it) of each product, in periods; NaN unknown."""
    launch, end = products["launched_on"], products["discontinued_on"]
    bounds = pd.DataFrame({"product_id": products["product_id"], "launch": np.nan, "end": np.nan})
    bounds.loc[launch.notna(), "launch"] = numbers(launch.dropna(), frequency)
    bounds.loc[end.notna(), "end"] = numbers(end.dropna() - pd.Timedelta(1), frequency) + 1
    return bounds


def _first(pairs: pd.DataFrame, data_from: int) -> pd.Series:
    sight = pairs[["sold_from", "seen_from"]].min(axis=1)
    launched = pairs["launch"].where(pairs["seen_from"].isna() & (pairs["launch"] >= data_from))
    return pd.concat([sight, launched], axis=1).min(axis=1)
