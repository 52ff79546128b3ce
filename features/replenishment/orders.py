"""The life of a purchase order line: what is still to come of it, what came, what it teaches."""

import numpy as np
import pandas as pd

from features.replenishment.ledger import Floats

# Columns that older exports do not have.
_TIMES = ("received_at", "expected_at", "closed_at", "cancelled_at")


def as_orders(transfers: pd.DataFrame) -> pd.DataFrame:
    """Transfers in the columns of purchase orders: the receiver orders, the sender supplies.

    transfers: the table of that name.
    """
    ends = {"to_warehouse_id": "warehouse_id", "from_warehouse_id": "supplier_id"}
    return transfers.rename(columns={**ends, "transfer_id": "po_id", "sent_at": "ordered_at"})


def order_lines(bought: pd.DataFrame) -> pd.DataFrame:
    """Purchase order lines, each counted once, with what came of it.

    bought: the table `purchase_orders`. An order that stands twice, under our number and under the
    ERP's, tied by `reference`, is kept under the number that does not refer to the other. Added
    columns: `came`, units received so far; `remaining`, units still to come once that is known;
    `ended_at`, when it was closed or cancelled, or received without a unit.
    """
    lines = bought.copy()
    for name in _TIMES:
        if name not in lines:
            lines[name] = pd.Series(pd.NaT, index=lines.index, dtype="datetime64[ns, UTC]")
    lines = _without_doubles(lines)
    ordered = lines["quantity"].to_numpy(dtype=float)
    received = lines["received_quantity"].to_numpy(dtype=float)
    dated = lines["received_at"].notna().to_numpy()
    came = np.where(np.isnan(received), np.where(dated, ordered, 0.0), received)
    empty = dated & (came <= 0)  # received, and nothing was in it: it is over
    ended = lines[["closed_at", "cancelled_at"]].min(axis=1)
    ended = ended.where(~empty, ended.fillna(lines["received_at"]))
    remaining = np.where(empty, 0.0, np.maximum(ordered - came, 0.0))
    return lines.assign(came=came, remaining=remaining, ended_at=ended)


def _without_doubles(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines of an order that another order of the same product refers to are left out."""
    if "reference" not in lines or not lines["reference"].notna().any():
        return lines
    tied = lines[lines["reference"].notna() & (lines["reference"] != lines["po_id"])]
    named = pd.MultiIndex.from_frame(tied[["reference", "warehouse_id", "product_id"]])
    own = pd.MultiIndex.from_frame(lines[["po_id", "warehouse_id", "product_id"]])
    mutual = lines["reference"].isin(tied["po_id"]) & (lines["po_id"] < lines["reference"])
    return lines[~own.isin(named) | (mutual & own.isin(named))].reset_index(drop=True)


def teaching_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """The received lines that say how long the supplier takes.

    lines: of `order_lines`. Left out are those that contradict themselves: received before they
    were ordered, without a unit, cancelled, or entered on the day of receipt (ordered and received
    within a day, although a longer lead time is declared in `lead_time_days`).
    """
    took = (lines["received_at"] - lines["ordered_at"]).dt.total_seconds() / 86_400
    entered_late = (took < 1.0) & (lines["lead_time_days"] >= 2.0)
    sound = (took >= 0) & ~entered_late & (lines["came"] > 0) & lines["cancelled_at"].isna()
    return lines[sound]


def contradictions(bought: pd.DataFrame) -> pd.DataFrame:
    """Purchase order lines that contradict themselves: po_id, line_no and what is odd about them.

    bought: the table `purchase_orders`. Such lines are kept; they teach no lead time.
    """
    lines = order_lines(bought)
    early = lines["received_at"] < lines["ordered_at"]
    empty = lines["received_at"].notna() & (lines["came"] <= 0)
    same = ~early & ((lines["received_at"] - lines["ordered_at"]) < pd.Timedelta(days=1))
    more = lines["came"] > 2 * lines["quantity"]
    text = np.select(
        [early, empty, same & ~empty, more],
        [
            "received before it was ordered",
            "received without a unit: taken as closed",
            "ordered and received on one day: taken as entered late",
            "more than twice of what was ordered came",
        ],
        "",
    )
    found = lines.assign(oddity=text)[["po_id", "line_no", "oddity"]]
    return found[found["oddity"] != ""].reset_index(drop=True)


def closed_days(
    lines: pd.DataFrame, closures: pd.DataFrame | None, start: pd.Series, end: pd.Series
) -> Floats:
    """Days between two moments of each line on which its supplier was closed.

    lines: n rows with supplier_id; closures: the table of that name, or None; start, end: n times
    by the clock whose days are closed, written as UTC. Closures of one supplier are taken not to
    overlap.
    """
    days = np.zeros(len(lines))
    if closures is None or "supplier_id" not in closures or not len(lines):
        return days
    own = closures[closures["supplier_id"].notna()]
    table = own[["supplier_id", "starts_on", "ends_on"]].itertuples(index=False, name=None)
    for supplier, first, last in table:
        here = (lines["supplier_id"] == supplier).to_numpy()
        # Seconds from the later start to the earlier end; below 0 where they do not meet.
        opens, closes = pd.Timestamp(first).timestamp(), pd.Timestamp(last).timestamp() + 86_400
        until = np.minimum(_seconds(end[here]), closes)
        inside = np.nan_to_num(until - np.maximum(_seconds(start[here]), opens))
        days[here] += np.maximum(inside, 0.0) / 86_400
    return days


def _seconds(times: pd.Series) -> Floats:
    since = (times - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return np.asarray(since, dtype=np.float64)
