"""The planner's list over HTTP: lines with titles, searched, filtered, sorted and counted."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from data.purchasing import State
from data.records import DatabaseError
from decisions.replenishment.plan import Plan
from decisions.replenishment.worklist import (
    SORTABLE,
    LineFilter,
    PlannerList,
    Urgency,
    filter_lines,
    sort_lines,
    totals_of,
    with_states,
    worklist_of,
)
from decisions.runtime import Runtime
from serving.http.errors import FieldFault, Problem
from serving.http.paging import Cursor, Limit, Page, page_end, page_start
from serving.http.replenishment.answers import EXAMPLE, Made, Suggestion, made
from serving.http.table_answers import AS_FILE, file_type_of, table_answer

_LINE = {**EXAMPLE, "title": "Crisps, salted, 200 g", "category": "GROCERY/SNACKS", "abc": "A"}
Text = Annotated[str | None, Query(max_length=128)]


class WorklistLine(Suggestion):
    """A line of the plan as a planner reads it, with the product's title and how urgent it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_LINE, "urgency": "week", "state": "draft"}]}
    )

    title: str = Field(description="The product's title; its id where it has none.")
    category: str | None
    abc: str | None = Field(description="By revenue: A, B or C; null: not known.")
    urgency: Urgency = Field(description="By decide_by, seen from the day of the plan.")


class WorklistPage(Made, Page[WorklistLine]):
    """Lines of the planner's list, and all that fit the filters in a few numbers."""

    total: int
    ordered: int
    order_value: float = Field(description="Of all that fit, in the base currency.")
    money_at_risk: float = Field(description="Of all that fit, in the base currency.")


class LineChoice(BaseModel):
    """A value that lines have, and how many."""

    value: str
    lines: int
    order_value: float


class WorklistSummary(Made):
    """What there is to choose from, and what waits, by urgency and state."""

    warehouses: list[LineChoice]
    suppliers: list[LineChoice]
    categories: list[LineChoice]
    urgencies: list[LineChoice]
    states: list[LineChoice]
    total: int
    ordered: int
    order_value: float
    money_at_risk: float


class Worklists:
    """The list of the newest plan, made once a plan.

    runtime: the stores; its products and classes are read with the plan.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._stamp = ""
        self._made: PlannerList | None = None

    def of(self, plan: Plan) -> PlannerList:
        """The plan's lines as a planner reads them, with what was decided so far."""
        with self._lock:
            if self._made is None or self._stamp != plan.stamp:
                self._made, self._stamp = self._make(plan), plan.stamp
            found = self._made
        try:
            states = self._runtime.records.purchasing.states(plan.as_of)
        except DatabaseError:  # the plan itself can be read without it
            states = {}
        return replace(found, index=with_states(found.index, states))

    def _make(self, plan: Plan) -> PlannerList:
        products = self._runtime.lake.read(
            "products", columns=["product_id", "title", "category"], as_of=plan.as_of
        )
        forecasts = self._runtime.store.latest("forecast", plan.as_of)
        names = ["warehouse_id", "product_id", "abc_xyz"]
        classes = forecasts.reindex(columns=names).drop_duplicates(names[:2])
        return worklist_of(plan.lines, products, classes, plan.local_times(plan.lines))


def worklist_routes(runtime: Runtime, current: Callable[[], Plan]) -> APIRouter:
    """The planner's list. runtime: the stores; current: gives the newest plan."""
    routes = APIRouter()
    worklists = Worklists(runtime)

    @routes.get(
        "/lines",
        response_model=WorklistPage,
        responses=AS_FILE,
    )
    def list_replenishment_lines(
        warehouse_id: Text = None,
        supplier_id: Text = None,
        category: Annotated[
            str | None, Query(max_length=500, description="A path, with all below it.")
        ] = None,
        abc: Annotated[str | None, Query(pattern="^[ABC]$")] = None,
        state: State | None = None,
        urgency: Urgency | None = None,
        ordered: bool | None = None,
        text: Annotated[
            str | None, Query(max_length=128, description="A part of the title or product id.")
        ] = None,
        sort: Annotated[
            str | None,
            Query(max_length=64, description="A field's name, - before it: the largest first."),
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        accept: Annotated[str, Header()] = "",
    ) -> Any:
        """List the lines of the plan as planners work them.

        Lines with the product's title and urgency; without `sort`, the most money at risk
        first. With `Accept: text/csv`, or that of XLSX, all lines that fit.
        """
        plan = current()
        wanted = LineFilter(warehouse_id, supplier_id, category, abc, state, urgency, ordered, text)
        worklist = worklists.of(plan)
        rows = sort_lines(filter_lines(worklist.index, wanted), _sortable(sort))
        if media_type := file_type_of(accept):
            return table_answer(worklist.whole(rows), media_type)
        start = page_start(cursor, stamp=plan.stamp)
        return WorklistPage(
            **made(plan),
            **totals_of(rows, digits=plan.digits),
            data=_told(worklist.whole(rows.iloc[start : start + limit])),
            **page_end(start + limit, len(rows), stamp=plan.stamp),
        )

    @routes.get(
        "/lines/summary",
    )
    def summarize_replenishment_lines() -> WorklistSummary:
        """Count the lines of the plan by warehouse, supplier, category, urgency and state.

        What there is to choose from and what waits; category: the first part of the path.
        """
        plan = current()
        rows = worklists.of(plan).index
        return WorklistSummary(
            **made(plan),
            **totals_of(rows, digits=plan.digits),
            warehouses=_choices(rows, rows["warehouse_id"], plan.digits),
            suppliers=_choices(rows, rows["supplier_id"], plan.digits),
            categories=_choices(rows, rows["department"], plan.digits),
            urgencies=_choices(rows, rows["urgency"].where(rows["state"] == "draft"), plan.digits),
            states=_choices(rows, rows["state"], plan.digits),
        )

    return routes


def _sortable(sort: str | None) -> str | None:
    if sort is not None and sort.removeprefix("-") not in SORTABLE:
        fault = FieldFault("/sort", f"one of {', '.join(SORTABLE)}, - before it or not", "query")
        raise Problem(422, "invalid_sort", f"sort: {fault.message}.", fields=[fault])
    return sort


def _choices(rows: pd.DataFrame, by: pd.Series, digits: int) -> list[LineChoice]:
    """The values of a column with how many lines have each, the most frequent first.

    rows: lines; by: the column; digits: of the base currency's minor unit.
    """
    groups = (
        rows["order_value"]
        .groupby(by, observed=True)
        .agg(["size", "sum"])
        .sort_values("size", ascending=False, kind="stable")
    )
    return [
        LineChoice(
            value=str(value), lines=int(row["size"]), order_value=round(float(row["sum"]), digits)
        )
        for value, row in groups.iterrows()
    ]


def _told(rows: pd.DataFrame) -> list[WorklistLine]:
    records = rows.to_dict("records")
    return [
        WorklistLine.model_validate({k: None if pd.isna(v) else v for k, v in row.items()})
        for row in records
    ]
