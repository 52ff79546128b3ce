"""The planner's list: the plan's lines with titles and urgency, searched, filtered and sorted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

Urgency = Literal["overdue", "today", "week", "later", "none"]
URGENCIES: Final[tuple[Urgency, ...]] = ("overdue", "today", "week", "later", "none")
# What a line may be sorted by.
SORTABLE: Final = (
    "id",
    "warehouse_id",
    "product_id",
    "title",
    "category",
    "supplier_id",
    "abc",
    "state",
    "urgency",
    "order_quantity",
    "approved_quantity",
    "order_value",
    "on_hand",
    "on_order",
    "stock_cover_days",
    "money_at_risk",
    "decide_by",
)
States = Mapping[str, tuple[str, float]]


@dataclass(frozen=True)
class LineFilter:
    """Which lines to list; None leaves all. category: with all below it; text: a part of the title
    or of the product's id, in any case; ordered: whether the plan orders it."""

    warehouse_id: str | None = None
    supplier_id: str | None = None
    category: str | None = None
    abc: str | None = None
    state: str | None = None
    urgency: Urgency | None = None
    ordered: bool | None = None
    text: str | None = None


def worklist_of(
    lines: pd.DataFrame, products: pd.DataFrame, classes: pd.DataFrame, today: pd.Timestamp
) -> pd.DataFrame:
    """The plan's lines as a planner reads them, in the order of the plan.

    lines: of a plan, with its column `id`; products: product_id, title, category; classes:
    warehouse_id, product_id, abc_xyz, where known; today: the day of the plan, in UTC. Adds title,
    category, abc, urgency and `sought`, the text that is searched.
    """
    rows = lines.merge(products, on="product_id", how="left")
    rows = rows.merge(classes, on=["warehouse_id", "product_id"], how="left")
    rows["abc"] = rows.pop("abc_xyz").str[:1]
    rows["title"] = rows["title"].fillna(rows["product_id"])
    rows["urgency"] = urgency_of(rows, today)
    rows["sought"] = (rows["title"] + "\n" + rows["product_id"]).str.lower()
    return rows


def urgency_of(lines: pd.DataFrame, today: pd.Timestamp) -> np.ndarray:
    """How soon each line must be decided on; `none` for a line that is not ordered.

    lines: order_quantity, and decide_by as a day in ISO 8601, missing where there is time; today:
    the day of the plan. A day before today is overdue, the next seven are this week.
    """
    decide_by = pd.to_datetime(lines["decide_by"], utc=True)
    days = (decide_by - today.normalize()).dt.days.to_numpy(dtype=float)  # NaN: there is time
    found = np.where(days < 0, "overdue", np.where(days == 0, "today", "week"))
    found = np.where(days <= 7, found, "later")
    return np.where(lines["order_quantity"].to_numpy(dtype=float) > 0, found, "none")


def with_states(rows: pd.DataFrame, states: States) -> pd.DataFrame:
    """The lines with what was decided on each: `state` and `approved_quantity`.

    rows: of `worklist_of`; states: state and quantity by line id, of the lines decided on.
    """
    state = np.full(len(rows), "draft", dtype=object)
    quantity = np.full(len(rows), np.nan)
    if states:  # only the few lines decided on are looked at one by one
        known = np.flatnonzero(rows["id"].isin(list(states)))
        found = [states[line] for line in rows["id"].iloc[known]]
        state[known] = [name for name, _ in found]
        quantity[known] = [count for _, count in found]
    return rows.assign(state=state, approved_quantity=quantity)


def filter_lines(rows: pd.DataFrame, wanted: LineFilter) -> pd.DataFrame:
    """The lines that are wanted, in their order. rows: of `with_states`; wanted: see LineFilter."""
    kept = np.ones(len(rows), dtype=bool)
    for name in ("warehouse_id", "supplier_id", "abc", "state", "urgency"):
        value = getattr(wanted, name)
        if value is not None:
            kept &= (rows[name] == value).to_numpy(dtype=bool, na_value=False)
    if wanted.category is not None:
        paths = rows["category"].fillna("")
        below = paths.str.startswith(f"{wanted.category}/")
        kept &= ((paths == wanted.category) | below).to_numpy(dtype=bool)
    if wanted.ordered is not None:
        kept &= (rows["order_quantity"] > 0).to_numpy() == wanted.ordered
    if wanted.text:
        kept &= rows["sought"].str.contains(wanted.text.lower(), regex=False).to_numpy(dtype=bool)
    return rows[kept]


def sort_lines(rows: pd.DataFrame, sort: str | None) -> pd.DataFrame:
    """The lines in order; ties, and lines without a value at the end, as in the plan.

    rows: lines, the most urgent money first; sort: a name of SORTABLE, `-` before it for the
    largest first; None leaves the order.
    """
    if sort is None:
        return rows
    name = sort.removeprefix("-")
    column = rows[name]
    if name == "urgency":
        column = column.map({each: place for place, each in enumerate(URGENCIES)})
    ascending = not sort.startswith("-")
    return rows.loc[
        column.sort_values(ascending=ascending, na_position="last", kind="stable").index
    ]


def totals_of(rows: pd.DataFrame, *, digits: int = 2) -> dict[str, Any]:
    """The lines in a few numbers: count, lines ordered, order value and money at risk.

    rows: lines; money is summed where it is known. digits: of the base currency's minor unit.
    """
    return {
        "total": len(rows),
        "ordered": int((rows["order_quantity"] > 0).sum()),
        "order_value": round(float(rows["order_value"].sum()), digits),
        "money_at_risk": round(float(rows["money_at_risk"].sum()), digits),
    }
