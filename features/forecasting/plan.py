"""What is known ahead: the promotions of each period, and the grid of periods to come."""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting.closures import shut
from features.forecasting.grid import PAIR, Grid
from features.forecasting.periods import Numbers, number, numbers, seconds, starts

Floats = NDArray[np.float64]

Moments = NDArray[np.datetime64]

EVERYWHERE = "*"  # promotions.warehouse_id when a promotion names none


def promoted(grid: Grid, promotions: pd.DataFrame) -> tuple[Floats, Floats]:
    """By cell: the share of its days under a promotion, and the deepest discount then planned.

    A promotion without an end, or one that ends before it starts, lasts one day.
    """
    share, discount = np.zeros(grid.size), np.zeros(grid.size)
    spans = _spans(grid, promotions)
    if spans.empty:
        return share, discount
    row, cell = _covered(grid, spans)
    np.maximum.at(discount, cell, spans["discount"].to_numpy()[row])
    once = _joined(spans)
    row, cell = _covered(grid, once)
    days = _overlap(grid, cell, _plain(once["from"])[row], _plain(once["to"])[row])
    np.add.at(share, cell, days)
    return np.minimum(share, 1.0), discount


def _covered(grid: Grid, spans: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Each span (its row) with each cell that it touches."""
    low, high = int(grid.period.min()), int(grid.period.max())
    first = np.clip(numbers(spans["from"], grid.frequency), low, high + 1)
    last = np.clip(numbers(spans["to"], grid.frequency), low - 1, high)
    count = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(spans)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    cell = grid.cells(spans["pair"].to_numpy()[row], first[row] + within)
    return row[cell >= 0], cell[cell >= 0]


def _joined(spans: pd.DataFrame) -> pd.DataFrame:
    """Spans of one pair that overlap (or came twice) as one: a day is promoted once."""
    rows = spans.sort_values(["pair", "from"], kind="stable", ignore_index=True)
    reached = rows.groupby("pair")["to"].cummax()
    begins = (rows["pair"] != rows["pair"].shift()) | (rows["from"] > reached.shift())
    blocks = rows.assign(to=reached).groupby(begins.cumsum(), sort=False)
    return blocks.agg({"pair": "first", "from": "first", "to": "last"})


def _spans(grid: Grid, promotions: pd.DataFrame) -> pd.DataFrame:
    """Promotions of the grid's pairs: pair, from, to (the last day), discount."""
    pairs = grid.pairs.assign(pair=np.arange(len(grid.pairs)))
    plain = promotions[["warehouse_id", "product_id", "starts_on", "ends_on", "discount"]]
    local = plain["warehouse_id"].fillna(EVERYWHERE) != EVERYWHERE
    everywhere = plain[~local].drop(columns="warehouse_id")
    both = [plain[local].merge(pairs, on=PAIR), everywhere.merge(pairs, on="product_id")]
    spans = pd.concat([one for one in both if len(one)] or both[:1], ignore_index=True)
    spans = spans[spans["starts_on"].notna()]
    start = spans["starts_on"].dt.floor("D")
    end = spans["ends_on"].fillna(start).dt.floor("D")
    return pd.DataFrame(
        {
            "pair": spans["pair"].astype(np.int64),
            "from": start,
            "to": end.where(end >= start, start),
            "discount": spans["discount"].fillna(0.0).astype(float),
        }
    )


def _plain(moments: pd.Series) -> Moments:
    return np.asarray(moments.dt.tz_localize(None), dtype="datetime64[s]")


def _overlap(grid: Grid, cell: Numbers, start: Moments, last: Moments) -> Floats:
    begin, end = grid.boundaries()
    day = 86_400
    opens = seconds(pd.DatetimeIndex(start).tz_localize("UTC"))
    closes = seconds(pd.DatetimeIndex(last).tz_localize("UTC")) + day
    covered = np.minimum(closes, end[cell]) - np.maximum(opens, begin[cell])
    return np.asarray(np.maximum(covered, 0) / (end[cell] - begin[cell]), dtype=np.float64)


def future(
    history: pd.DataFrame, tables: dict[str, pd.DataFrame], as_of: datetime, *, horizon: int
) -> pd.DataFrame:
    """The next `horizon` periods of every pair of `history` (a frame of `demand`), with what is
    known ahead; the first is the running period. Pairs whose product has ended are left out;
    periods after a coming end, and all of a warehouse closed for four weeks, have `offered` 0.
    """
    frequency = str(history["frequency"].iloc[0]) if len(history) else "week"
    running = number(as_of, frequency)
    pairs = history[[*PAIR, "category", "country"]].drop_duplicates(PAIR, keep="last")
    ends = pairs["product_id"].map(_ends(tables["products"], frequency))
    end = ends.fillna(np.inf).to_numpy(dtype=np.float64)
    pairs, end = pairs[end > running].reset_index(drop=True), end[end > running]
    count = len(pairs)
    grid = Grid(
        pairs=pairs,
        first=np.full(count, running, dtype=np.int64),
        length=np.full(count, horizon, dtype=np.int64),
        frequency=frequency,
    )
    if not count:
        return history.iloc[:0].assign(horizon=0, offered=1.0)
    closed = pairs["warehouse_id"].isin(shut(tables["orders"], as_of)).to_numpy()
    share, discount = promoted(grid, tables["promotions"])
    begin, last = starts(grid.period, frequency), starts(grid.period + 1, frequency)
    cells = grid.pairs.iloc[grid.pair].reset_index(drop=True)
    return cells.assign(
        event_timestamp=last,
        frequency=frequency,
        period_start=begin.strftime("%Y-%m-%d"),
        quantity=np.nan,
        promotion=share,
        promotion_discount=discount,
        horizon=grid.period - running + 1,
        offered=((grid.period < end[grid.pair]) & ~closed[grid.pair]).astype(float),
    )


def _ends(products: pd.DataFrame, frequency: str) -> pd.Series:
    ended = products[products["discontinued_on"].notna()]
    last = numbers(ended["discontinued_on"] - pd.Timedelta(1), frequency) + 1
    return pd.Series(last.astype(float), index=ended["product_id"].to_numpy())
