"""The planner's list: the plan's lines with titles and urgency, searched, filtered and sorted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from decisions.replenishment.line_ids import identity
from decisions.replenishment.plan import ranked

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
# Columns of a few values each, kept as codes; texts, kept as Arrow keeps them; and what is only
# looked for.
_FEW_VALUES: Final = (
    "warehouse_id",
    "supplier_id",
    "product_id",
    "title",
    "category",
    "abc",
    "department",
)
_TEXT, _TEXTS = "string[pyarrow]", ("id", "sought")
_ONLY_SOUGHT = frozenset({"sought", "department"})


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


@dataclass(frozen=True)
class PlannerList:
    """A plan's lines as a planner reads them.

    lines: of the plan, whole; index: a row a line, with only what lines are filtered, sorted,
    counted and searched by, the most money at risk first, numbered by their places in `lines`. A
    list of 200,000 lines is worked on in `index`; `whole` gives the few lines that are shown.
    """

    lines: pd.DataFrame
    index: pd.DataFrame

    def whole(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Lines with all their columns. rows: of `index`, in the order to give them in."""
        found = self.lines.iloc[rows.index].reset_index(drop=True)
        added = [name for name in rows if name not in found and name not in _ONLY_SOUGHT]
        return pd.concat([found, rows[added].reset_index(drop=True)], axis=1)


def worklist_of(
    lines: pd.DataFrame, products: pd.DataFrame, classes: pd.DataFrame, today: pd.Series
) -> PlannerList:
    """The plan's lines as a planner reads them, the most money at risk first.

    lines: of a plan; products: product_id, title, category; classes: warehouse_id, product_id,
    abc_xyz, where known; today: the plan's moment by the clock of each
    line's warehouse, without zone. Adds id, title, category, abc and
    urgency; `department`, the first part of the category, and `sought`, the text that is searched,
    are in the index alone.
    """
    rows = lines[[name for name in SORTABLE if name in lines]].reset_index(drop=True)
    rows = ranked(rows.assign(urgency=urgency_of(lines, today), id=identity(rows)))
    places = rows.index
    rows = rows.merge(products, on="product_id", how="left")
    rows = rows.merge(classes, on=["warehouse_id", "product_id"], how="left")
    rows["abc"] = rows.pop("abc_xyz").str[:1]
    rows["title"] = rows["title"].fillna(rows["product_id"])
    rows["department"] = rows["category"].str.split("/", n=1).str[0]
    rows["sought"] = (rows["title"] + "\n" + rows["product_id"]).str.lower()
    rows["urgency"] = pd.Categorical(rows["urgency"], URGENCIES)
    rows = rows.astype(dict.fromkeys(_FEW_VALUES, "category") | dict.fromkeys(_TEXTS, _TEXT))
    return PlannerList(lines, rows.set_index(places))


def urgency_of(lines: pd.DataFrame, today: pd.Series) -> np.ndarray:
    """How soon each line must be decided on; `none` for a line that is not ordered.

    lines: order_quantity, and decide_by as a day in ISO 8601, missing where there is time; today:
    n times without zone, of the plan by the clock of each line's warehouse. A day before today is
    overdue, the next seven are this week.
    """
    decide_by = pd.to_datetime(lines["decide_by"])
    days = (decide_by - today.dt.normalize()).dt.days.to_numpy(dtype=float)  # NaN: there is time
    found = np.where(days < 0, "overdue", np.where(days == 0, "today", "week"))
    found = np.where(days <= 7, found, "later")
    return np.where(lines["order_quantity"].to_numpy(dtype=float) > 0, found, "none")


def with_states(rows: pd.DataFrame, states: States) -> pd.DataFrame:
    """The lines with what was decided on each: `state` and `approved_quantity`.

    rows: a worklist's index; states: state and quantity by line id, of the lines decided on.
    """
    state = np.zeros(len(rows), dtype=np.int8)
    names = ["draft", *sorted({name for name, _ in states.values()} - {"draft"})]
    quantity = np.full(len(rows), np.nan)
    if states:  # only the few lines decided on are looked at one by one
        known = np.flatnonzero(rows["id"].isin(list(states)))
        found = [states[line] for line in rows["id"].iloc[known]]
        state[known] = [names.index(name) for name, _ in found]
        quantity[known] = [count for _, count in found]
    codes = pd.Categorical.from_codes(state, pd.Index(names))  # type: ignore[arg-type]  # an array is as good
    return rows.assign(state=codes, approved_quantity=quantity)


def filter_lines(rows: pd.DataFrame, wanted: LineFilter) -> pd.DataFrame:
    """The lines that are wanted, in their order. rows: of `with_states`; wanted: see LineFilter."""
    kept = np.ones(len(rows), dtype=bool)
    for name in ("warehouse_id", "supplier_id", "abc", "state", "urgency"):
        value = getattr(wanted, name)
        if value is not None:
            kept &= (rows[name] == value).to_numpy(dtype=bool, na_value=False)
    if wanted.category is not None:
        paths = rows["category"].cat.categories
        below = paths[(paths == wanted.category) | paths.str.startswith(f"{wanted.category}/")]
        kept &= rows["category"].isin(below).to_numpy(dtype=bool)
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
    if isinstance(column.dtype, pd.CategoricalDtype) and name != "state":
        column = column.cat.codes.where(column.notna())  # the codes are in order
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
