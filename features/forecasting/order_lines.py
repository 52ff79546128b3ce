"""The order book: each line in its warehouse's own time, and what of it was wanted demand."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.views import Frames
from features.forecasting.periods import number

Bools = NDArray[np.bool_]

# An order is exceptional from this many times what nearly all orders of its product stay under,
# known from enough orders.
_EXCEPTIONAL, _FEWEST_ORDERS, _MANY_ORDERS = 10.0, 6, 20
# Big orders that come back in most four-week spells are regular trade, and demand like any other.
_SPELL_DAYS, _SPELLS, _SHARE_OF_SPELLS = 28, 3, 0.5
# Lines before a silence of so many days that are fewer than this share are stray dates.
_SILENCE_DAYS, _STRAY_SHARE = 180, 0.005


def order_lines(tables: Frames, as_of: datetime) -> pd.DataFrame:
    """Lines of `orders` known at as_of, in the time of their warehouse, with what is no demand.

    tables: orders, payments, chargebacks, warehouses. Adds the columns cancelled, fraud and bulk
    (bool, no two of them true) and returned (units known to have come back). `ordered_at` and
    `returned_at` are wall-clock times of the warehouse, written as UTC. Stray dates are left out.
    """
    lines = timed_lines(tables, as_of)
    cancelled = _happened(lines, "cancelled", "cancelled_at", as_of)
    bad = _fraudulent(tables["payments"], tables["chargebacks"], as_of)
    fraud = lines["order_id"].isin(bad) & ~cancelled
    wanted = ~cancelled & ~fraud
    lines = lines.assign(
        cancelled=cancelled, fraud=fraud, bulk=wanted & _exceptional(lines, wanted)
    )
    return _with_returns(lines, tables["warehouses"], as_of)


def timed_lines(tables: Frames, as_of: datetime) -> pd.DataFrame:
    """Lines of `orders` known at as_of, stray dates left out, whatever became of them.

    tables: orders, warehouses. `ordered_at` is in the time of the warehouse, written as UTC.
    """
    orders = tables["orders"]
    orders = orders[orders["ordered_at"] <= pd.Timestamp(as_of)]
    lines = orders.assign(
        ordered_at=local_times(orders["ordered_at"], orders["warehouse_id"], tables["warehouses"])
    )
    return lines[~stray(lines["ordered_at"])]


def time_zones(warehouses: pd.DataFrame) -> Mapping[str, str]:
    """The IANA zone of each warehouse that names one; the others are in UTC."""
    if "time_zone" not in warehouses:
        return {}
    named = warehouses.dropna(subset=["time_zone"]).drop_duplicates("warehouse_id", keep="last")
    pairs = zip(named["warehouse_id"], named["time_zone"].astype(str), strict=True)
    return {str(name): zone for name, zone in pairs if _is_zone(zone)}


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def local_times(moments: pd.Series, warehouse_id: pd.Series, warehouses: pd.DataFrame) -> pd.Series:
    """Moments (UTC) as the clock of their warehouse shows them, written as UTC.

    moments, warehouse_id: n each. warehouses: the table; one without `time_zone` keeps UTC.
    """
    answer = moments.copy()
    for name, zone in time_zones(warehouses).items():
        own = (warehouse_id == name).to_numpy()
        if own.any():
            clock = moments[own].dt.tz_convert(zone).dt.tz_localize(None)
            answer[own] = clock.dt.tz_localize("UTC").astype(moments.dtype)
    return answer


def running_moment(as_of: datetime, warehouses: pd.DataFrame) -> datetime:
    """The earliest wall clock among the warehouses at as_of, written as UTC: a period before it has
    ended everywhere.
    """
    moment = pd.Timestamp(as_of).tz_convert("UTC")
    zones = set(time_zones(warehouses).values())
    unzoned = len(time_zones(warehouses)) < warehouses["warehouse_id"].nunique() or not zones
    clocks = [moment.tz_convert(zone).tz_localize(None) for zone in sorted(zones)]
    clocks += [moment.tz_localize(None)] if unzoned else []
    return min(clocks).tz_localize("UTC").to_pydatetime()


def running_number(
    as_of: datetime, warehouses: pd.DataFrame, frequency: str, warehouse_id: str | None = None
) -> int:
    """The number of the period that runs at as_of by the clock of a warehouse, or of the last one.

    warehouses: the table; frequency: day, week or month; warehouse_id: None, the one whose clock is
    last.
    """
    if warehouse_id is not None:
        warehouses = warehouses[warehouses["warehouse_id"] == warehouse_id]
    return number(running_moment(as_of, warehouses), frequency)


def ends_everywhere(ends: pd.DatetimeIndex, warehouses: pd.DataFrame) -> pd.DatetimeIndex:
    """When wall-clock times (written as UTC) have passed in the last warehouse: UTC.

    ends: the wall-clock times; warehouses: the table of warehouses, with the time zone of those
    that name one.
    """
    answer = [ends] if not time_zones(warehouses) else []
    if len(time_zones(warehouses)) < warehouses["warehouse_id"].nunique():
        answer = [ends]
    for zone in sorted(set(time_zones(warehouses).values())):
        local = ends.tz_localize(None).tz_localize(
            zone, ambiguous=np.zeros(len(ends), dtype=bool), nonexistent="shift_forward"
        )
        answer.append(local.tz_convert("UTC"))
    last = np.max([one.to_numpy(dtype="datetime64[ns]") for one in answer], axis=0)
    return pd.DatetimeIndex(last).tz_localize("UTC")


def stray(ordered_at: pd.Series) -> Bools:
    """Dates far before all others, and very few: mistakes such as 1970-01-01 or 1990."""
    if len(ordered_at) < 2:
        return np.zeros(len(ordered_at), dtype=bool)
    days = ordered_at.to_numpy(dtype="datetime64[D]").astype(np.int64)
    order = np.sort(days)
    gaps = np.flatnonzero(np.diff(order) > _SILENCE_DAYS)
    few = gaps[(gaps + 1) < max(_STRAY_SHARE * len(order), 1.5)]
    return days < order[few[-1] + 1] if len(few) else np.zeros(len(days), dtype=bool)


def _happened(lines: pd.DataFrame, status: str, column: str, as_of: datetime) -> pd.Series:
    """Lines of a status that they had by as_of; without a time of its own it always had it."""
    found: pd.Series = (lines["status"] == status).fillna(False).astype(bool)
    if column in lines:
        found &= ~(lines[column] > pd.Timestamp(as_of)).fillna(False).astype(bool)
    return found


def _with_returns(lines: pd.DataFrame, warehouses: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    back = _happened(lines, "returned", "returned_at", as_of)
    units = lines["quantity"].astype(float)
    if "returned_quantity" in lines:
        part = pd.to_numeric(lines["returned_quantity"]).astype(float)
        units = part.where(part.notna(), units)
        back |= part.gt(0) & (
            ~(lines["returned_at"] > pd.Timestamp(as_of)) if "returned_at" in lines else True
        )
    moment = lines["ordered_at"]
    if "returned_at" in lines:
        known = lines["returned_at"].notna()
        local = local_times(lines.loc[known, "returned_at"], lines.loc[known, "warehouse_id"],
                            warehouses)  # fmt: skip
        moment = moment.copy()
        moment[known] = local.astype(moment.dtype)
    return lines.assign(returned=units.where(back, 0.0), returned_at=moment)


def _exceptional(lines: pd.DataFrame, wanted: pd.Series) -> pd.Series:
    """Lines of orders far beyond what is usual for the product, unless such orders are regular."""
    order = lines[wanted].groupby(["product_id", "order_id"], as_index=False, sort=True).agg(
        units=("quantity", "sum"), at=("ordered_at", "min")
    )  # fmt: skip
    units = order["units"].astype(float)
    by_product = units.groupby(order["product_id"])
    count = by_product.transform("size")
    # The lower of two order quantities: the biggest of few orders must not be its own yardstick.
    usual = [by_product.quantile(level, interpolation="lower") for level in (0.9, 0.95)]
    many = by_product.size() >= _MANY_ORDERS
    limit = order["product_id"].map(usual[1].where(many, usual[0])) * _EXCEPTIONAL
    big = (units >= limit) & (count >= _FEWEST_ORDERS)
    chosen = order[big & ~_regular(order, big)]
    index = pd.MultiIndex.from_frame(lines[["product_id", "order_id"]])
    found = index.isin(pd.MultiIndex.from_frame(chosen[["product_id", "order_id"]]))
    return pd.Series(found, index=lines.index)


def _regular(order: pd.DataFrame, big: pd.Series) -> pd.Series:
    """Big orders of products that have them in most spells since the first one."""
    day = order["at"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    if not len(day):
        return pd.Series(False, index=order.index)
    spell = pd.Series((day.max() - day) // _SPELL_DAYS, index=order.index)[big]
    product = order.loc[big, "product_id"]
    found = spell.groupby(product).agg(["nunique", "max"])
    steady = (found["nunique"] >= _SPELLS) & (
        found["nunique"] >= _SHARE_OF_SPELLS * (found["max"] + 1)
    )
    return order["product_id"].isin(steady.index[steady])


def _fraudulent(payments: pd.DataFrame, chargebacks: pd.DataFrame, as_of: datetime) -> pd.Series:
    """Orders paid by a payment whose newest report at `as_of` says fraud."""
    known = chargebacks[chargebacks["reported_at"] <= pd.Timestamp(as_of)]
    newest = known.sort_values("reported_at", kind="stable").drop_duplicates(
        "payment_id", keep="last"
    )
    bad = newest.loc[newest["is_fraud"].fillna(False).astype(bool), "payment_id"]
    return payments.loc[payments["payment_id"].isin(bad), "order_id"].dropna()
