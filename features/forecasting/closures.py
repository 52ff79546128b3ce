"""When a warehouse was closed: it sells day after day, and then nothing at all is ordered of it."""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting.grid import Grid
from features.forecasting.periods import Numbers, seconds

Floats = NDArray[np.float64]

# Days without any order that may be a closure; of the last SHUT_DAYS without one, it is.
FEWEST_DAYS, SHUT_DAYS = 7, 28
# A silence that comes by chance more often than this is no closure.
_CHANCE = 1e-6
# Days on either side that say how often the warehouse sells, and how many of them are needed.
_AROUND, _KNOWN = 91, 28
_YEAR = 364
_DAY = 86_400


def closures(orders: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Spells of whole days (UTC) in which a warehouse was closed: warehouse_id, first, last, as
    numbers of days since 1970.

    A week or more without any order, cancelled ones included, that is no chance: sold it on a share
    d of the days around, n days without have (1 - d)^n < 1e-6. What recurs after a year is its
    season, and none. A silence that lasts reaches to the newest order of any warehouse: where all
    are silent, nobody can tell whether the shops stopped or the data.
    """
    known = orders[orders["ordered_at"] <= pd.Timestamp(as_of)]
    dates = pd.DatetimeIndex(known["ordered_at"]).tz_localize(None)
    day = dates.to_numpy(dtype="datetime64[D]").astype(np.int64)
    by_warehouse = pd.Series(day).groupby(known["warehouse_id"].to_numpy())
    newest = int(day.max()) if len(day) else 0
    spells = [
        (str(name), first, last)
        for name, days in by_warehouse
        for first, last in _spells(np.unique(days.to_numpy()), newest)
    ]
    return pd.DataFrame(spells, columns=["warehouse_id", "first", "last"])


def _spells(days: Numbers, newest: int) -> list[tuple[int, int]]:
    """First and last day of each closure, from the days with an order, in order."""
    until = np.append(days[1:], newest + 1)
    silent = np.flatnonzero(until - days > FEWEST_DAYS)
    spells = ((int(days[place]) + 1, int(until[place]) - 1) for place in silent)
    return [spell for spell in spells if _is_closure(days, *spell, newest)]


def _is_closure(days: Numbers, first: int, last: int, newest: int) -> bool:
    before = first - max(int(days[0]), first - _AROUND)
    after = min(newest, last + _AROUND) - last
    if before < _KNOWN or 0 < after < _KNOWN:
        return False
    shares = [_sold(days, first - before, first - 1) / (before + 1)]
    if after:
        shares.append(_sold(days, last + 1, last + after) / (after + 1))
    if (1 - min(shares)) ** (last - first + 1) >= _CHANCE:
        return False
    former = first - _YEAR, last - _YEAR
    silent = former[1] - former[0] + 1 - _sold(days, *former)
    return former[0] < int(days[0]) or 2 * silent < last - first + 1


def _sold(days: Numbers, first: int, last: int) -> int:
    """How many of the days from first to last have an order."""
    return int(np.searchsorted(days, last, side="right") - np.searchsorted(days, first))


def closed_share(grid: Grid, spells: pd.DataFrame) -> Floats:
    """The share of each cell's time in which its warehouse was closed."""
    share = np.zeros(grid.size)
    if spells.empty or not grid.size:
        return share
    start, end = grid.boundaries()
    warehouse = grid.pairs["warehouse_id"].to_numpy(dtype=object)[grid.pair]
    for name, first, last in spells.itertuples(index=False):
        within = np.minimum(end, (last + 1) * _DAY) - np.maximum(start, first * _DAY)
        share += np.where(warehouse == name, np.maximum(within, 0) / (end - start), 0.0)
    return share


def shut(orders: pd.DataFrame, as_of: datetime) -> frozenset[str]:
    """The warehouses that have been closed for four weeks and still are."""
    spells = closures(orders, as_of)
    known = orders.loc[orders["ordered_at"] <= pd.Timestamp(as_of), "ordered_at"]
    if spells.empty:
        return frozenset()
    newest = int(seconds(pd.DatetimeIndex([known.max()]))[0]) // _DAY
    lasting = (spells["last"] == newest) & (spells["last"] - spells["first"] + 1 >= SHUT_DAYS)
    return frozenset(spells.loc[lasting, "warehouse_id"])
