"""The demand signal: what was asked for, per warehouse × product × closed period.

Sales are not demand: cancelled and fraudulent orders were never wanted, and an empty shelf or a
closed warehouse sells nothing whatever is wanted. Each row says what was corrected and why.
"""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tables import TABLES as CONTRACTS
from data.views import Frames
from features.forecasting.closures import closed_shares, opening_times
from features.forecasting.grid import PAIR, Grid, planned
from features.forecasting.order_lines import (
    ends_everywhere,
    local_times,
    order_lines,
    running_moment,
)
from features.forecasting.pauses import paused_cells
from features.forecasting.periods import choose, number, numbers, starts
from features.forecasting.price_plan import announced_prices
from features.forecasting.promotion_plan import markets_of, promoted
from features.forecasting.shelf import Shelf, shelf

Floats = NDArray[np.float64]

TABLES = (
    "orders",
    "payments",
    "chargebacks",
    "stock",
    "products",
    "warehouses",
    "supply_terms",
    "promotions",
    *(name for name in ("prices", "closures") if name in CONTRACTS),
)
# Closed periods with a full shelf that the expected sales of an empty one are read from.
RECENT = 8


def demand(tables: Frames, as_of: datetime, frequency: str | None = None) -> pd.DataFrame:
    """The demand signal, oldest period first within each pair; the running period is left out.

    tables: those of TABLES, as the lake gives them as of `as_of`. as_of: nothing known later is
    used. frequency: day, week or month; None finds it.
    Returns the keys, event_timestamp (UTC, when the period has ended in every warehouse) and the
    columns of DEMAND. `quantity` is demand: orders but for cancelled ones, those known to be
    fraudulent and exceptional ones; missing where nothing was sold because the shelf was empty, the
    warehouse closed or the pair paused. Days, weeks and months are those of the warehouse's time
    zone.
    """
    given = dict(tables)
    lines = order_lines(given, as_of)
    frequency = frequency or choose(lines["ordered_at"], _pair(lines))
    running = number(running_moment(as_of, given["warehouses"]), frequency)
    stock = given["stock"]
    stock = stock[stock["observed_at"] <= pd.Timestamp(as_of)]
    given["stock"] = stock.assign(
        observed_at=local_times(stock["observed_at"], stock["warehouse_id"], given["warehouses"])
    )
    grid = planned(lines, given, frequency, running)
    seen = shelf(grid, given["stock"])
    last_day = int(pd.Timestamp(as_of).timestamp()) // 86_400 + 1
    closed = closed_shares(grid, opening_times(lines, given, as_of, last_day))
    return _frame(grid, lines, seen, closed, given)


def _pair(lines: pd.DataFrame) -> pd.Series:
    return lines["warehouse_id"].astype(str) + "\n" + lines["product_id"].astype(str)


def _frame(
    grid: Grid,
    lines: pd.DataFrame,
    seen: Shelf,
    closures: tuple[Floats, Floats],
    tables: dict[str, pd.DataFrame],
) -> pd.DataFrame:
    cell = grid.cells(grid.find(lines), numbers(lines["ordered_at"], grid.frequency))
    units = lines["quantity"].to_numpy(dtype=np.float64)
    kept = (~lines["cancelled"] & ~lines["fraud"] & ~lines["bulk"]).to_numpy()
    sold = grid.sums(np.where(kept, cell, -1), units)
    # A rule (closed on Sundays) takes whole days away; weeks and months have it in their usual.
    special, every = closures
    rule = (every >= 1) & (special < 1) & (sold == 0)
    closed = np.where(rule, 1.0, special)
    share = np.where(closed > 0, np.nan_to_num(seen.share, nan=1.0) * (1 - closed), seen.share)
    paused = paused_cells(grid, sold)
    empty = ((share == 0) & (sold == 0)) | paused
    censored = ~empty & ((share < 1) | (seen.sold_out & (sold > 0)))
    lost = np.where(rule, 0.0, _lost(grid, sold, share, full=~empty & ~censored))
    usual = _usual_currency(lines[kept])
    price, discount = _prices(grid, lines[kept], cell[kept], usual)
    plan = promoted(grid, tables["promotions"], tables["products"], tables["warehouses"], special)
    begin, end = _moments(grid, tables["warehouses"])
    back = grid.cells(grid.find(lines), numbers(lines["returned_at"], grid.frequency))
    return pd.DataFrame(
        {
            **{name: grid.pairs[name].to_numpy(dtype=object)[grid.pair] for name in PAIR},
            "event_timestamp": end,
            "frequency": grid.frequency,
            "period_start": begin,
            "quantity": np.where(empty, np.nan, sold),
            "sold": sold,
            "cancelled": grid.sums(np.where(lines["cancelled"], cell, -1), units),
            "fraudulent": grid.sums(np.where(lines["fraud"], cell, -1), units),
            "returned": grid.sums(np.where(kept, back, -1), lines["returned"].to_numpy(float)),
            "bulk": grid.sums(np.where(lines["bulk"], cell, -1), units),
            "in_stock": share,
            "closed": closed,
            "paused": paused,
            "censored": censored,
            "lost": lost,
            "price": price,
            "currency": _currency(grid, usual),
            "discount": discount,
            "list_price": announced_prices(grid, tables.get("prices"), tables["warehouses"]),
            "promotion": plan.share,
            "promotion_discount": plan.discount,
            "promotion_kinds": plan.kinds,
            "category": _attribute(grid, "product_id", tables["products"], "category"),
            "country": _attribute(grid, "warehouse_id", tables["warehouses"], "country"),
            "markets": _markets(grid, tables["warehouses"]),
        }
    )


def _markets(grid: Grid, warehouses: pd.DataFrame) -> NDArray[np.object_]:
    """The markets that each cell's warehouse serves, joined by `|`; None where none is named."""
    served = {name: "|".join(one) or None for name, one in markets_of(warehouses).items()}
    names = grid.pairs["warehouse_id"].to_numpy(dtype=object)
    return np.array([served.get(str(name)) for name in names], dtype=object)[grid.pair]


def _moments(grid: Grid, warehouses: pd.DataFrame) -> tuple[NDArray[np.object_], pd.DatetimeIndex]:
    """The start (ISO date) of each cell and the moment it has ended in every warehouse; each
    distinct one is made once.
    """
    if grid.size == 0:
        return np.array([], dtype=object), pd.DatetimeIndex([], tz="UTC")
    every = np.arange(grid.period.min(), grid.period.max() + 2)
    moments = starts(every, grid.frequency)
    texts = moments.strftime("%Y-%m-%d").to_numpy(dtype=object)
    at = grid.period - every[0]
    return texts[at], ends_everywhere(moments, warehouses)[at + 1]


def _lost(grid: Grid, sold: Floats, share: Floats, *, full: NDArray[np.bool_]) -> Floats:
    """Units an empty shelf lost: the mean of the last full periods, for the time it was empty.

    0 where no full-shelf period came before.
    """
    units = np.concatenate([[0.0], np.cumsum(np.where(full, sold, 0.0))])
    count = np.concatenate([[0.0], np.cumsum(full.astype(float))])
    cell = np.arange(grid.size)
    oldest = np.maximum(cell - RECENT, np.repeat(grid.offset, grid.length))
    seen = count[cell] - count[oldest]
    usual = np.divide(units[cell] - units[oldest], seen, out=np.zeros(grid.size), where=seen > 0)
    missing = np.where(share < 1, usual * (1 - np.nan_to_num(share, nan=1.0)), 0.0)
    # Where customers order from an empty shelf, what they ordered was not lost.
    waits = np.bincount(grid.pair, (share == 0) & (sold > 0), minlength=len(grid.pairs)) > 0
    left = np.maximum(usual - sold, 0.0) * (1 - np.nan_to_num(share, nan=1.0))
    return np.where(waits[grid.pair], np.minimum(missing, left), missing)


def _prices(
    grid: Grid, lines: pd.DataFrame, cell: NDArray[np.int64], usual: pd.DataFrame
) -> tuple[Floats, Floats]:
    """Mean list price in the pair's usual currency, and the share of it taken off; NaN unsold."""
    own = lines[PAIR].merge(usual, how="left", on=PAIR)["currency"].to_numpy(dtype=object)
    cell = np.where(own == lines["currency"].to_numpy(dtype=object), cell, -1)
    units = lines["quantity"].to_numpy(dtype=np.float64)
    money = units * lines["unit_price"].to_numpy(dtype=np.float64)
    off = lines["discount"].fillna(0).to_numpy(dtype=np.float64)
    count, gross = grid.sums(cell, units), grid.sums(cell, money)
    unknown = np.full(grid.size, np.nan)
    price = np.divide(gross, count, out=unknown.copy(), where=count > 0)
    share = np.divide(grid.sums(cell, off), gross, out=unknown, where=gross > 0)
    return price, np.clip(share, 0.0, 1.0)


def _usual_currency(lines: pd.DataFrame) -> pd.DataFrame:
    """The currency that most of a pair's lines are in: no mean of two moneys is a price."""
    counts = lines.groupby([*PAIR, "currency"], as_index=False).size()
    usual = counts.sort_values(["size", "currency"], kind="stable")
    return usual.drop_duplicates(PAIR, keep="last")[[*PAIR, "currency"]]


def _currency(grid: Grid, usual: pd.DataFrame) -> NDArray[np.object_]:
    found = grid.pairs[PAIR].merge(usual, how="left", on=PAIR)["currency"]
    return np.asarray(_plain(found)[grid.pair], dtype=object)


def _attribute(grid: Grid, key: str, table: pd.DataFrame, column: str) -> NDArray[np.object_]:
    values = grid.pairs[key].map(table.drop_duplicates(key, keep="last").set_index(key)[column])
    return np.asarray(_plain(values)[grid.pair], dtype=object)


def _plain(values: pd.Series) -> NDArray[np.object_]:
    """Texts, None where there is none."""
    texts = np.array(values, dtype=object)
    texts[values.isna().to_numpy()] = None
    return texts
