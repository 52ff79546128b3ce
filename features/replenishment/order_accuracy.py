"""What was ordered beside what was then needed: the error of past orders, once it can be told."""

from datetime import datetime
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.views import Frames
from features.replenishment.ledger import Floats, Ints, Keys, Ledger, seconds
from features.replenishment.orders import order_lines
from features.replenishment.stock import PAIR, carried_stock, spans_on_order, with_due

OrderLevel = Literal["all", "warehouse", "supplier", "class", "category", "month"]
LEVELS: Final[tuple[str, ...]] = get_args(OrderLevel)
# The share by which buyers may miss what is needed.
TOLERANCE: Final = 0.08
# A pair without declared terms waits and reviews so many days.
_LEAD_DAYS, _REVIEW_DAYS = 7.0, 7.0
_FORGOTTEN = pd.Timedelta(days=28)  # late by more, an order is counted on no longer
_LONGEST = pd.Timedelta(days=182)  # that an order is looked at without a next one


def order_needs(tables: Frames, as_of: datetime) -> pd.DataFrame:
    """Orders of the past whose interval has ended, a row a pair and moment of ordering.

    An order must last until the next one of the pair could arrive: the declared lead time after
    that was made, and at least lead time and review period. After half a year without a next one it
    is told, too: who bought for years is not left out. `needed` is what was sold in that time less
    what was there and on its way, not below 0. Orders of pairs whose shelf had not been counted
    before are left out.

    warehouse_id, product_id, supplier_id, po_id, reference, ordered_at; covered_until: the end of
    the interval; ordered: units; demand: units sold in the interval; available: units on hand and
    on order before; needed: units; stocked_out: whether a count in the interval found the shelf
    empty, so that demand, and with it `needed`, was at least so much.

    tables: stock, supply_terms, purchase_orders, transfers and orders, as known at `as_of`; as_of:
    the moment of the report, with its time zone.
    """
    bought = order_lines(tables["purchase_orders"])
    bought = bought[bought["cancelled_at"].isna()]
    due = with_due(bought, tables["supply_terms"])
    rows = _moments_of_orders(bought, tables["supply_terms"])
    rows = rows[rows["covered_until"] <= pd.Timestamp(as_of)].reset_index(drop=True)
    keys = Keys.of(PAIR, rows)
    codes, start, end = (
        keys.codes(rows),
        seconds(rows["ordered_at"]),
        seconds(rows["covered_until"]),
    )
    sold = tables["orders"][tables["orders"]["status"] != "cancelled"]
    sales = Ledger.of(
        keys.codes(sold), seconds(sold["ordered_at"]), sold["quantity"].to_numpy(dtype=float)
    )
    demand = sales.between(codes, start, end)
    on_hand = carried_stock(rows.assign(event_timestamp=rows["ordered_at"]), keys, tables)
    coming = _on_order(due, keys, codes, start) - rows["ordered"].to_numpy()
    available = on_hand + np.maximum(coming, 0.0)
    found = rows.assign(
        demand=demand,
        available=available,
        needed=np.maximum(demand - available, 0.0),
        stocked_out=_was_empty(tables["stock"], keys, codes, start, end),
    )
    counted: pd.DataFrame = found[np.isfinite(available)].reset_index(drop=True)
    return counted


def order_accuracy(needs: pd.DataFrame, level: OrderLevel = "all") -> pd.DataFrame:
    """What was ordered beside what was needed, by one level, the most needed first.

    key: of the level, "" where it is not known, or for all; orders: how many; ordered, needed:
    units; bias: what was ordered too much, as a share of what was needed (below 0: too little),
    NaN where nothing was needed; error: the sum of the orders' errors as such a share; within: the
    share of orders within TOLERANCE of what was needed; held: whether `bias` is within it;
    stocked_out: orders in whose interval the shelf was found empty.

    needs: of `order_needs`, with the columns `class` and `category` where these levels are asked
    for; level: what to group by; a month is that of ordering, in UTC.
    """
    rows = needs.assign(
        error=(needs["ordered"] - needs["needed"]).abs(),
        within=(needs["ordered"] - needs["needed"]).abs() <= TOLERANCE * needs["needed"] + 1e-9,
        key=_keys(needs, level),
        orders=1,
    )
    sums = ["orders", "ordered", "needed", "error", "within", "stocked_out"]
    groups = rows.groupby("key")[sums].sum().astype(float).reset_index()
    needed = groups["needed"].where(groups["needed"] > 0)
    bias = (groups["ordered"] - groups["needed"]) / needed
    groups = groups.assign(
        bias=bias,
        error=groups["error"] / needed,
        within=groups["within"] / groups["orders"],
        held=bias.abs() <= TOLERANCE,
    )
    by, rising = (["key"], [True]) if level == "month" else (["needed", "key"], [False, True])
    told: pd.DataFrame = groups.sort_values(by, ascending=rising, ignore_index=True)
    return told


def _keys(needs: pd.DataFrame, level: OrderLevel) -> pd.Series:
    """The value of the level in each row."""
    if level == "all":
        return pd.Series("", index=needs.index)
    if level == "month":
        months: pd.Series = needs["ordered_at"].dt.strftime("%Y-%m")
        return months
    names = {"warehouse": "warehouse_id", "supplier": "supplier_id"}
    values = needs[names.get(level, level)].astype(object)
    told: pd.Series = values.where(values.notna(), "")
    return told


def _moments_of_orders(bought: pd.DataFrame, supply_terms: pd.DataFrame) -> pd.DataFrame:
    """What was ordered of each pair at each moment, with the end of what it must cover."""
    by = [*PAIR, "supplier_id"]
    newest = supply_terms.sort_values("valid_from").drop_duplicates(by, keep="last")
    terms = newest.reindex(columns=[*by, "lead_time_days", "review_period_days"])
    lines = bought.merge(terms, on=by, how="left")
    lines["lead"] = pd.to_timedelta(lines["lead_time_days"].fillna(_LEAD_DAYS), unit="D")
    review = pd.to_timedelta(lines["review_period_days"].fillna(_REVIEW_DAYS), unit="D")
    lines["reference"] = lines.get("reference", None)
    lines["least"] = lines["ordered_at"] + lines["lead"] + review
    groups = lines.groupby([*PAIR, "ordered_at"], as_index=False).agg(
        supplier_id=("supplier_id", "first"),
        po_id=("po_id", "first"),
        reference=("reference", "first"),
        lead=("lead", "max"),
        least=("least", "max"),
        ordered=("quantity", "sum"),
    )
    # Sorted by pair and time: the pair's next row is its next order.
    following = groups.groupby(list(PAIR))["ordered_at"].shift(-1)
    latest = groups["ordered_at"] + _LONGEST
    until = (following + groups["lead"]).fillna(latest).clip(upper=latest)
    groups["covered_until"] = until.clip(lower=groups["least"])
    return groups.drop(columns=["lead", "least"])


def _on_order(due: pd.DataFrame, keys: Keys, codes: Ints, at: Ints) -> Floats:
    """Units on order of each row's pair at its moment, its own order among them."""
    spans = spans_on_order(due)
    late = spans["due"] + _FORGOTTEN
    closes = pd.concat([spans["closes"], late], axis=1).min(axis=1)
    of, units = keys.codes(spans), spans["units"].to_numpy(dtype=float)
    opened = Ledger.of(of, seconds(spans["opens"]), units).until(codes, at)
    return opened - Ledger.of(of, seconds(closes), units).until(codes, at)


def _was_empty(
    stock: pd.DataFrame, keys: Keys, codes: Ints, start: Ints, end: Ints
) -> NDArray[np.bool_]:
    """Which rows' pairs were counted with nothing on the shelf in their interval."""
    empty = stock[stock["on_hand"] <= 0]
    counts = Ledger.of(keys.codes(empty), seconds(empty["observed_at"]), np.ones(len(empty)))
    found: NDArray[np.bool_] = counts.between(codes, start, end) > 0
    return found
