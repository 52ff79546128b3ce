"""Announced prices: what each product costs in each period, as the `prices` table says."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting.grid import Grid
from features.forecasting.periods import seconds
from features.forecasting.promotion_plan import EVERYWHERE, markets_of

Floats = NDArray[np.float64]

_FAR = 10**11  # seconds: further apart than any two moments of one product


def announced_prices(grid: Grid, prices: pd.DataFrame | None, warehouses: pd.DataFrame) -> Floats:
    """The price of each cell that holds in the middle of its period; NaN where none is announced.

    A warehouse has the prices of its own country, else of a market it serves, else of no market;
    always of one market and currency, so that two prices of one product can be compared.

    grid: the pairs and their periods; warehouses: the table of warehouses, which says the markets
    that each serves. prices: the table, None or empty where a merchant brings none.
    """
    unknown = np.full(grid.size, np.nan)
    if prices is None or prices.empty or not grid.size:
        return unknown
    rows = prices[
        prices["valid_from"].notna() & prices["product_id"].isin(grid.pairs["product_id"])
    ]
    if rows.empty:
        return unknown
    market = rows["market"] if "market" in rows else pd.Series(None, index=rows.index, dtype=object)
    market = market.where(market != EVERYWHERE)
    rows = rows.assign(stream=market.fillna("").astype(str) + "\n" + rows["currency"].astype(str))
    stream = _streams(grid, rows, warehouses)
    keys, codes = np.unique(
        (rows["product_id"].astype(str) + "\t" + rows["stream"]).to_numpy(dtype=str),
        return_inverse=True,
    )
    at = seconds(pd.DatetimeIndex(rows["valid_from"]))
    order = np.lexsort((at, codes))
    start = codes[order] * _FAR + at[order]
    wanted = np.searchsorted(keys, stream)
    there = (wanted < len(keys)) & (keys[np.minimum(wanted, len(keys) - 1)] == stream)
    begin, end = grid.boundaries()
    key = wanted[grid.pair] * _FAR + (begin + end) // 2
    last = np.searchsorted(start, key, side="right") - 1
    known = there[grid.pair] & (last >= 0) & (codes[order][last] == wanted[grid.pair])
    values = rows["price"].to_numpy(dtype=np.float64)[order]
    return np.where(known, values[np.maximum(last, 0)], np.nan)


def _streams(grid: Grid, rows: pd.DataFrame, warehouses: pd.DataFrame) -> NDArray[np.str_]:
    """Product, market and currency of the prices that each pair has: n texts."""
    served = markets_of(warehouses)
    size = rows.groupby(["product_id", "stream"]).size()
    by_product: dict[str, dict[str, int]] = {}
    for row in size.reset_index(name="count").to_dict("records"):
        by_product.setdefault(str(row["product_id"]), {})[str(row["stream"])] = int(row["count"])
    answer = []
    for warehouse, product in grid.pairs[["warehouse_id", "product_id"]].itertuples(index=False):
        ranked = [*served.get(str(warehouse), ()), ""]
        streams = by_product.get(str(product), {})
        # The best market first; within it the currency with the most prices.
        best = min(
            (
                (ranked.index(one.split("\n")[0]), -count, one)
                for one, count in streams.items()
                if one.split("\n")[0] in ranked
            ),
            default=(0, 0, ""),
        )
        answer.append(f"{product}\t{best[2]}")
    return np.array(answer, dtype=str)
