"""Purchase orders: what is open and overdue at the end of each day, and what came in time."""

import numpy as np
import pandas as pd

from data.views import Frames
from data.zones import local_days, zones_of
from decisions.kpis.cells import Span
from features.order_margins import first_category


def _dated(tables: Frames) -> pd.DataFrame:
    """Lines of purchase orders with their days at the warehouse."""
    lines = tables["purchase_orders"]
    zones = zones_of(lines["warehouse_id"], tables["warehouses"])
    days = {
        f"{name}_day": local_days(lines[f"{name}_at"], zones)
        for name in ("ordered", "expected", "received", "closed", "cancelled")
    }
    return lines.assign(**days, category=first_category(tables["products"], lines["product_id"]))


def open_facts(tables: Frames, span: Span) -> pd.DataFrame:
    """A row for each line and day of the span at whose end it was open: open, overdue.

    tables: purchase_orders, products, warehouses; span: the days.
    """
    lines = _dated(tables)
    ends = lines[["received_day", "closed_day", "cancelled_day"]].min(axis=1)
    after_last = span.last + pd.Timedelta(days=1)
    first = lines["ordered_day"].where(lines["ordered_day"] > span.first, span.first)
    end = ends.where(ends < after_last, after_last)  # open until the day before
    count = (end - first).dt.days.clip(lower=0).fillna(0).astype(int).to_numpy()
    repeated = lines.loc[lines.index.repeat(count)].reset_index(drop=True)
    # 0, 1, … within each line: its place in the whole less the place of the line's first row.
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    day = first.loc[first.index.repeat(count)].reset_index(drop=True) + pd.to_timedelta(
        step, unit="D"
    )
    return repeated[["warehouse_id", "category"]].assign(
        day=day,
        open=1.0,
        overdue=(repeated["expected_day"] < day).astype(float),
    )


def receipt_facts(tables: Frames) -> pd.DataFrame:
    """Lines with an expected day by the day they were received: lines, on_time.

    tables: purchase_orders, products, warehouses.
    """
    lines = _dated(tables)
    came = lines[lines["received_day"].notna() & lines["expected_day"].notna()]
    return came[["warehouse_id", "category"]].assign(
        day=came["received_day"],
        lines=1.0,
        on_time=(came["received_day"] <= came["expected_day"]).astype(float),
    )
