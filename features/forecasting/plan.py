"""What is known ahead: the periods to come of every pair, with plans, prices, closures and ends."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting.closures import closed_shares, newest_day, opening_times, shut
from features.forecasting.grid import PAIR, Grid
from features.forecasting.order_lines import ends_everywhere, running_moment, timed_lines
from features.forecasting.periods import number, numbers, seconds, starts
from features.forecasting.price_plan import announced_prices
from features.forecasting.promotion_plan import markets_of, promoted

Floats = NDArray[np.float64]

# Days before and after its launch in which a product without any sale is forecast everywhere.
_LAUNCH_DAYS = 60


def future(
    history: pd.DataFrame, tables: Mapping[str, pd.DataFrame], as_of: datetime, *, horizon: int
) -> pd.DataFrame:
    """The next `horizon` periods of every pair of `history` (a frame of `demand`), with what is
    known ahead; the first is the running period.

    Pairs with supply terms, or a launch about now, and no sale yet are among them. Pairs whose
    product has ended are left out. `offered` is the share of a period in which the product can be
    ordered: 0 before its launch, after its end and while its warehouse is closed.

    history: a row a pair and closed period; tables: those of TABLES, as known at as_of; as_of:
    nothing known later is used; horizon: periods ahead, the running one included.
    """
    given = dict(tables)
    frequency = str(history["frequency"].iloc[0]) if len(history) else "week"
    running = number(running_moment(as_of, given["warehouses"]), frequency)
    pairs = _with_new(history, given, as_of)
    launch, end = _bounds(pairs, given["products"], frequency)
    kept = (end > running) & (launch < running + horizon)
    pairs, launch, end = pairs[kept].reset_index(drop=True), launch[kept], end[kept]
    count = len(pairs)
    if not count:
        return history.iloc[:0].assign(horizon=0, offered=1.0)
    grid = Grid(
        pairs=pairs,
        first=np.full(count, running, dtype=np.int64),
        length=np.full(count, horizon, dtype=np.int64),
        frequency=frequency,
    )
    lines = timed_lines(given, as_of)
    last_day = int(seconds(starts(np.array([running + horizon]), frequency))[0]) // 86_400
    mine = set(pairs["warehouse_id"])
    times = opening_times(lines, given, as_of, last_day, only=mine)
    special, closed = closed_shares(grid, times)
    gone = pairs["warehouse_id"].isin(shut(times, newest_day(lines))).to_numpy()[grid.pair]
    plan = promoted(grid, given["promotions"], given["products"], given["warehouses"], special)
    # A rule closes whole days; weeks and months have it in their usual demand.
    share = np.where(closed >= 1, 1.0, special)
    offered = (grid.period >= launch[grid.pair]) & (grid.period < end[grid.pair]) & ~gone
    # Each distinct period is named once.
    named = starts(np.arange(running, running + horizon), frequency).strftime("%Y-%m-%d")
    last = starts(grid.period + 1, frequency)
    cells = grid.pairs.iloc[grid.pair].reset_index(drop=True)
    return cells.assign(
        event_timestamp=ends_everywhere(last, given["warehouses"]),
        frequency=frequency,
        period_start=named.to_numpy(dtype=object)[grid.period - running],
        quantity=np.nan,
        list_price=announced_prices(grid, given.get("prices"), given["warehouses"]),
        promotion=plan.share,
        promotion_discount=plan.discount,
        promotion_kinds=plan.kinds,
        horizon=grid.period - running + 1,
        offered=offered * (1.0 - share),
    )


def _with_new(
    history: pd.DataFrame, tables: Mapping[str, pd.DataFrame], as_of: datetime
) -> pd.DataFrame:
    """Pairs of the history, and those that are planned without any sale yet: the keys, category,
    country and markets.
    """
    about = ["category", "country", "markets"]
    known = history[[*PAIR, *about]].drop_duplicates(PAIR, keep="last")
    terms = tables["supply_terms"]
    if "blocked" in terms:
        terms = terms[~terms["blocked"].fillna(False).astype(bool)]
    planned = [terms[PAIR], _launched(tables, as_of)]
    new = pd.concat(planned, ignore_index=True).drop_duplicates(PAIR)
    mine = pd.MultiIndex.from_frame(new[PAIR]).isin(pd.MultiIndex.from_frame(known[PAIR]))
    new = new[~mine]
    if new.empty:
        return known.reset_index(drop=True)
    category = _by_key(tables["products"], "product_id", "category")
    country = _by_key(tables["warehouses"], "warehouse_id", "country")
    served = {name: "|".join(one) for name, one in markets_of(tables["warehouses"]).items()}
    new = new.assign(
        category=new["product_id"].map(category),
        country=new["warehouse_id"].map(country),
        markets=new["warehouse_id"].map(served),
    )
    whole = pd.concat([known, new], ignore_index=True)
    return whole.sort_values(PAIR, kind="stable", ignore_index=True)


def _launched(tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
    """Products with a launch about now, in each warehouse that has no supply terms at all."""
    launch = tables["products"]["launched_on"]
    now, reach = pd.Timestamp(as_of), pd.Timedelta(days=_LAUNCH_DAYS)
    new = tables["products"].loc[launch.between(now - reach, now + reach), ["product_id"]]
    names = {*tables["orders"]["warehouse_id"], *tables["warehouses"]["warehouse_id"]}
    free = sorted(names - set(tables["supply_terms"]["warehouse_id"]))
    return new.merge(pd.DataFrame({"warehouse_id": free}, dtype=object), how="cross")[PAIR]


def _by_key(table: pd.DataFrame, key: str, column: str) -> pd.Series:
    rows = table.drop_duplicates(key, keep="last")
    rows = rows[rows[column].notna()]
    return pd.Series(rows[column].to_numpy(dtype=object), index=rows[key].to_numpy(dtype=object))


def _bounds(pairs: pd.DataFrame, products: pd.DataFrame, frequency: str) -> tuple[Floats, Floats]:
    """The first period of each pair, and the first one without it; both open where unknown."""
    launched = products[products["launched_on"].notna()]
    first = numbers(launched["launched_on"], frequency).astype(float)
    begins = pd.Series(first, index=launched["product_id"].to_numpy())
    ended = products[products["discontinued_on"].notna()]
    last = numbers(ended["discontinued_on"] - pd.Timedelta(1), frequency) + 1
    ends = pd.Series(last.astype(float), index=ended["product_id"].to_numpy())
    launch = pairs["product_id"].map(begins[~begins.index.duplicated(keep="last")])
    end = pairs["product_id"].map(ends[~ends.index.duplicated(keep="last")])
    return (
        launch.fillna(-np.inf).to_numpy(dtype=np.float64),
        end.fillna(np.inf).to_numpy(dtype=np.float64),
    )
