"""`stock_position`: what each warehouse has, owes and awaits of each product, week by week."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from data.views import Frames, Terms, View
from features.replenishment.ledger import Floats, Ints, Keys, Ledger, moments, seconds
from features.replenishment.orders import as_orders, order_lines

PAIR = ("warehouse_id", "product_id")
WEEKS = 26
SALES_WEEKS = 8
TRANSFER_DAYS = 7.0  # of a transfer without an expected day
REGULAR = 0.5
_WEEK = 7 * 86_400
# Of what was sold, the share that counts found again from which on receipts are not told.
_UNTOLD = 0.5


def build(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """The position of every pair at each Monday of the last 26 weeks and at `as_of`.

    on_hand: as last observed, less what was sold or sent to other warehouses and plus what was
        received since; missing when never observed. Below 0 only as far as a count of the last week
        or the receipts that are told prove it. reserved: as last observed.
    open_quantities, open_due_days, open_age_days: what is still to come of purchase orders by then
        (of a part received the rest, until it is closed or cancelled), the days until each is
        expected (below 0: overdue) and those since it was placed. Without an expected date it is
        the order's date plus the declared lead time. Transfers on their way count like orders.
    weekly_sales: mean units sold a week over the eight weeks before.
    A pair that only sold (no stock, order or terms) has at most the newest row: where it sells
        REGULAR units a week, so that the plan can say that its terms are missing.

    tables: stock, supply_terms, purchase_orders, transfers and orders, as known at `as_of`; as_of:
    the newest moment, with its time zone; terms: the frozen settings, which change nothing here.
    """
    grid = moments(as_of, weeks=WEEKS)
    stock, supply_terms = tables["stock"], tables["supply_terms"]
    begun = supply_terms["valid_from"].fillna(grid[-1]) <= grid[-1]
    supply_terms = supply_terms[begun]
    bought = order_lines(tables["purchase_orders"])
    sold = _sold(tables["orders"], grid[-1])
    arriving, leaving = _transferred(tables["transfers"])
    kept = Keys.of(PAIR, stock, bought, supply_terms, arriving)
    frame = _rows(kept, np.repeat(np.arange(len(kept.index)), len(grid)), grid, len(kept.index))
    late = Keys.of(PAIR, sold)
    extra = np.flatnonzero(kept.codes(late.frame(np.arange(len(late.index)))) < 0)
    newest = _rows(late, extra, grid[-1:], len(extra))
    keys = Keys.of(PAIR, frame, newest)
    rows = pd.concat([frame, newest], ignore_index=True)
    codes, at = keys.codes(rows), seconds(rows["event_timestamp"])
    rows = _observed(rows, codes, at, stock, keys)
    due = pd.concat([with_due(bought, supply_terms), arriving], ignore_index=True)
    rows = _moved(rows, codes, at, sold, due, leaving, stock, keys)
    rows = _with_open_orders(rows, codes, at, due, keys)
    known = rows["on_hand"].notna() | (rows["on_order"] > 0) | (rows["weekly_sales"] >= REGULAR)
    planned = kept.codes(rows) >= 0
    rows = rows[known | (planned & (rows["event_timestamp"] == grid[-1]))]
    return rows[[*PAIR, "event_timestamp", *VIEW.features]].reset_index(drop=True)


def _sold(orders: pd.DataFrame, newest: pd.Timestamp) -> pd.DataFrame:
    recent = orders["ordered_at"] > newest - timedelta(weeks=WEEKS + SALES_WEEKS)
    return orders[recent & (orders["status"] != "cancelled")]


def _transferred(transfers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Transfers as what comes to their receivers, in the form of purchase orders with `due`, and as
    what leaves their givers: at, quantity (below 0: what a cancelled one brings back)."""
    whole = order_lines(as_orders(transfers).assign(received_quantity=np.nan))
    usual = whole["ordered_at"] + pd.Timedelta(days=TRANSFER_DAYS)
    whole = whole.assign(due=whole["expected_at"].fillna(usual))
    columns = ["ordered_at", "received_at", "ended_at", "due", "quantity", "came", "remaining"]
    sent = whole.assign(warehouse_id=whole["supplier_id"], at=whole["ordered_at"])
    back = sent.assign(at=sent["ended_at"], quantity=-sent["quantity"])
    gone = pd.concat([sent, back[back["at"].notna()]], ignore_index=True)
    return whole[[*PAIR, *columns]], gone[[*PAIR, "at", "quantity"]]


def carried_stock(rows: pd.DataFrame, keys: Keys, tables: Frames) -> Floats:
    """Units on the shelf of each row's pair at its moment: as last counted, less what was sold or
    sent since, plus what came; NaN where it was never counted.

    rows: the pair and event_timestamp; keys: the numbers of the pairs; tables: as in `build`.
    """
    codes, at = keys.codes(rows), seconds(rows["event_timestamp"])
    sold = tables["orders"][tables["orders"]["status"] != "cancelled"]
    arriving, leaving = _transferred(tables["transfers"])
    bought = pd.concat([order_lines(tables["purchase_orders"]), arriving], ignore_index=True)
    seen = _observed(rows, codes, at, tables["stock"], keys)
    moved = _moved(seen, codes, at, sold, bought, leaving, tables["stock"], keys)
    return moved["on_hand"].to_numpy(dtype=np.float64)


def movements(tables: Frames) -> pd.DataFrame:
    """What came to and left each pair, a row each: at (UTC) and units (below 0: they left).

    tables: orders, purchase_orders and transfers, as known at some moment.
    """
    sold = tables["orders"][tables["orders"]["status"] != "cancelled"]
    arriving, leaving = _transferred(tables["transfers"])
    came = pd.concat([order_lines(tables["purchase_orders"]), arriving], ignore_index=True)
    came = came[came["received_at"].notna()]
    parts = (
        sold[[*PAIR]].assign(at=sold["ordered_at"], units=-sold["quantity"].astype(float)),
        came[[*PAIR]].assign(at=came["received_at"], units=came["came"].astype(float)),
        leaving[[*PAIR, "at"]].assign(units=-leaving["quantity"].astype(float)),
    )
    return pd.concat([part for part in parts if len(part)] or [parts[0]], ignore_index=True)


def _rows(keys: Keys, codes: Ints, grid: pd.DatetimeIndex, repeats: int) -> pd.DataFrame:
    return keys.frame(codes).assign(
        event_timestamp=grid.take(np.tile(np.arange(len(grid)), repeats))
    )


def _observed(
    rows: pd.DataFrame, codes: Ints, at: Ints, stock: pd.DataFrame, keys: Keys
) -> pd.DataFrame:
    """The newest observation of each row's pair at or before the row's time."""
    of, when = keys.codes(stock), seconds(stock["observed_at"])
    order = np.lexsort((when, of))
    combined = (of[order] << 32) + when[order]
    found = np.searchsorted(combined, (codes << 32) + at, side="right") - 1
    seen = (found >= 0) & (of[order][np.maximum(found, 0)] == codes) if len(of) else found >= 0
    source = order[found[seen]]
    answer = {"on_hand": np.full(len(rows), np.nan), "reserved": np.zeros(len(rows))}
    answer["on_hand"][seen] = stock["on_hand"].to_numpy(dtype=float)[source]
    answer["reserved"][seen] = np.nan_to_num(stock["reserved"].to_numpy(dtype=float)[source])
    observed = np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[ns]")
    observed[seen] = stock["observed_at"].to_numpy(dtype="datetime64[ns]")[source]
    return rows.assign(**answer, observed=observed)


def _moved(
    rows: pd.DataFrame,
    codes: Ints,
    at: Ints,
    sold: pd.DataFrame,
    bought: pd.DataFrame,
    leaving: pd.DataFrame,
    stock: pd.DataFrame,
    keys: Keys,
) -> pd.DataFrame:
    """Stock carried on from its observation by sales, receipts and what left for other warehouses;
    mean sales a week."""
    sales = Ledger.of(keys.codes(sold), seconds(sold["ordered_at"]), _numbers(sold["quantity"]))
    receipts = Ledger.of(
        keys.codes(bought), seconds(bought["received_at"]), _numbers(bought["came"])
    )
    seen = rows["observed"].notna().to_numpy()
    since = np.where(seen, seconds(rows["observed"]), at)
    sent = Ledger.of(keys.codes(leaving), seconds(leaving["at"]), _numbers(leaving["quantity"]))
    moved = _change(sales, receipts, sent, codes, since, at)
    carried = rows["on_hand"].to_numpy(dtype=np.float64) + moved
    old = (at - since >= _WEEK) & (carried < 0)
    if old.any():
        found = _found_again(stock, keys, sales, receipts, sent)
        begin, end = np.maximum(at[old] - WEEKS * _WEEK, 0), since[old]
        units = found.between(codes[old], begin, end)
        untold = units > _UNTOLD * sales.between(codes[old], begin, end)
        counted = rows["on_hand"].to_numpy(dtype=np.float64)[old]
        carried[old] = np.where(untold, np.minimum(counted, 0.0), carried[old])
    texts = rows["observed"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype(object)
    weekly = sales.between(codes, at - SALES_WEEKS * _WEEK, at) / SALES_WEEKS
    return rows.assign(
        on_hand=carried,
        observed_at=texts.where(seen, None),
        weekly_sales=weekly,
    )


def _change(
    sales: Ledger, receipts: Ledger, sent: Ledger, codes: Ints, since: Ints, until: Ints
) -> Floats:
    """What came less what was sold and sent between two moments, one a code."""
    gone = sales.between(codes, since, until) + sent.between(codes, since, until)
    return receipts.between(codes, since, until) - gone


def _found_again(
    stock: pd.DataFrame, keys: Keys, sales: Ledger, receipts: Ledger, sent: Ledger
) -> Ledger:
    """Units that each count found beyond what the one before it leads to: receipts not told."""
    codes, at = keys.codes(stock), seconds(stock["observed_at"])
    order = np.lexsort((at, codes))
    order = order[codes[order] >= 0]
    codes, at = codes[order], at[order]
    units = stock["on_hand"].to_numpy(dtype=np.float64)[order]
    same = codes[1:] == codes[:-1]
    change = _change(sales, receipts, sent, codes[1:], at[:-1], at[1:])
    beyond = np.where(same, np.maximum(units[1:] - units[:-1] - change, 0.0), 0.0)
    return Ledger.of(codes[1:], at[1:], beyond)


def with_due(bought: pd.DataFrame, supply_terms: pd.DataFrame) -> pd.DataFrame:
    """Purchase orders, each with the moment it is expected at, `due`.

    bought: of `order_lines`; supply_terms: the table, whose lead time counts where none is told.
    """
    by = [*PAIR, "supplier_id"]
    newest = supply_terms.sort_values("valid_from").drop_duplicates(by, keep="last")
    lead = bought.merge(newest[[*by, "lead_time_days"]], on=by, how="left")["lead_time_days"]
    usual = bought["ordered_at"] + pd.to_timedelta(lead.fillna(0.0), unit="D").set_axis(
        bought.index
    )
    return bought.assign(due=bought["expected_at"].fillna(usual))


def _with_open_orders(
    rows: pd.DataFrame, codes: Ints, at: Ints, bought: pd.DataFrame, keys: Keys
) -> pd.DataFrame:
    """Each row's open purchase orders: their sum, and lists of quantities and days to arrival."""
    position = pd.Series(np.arange(len(rows)), index=pd.MultiIndex.from_arrays([codes, at]))
    bought = spans_on_order(bought)
    grid = np.unique(at)
    first = np.searchsorted(grid, seconds(bought["opens"]), side="left")
    last = np.searchsorted(grid, seconds(bought["closes"]), side="left")
    counts = np.maximum(last - first, 0)
    source = np.repeat(np.arange(len(bought)), counts)
    step = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    when = grid[np.repeat(first, counts) + step] if len(source) else np.zeros(0, dtype=np.int64)
    asked = pd.MultiIndex.from_arrays([keys.codes(bought)[source], when])
    target = position.index.get_indexer(asked) if len(source) else np.zeros(0, dtype=np.int64)
    days = (seconds(bought["due"])[source] - when) / 86_400
    age = (when - seconds(bought["ordered_at"])[source]) / 86_400
    quantity = _numbers(bought["units"])[source]
    order = np.lexsort((days, target))
    order = order[target[order] >= 0]
    totals = np.bincount(target[order], weights=quantity[order], minlength=len(rows))
    return rows.assign(
        on_order=totals.astype(np.float64),  # of no orders at all numpy makes whole numbers
        open_quantities=_lists(target[order], quantity[order], len(rows)),
        open_due_days=_lists(target[order], days[order], len(rows)),
        open_age_days=_lists(target[order], age[order], len(rows)),
    )


def spans_on_order(bought: pd.DataFrame) -> pd.DataFrame:
    """When how many units of each line are on order: all until the receipt, the rest after it.

    Of a line with units received but no date of receipt only the rest is known to be on order.
    """
    received, ended = bought["received_at"], bought["ended_at"]
    undated = received.isna()
    whole = bought["quantity"].where(~undated, bought["remaining"])
    until = pd.concat([received, ended], axis=1).min(axis=1)
    before = bought.assign(opens=bought["ordered_at"], closes=until, units=whole)
    # A moment of the receipt itself belongs to what follows.
    after = bought.assign(opens=received, closes=ended, units=bought["remaining"])
    spans = pd.concat([before, after[~undated]], ignore_index=True)
    return spans[spans["units"] > 0].reset_index(drop=True)


def _lists(rows: Ints, values: Floats, length: int) -> pd.Series:
    """Values grouped into a list a row; `rows` is sorted; None where there is nothing."""
    answer = np.full(length, None, dtype=object)
    found, starts = np.unique(rows, return_index=True)
    for row, part in zip(found, np.split(values, starts[1:]), strict=False):
        answer[row] = part.tolist()
    return pd.Series(answer, dtype=object)


def _numbers(values: pd.Series) -> Floats:
    return values.to_numpy(dtype=np.float64)


VIEW = View(
    name="stock_position",
    keys=PAIR,
    features={
        "observed_at": "str",
        "on_hand": "float",
        "reserved": "float",
        "on_order": "float",
        "open_quantities": "float[]",
        "open_due_days": "float[]",
        "open_age_days": "float[]",
        "weekly_sales": "float",
    },
    tables=("stock", "purchase_orders", "supply_terms", "orders", "transfers"),
    build=build,
)
