"""The demand signal: what was asked for, per warehouse × product × closed period.

Sales are not demand: cancelled and fraudulent orders were never wanted, and an empty shelf or a
closed warehouse sells nothing whatever is wanted. Each row says what was corrected and why.
"""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.views import Frames
from features.forecasting.closures import closed_share, closures
from features.forecasting.grid import PAIR, Grid, planned
from features.forecasting.periods import choose, number, numbers, starts
from features.forecasting.plan import promoted
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
)
# A line is bulk from this many times its product's 95 % quantile, known from enough lines.
BULK, BULK_LINES = 10.0, 20
# Closed periods with a full shelf that the expected sales of an empty one are read from.
RECENT = 8


def demand(tables: Frames, as_of: datetime, frequency: str | None = None) -> pd.DataFrame:
    """The demand signal, oldest period first within each pair; the running period is left out.

    tables: as the lake gives them as of `as_of`. frequency: day, week or month; None finds it.
    Columns: the keys, event_timestamp (the period's end) and DEMAND. `quantity` is demand: orders
    but for cancelled ones, those known by `as_of` to be fraudulent and bulk ones (`bulk`, units:
    lines far beyond what is usual for the product); missing where the shelf was empty, or the
    warehouse closed (`closed`, share of the time, which `in_stock` leaves out), and nothing was
    sold.
    """
    given = dict(tables)
    lines = _lines(given, as_of)
    frequency = frequency or choose(lines["ordered_at"], _pair(lines))
    grid = planned(lines, given, frequency, number(as_of, frequency))
    stock = given["stock"]
    seen = shelf(grid, stock[stock["observed_at"] <= pd.Timestamp(as_of)])
    closed = closed_share(grid, closures(lines, as_of))
    return _frame(grid, lines, seen, closed, given)


def _lines(tables: dict[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
    orders = tables["orders"]
    orders = orders[orders["ordered_at"] <= pd.Timestamp(as_of)]
    cancelled = orders["status"] == "cancelled"
    fraud = orders["order_id"].isin(_fraudulent(tables["payments"], tables["chargebacks"], as_of))
    wanted = ~cancelled & ~fraud
    return orders.assign(
        cancelled=cancelled, fraud=fraud & ~cancelled, bulk=wanted & _bulk(orders, wanted)
    )


def _bulk(orders: pd.DataFrame, wanted: pd.Series) -> pd.Series:
    """Lines that are no shopper's: of 10 times the quantity that 19 in 20 lines stay under."""
    lines = orders[wanted].groupby("product_id")["quantity"]
    known = lines.quantile(0.95)[lines.size() >= BULK_LINES]
    limit = orders["product_id"].map(known).astype(float) * BULK
    return orders["quantity"].astype(float) >= limit.fillna(np.inf)


def _fraudulent(payments: pd.DataFrame, chargebacks: pd.DataFrame, as_of: datetime) -> pd.Series:
    """Orders paid by a payment whose newest report at `as_of` says fraud."""
    known = chargebacks[chargebacks["reported_at"] <= pd.Timestamp(as_of)]
    newest = known.sort_values("reported_at", kind="stable").drop_duplicates(
        "payment_id", keep="last"
    )
    bad = newest.loc[newest["is_fraud"].fillna(False).astype(bool), "payment_id"]
    return payments.loc[payments["payment_id"].isin(bad), "order_id"].dropna()


def _pair(lines: pd.DataFrame) -> pd.Series:
    return lines["warehouse_id"].astype(str) + "\n" + lines["product_id"].astype(str)


def _frame(
    grid: Grid,
    lines: pd.DataFrame,
    seen: Shelf,
    closed: Floats,
    tables: dict[str, pd.DataFrame],
) -> pd.DataFrame:
    cell = grid.cells(grid.find(lines), numbers(lines["ordered_at"], grid.frequency))
    units = lines["quantity"].to_numpy(dtype=np.float64)
    kept = (~lines["cancelled"] & ~lines["fraud"] & ~lines["bulk"]).to_numpy()
    sold = grid.sums(np.where(kept, cell, -1), units)
    share = np.where(closed > 0, np.nan_to_num(seen.share, nan=1.0) * (1 - closed), seen.share)
    empty = (share == 0) & (sold == 0)
    censored = ~empty & ((share < 1) | (seen.sold_out & (sold > 0)))
    lost = _lost(grid, sold, share, full=~empty & ~censored)
    usual = _usual_currency(lines[kept])
    price, discount = _prices(grid, lines[kept], cell[kept], usual)
    promotion, planned_discount = promoted(grid, tables["promotions"])
    begin, end = _moments(grid)
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
            "returned": grid.sums(np.where(kept & _returned(lines), cell, -1), units),
            "bulk": grid.sums(np.where(lines["bulk"], cell, -1), units),
            "in_stock": share,
            "closed": closed,
            "censored": censored,
            "lost": lost,
            "price": price,
            "currency": _currency(grid, usual),
            "discount": discount,
            "promotion": promotion,
            "promotion_discount": planned_discount,
            "category": _attribute(grid, "product_id", tables["products"], "category"),
            "country": _attribute(grid, "warehouse_id", tables["warehouses"], "country"),
        }
    )


def _returned(lines: pd.DataFrame) -> NDArray[np.bool_]:
    return np.asarray(lines["status"] == "returned", dtype=bool)


def _moments(grid: Grid) -> tuple[NDArray[np.object_], pd.DatetimeIndex]:
    """The start (ISO date) and the end of each cell; each distinct one is made once."""
    if grid.size == 0:
        return np.array([], dtype=object), pd.DatetimeIndex([], tz="UTC")
    every = np.arange(grid.period.min(), grid.period.max() + 2)
    moments = starts(every, grid.frequency)
    texts = moments.strftime("%Y-%m-%d").to_numpy(dtype=object)
    at = grid.period - every[0]
    return texts[at], moments[at + 1]


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
    return np.where(share < 1, usual * (1 - np.nan_to_num(share, nan=1.0)), 0.0)


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
