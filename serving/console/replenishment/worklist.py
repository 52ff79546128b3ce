"""The lines of the plan: filter, change quantities in place, approve, dismiss, take back."""

import itertools
import json
from functools import partial
from typing import Any
from urllib.parse import quote

from nicegui import ui

from serving.console.api import Answer
from serving.console.grid import ListGrid, column
from serving.console.parts import (
    ask_text,
    button,
    choice,
    download,
    on_key,
    search,
    tabs,
)
from serving.console.replenishment import words
from serving.console.replenishment.deciding import LineDecisions
from serving.console.view import ConsoleView, load

_FILTERS = ("warehouse_id", "supplier_id", "category", "abc", "state", "urgency", "text", "ordered")
_PATH = "/v1/replenishment"


async def show_worklist(view: ConsoleView) -> None:
    """The page. view: who looks; the filters stand in the address."""
    tabs(words.sections(view), "/orders")

    async def fill() -> None:
        summary = await view.api.get(f"{_PATH}/lines/summary")
        Worklist(view, summary)

    load(view, fill)


class Worklist:
    """The grid with its filters and actions. view: the page; summary: what there is to choose."""

    def __init__(self, view: ConsoleView, summary: Answer) -> None:
        self.view = view
        self.summary = summary
        self.filters: dict[str, Any] = {
            name: view.query[name] for name in _FILTERS if view.query.get(name)
        }
        if not view.query:
            self.filters["ordered"] = "true"
        self.steps = LineDecisions(view, f"{_PATH}/suggestions", lambda: self.grid)
        self._build()

    def _build(self) -> None:
        if self.summary["degraded"]:
            text = "The plan was made in a simpler way ({reason}): check it before you order."
            ui.label(self.view.t(text, reason=self.summary["served_by"])).classes("stale")
        self._filter_bar()
        with ui.element("div").classes("actions").props('role=toolbar aria-label="Actions"'):
            self._actions()
        may = self.view.person.may("approve")
        self.grid = ListGrid(
            self.view,
            "lines",
            _columns(self.view, may_change=may),
            filters=self.filters,
            label=self.view.t("Lines of the plan"),
            selectable=may,
        )
        self.grid.on("cellValueChanged", self._change)
        ui.on("argosy-counted", self._count)
        ui.on("argosy-open", lambda event: self._open(event.args["id"]))
        ui.on("argosy-trouble", lambda event: self._trouble(event.args["detail"]))
        on_key(
            self.view,
            {
                "a": (self.view.t("Approve the selected lines"), self.steps.approve),
                "d": (self.view.t("Dismiss the selected lines"), self.steps.dismiss),
                "u": (self.view.t("Undo"), self.steps.undo),
                "space": (self.view.t("Select the line"), lambda: None),
                "enter": (self.view.t("Open the line"), lambda: None),
            },
        )

    def _filter_bar(self) -> None:
        t, chosen = self.view.t, self.filters
        with ui.element("div").classes("filters").props("role=search"):
            self.search_box = search(
                t("Search product"), chosen.get("text", ""), lambda v: self._filter(text=v)
            )
            for name, label, options in (
                (
                    "urgency",
                    t("Decide"),
                    _named(self.summary, "urgencies", words.urgencies(self.view)),
                ),
                ("warehouse_id", t("Warehouse"), _named(self.summary, "warehouses")),
                ("supplier_id", t("Supplier"), _named(self.summary, "suppliers")),
                ("category", t("Category"), _named(self.summary, "categories")),
                ("abc", t("ABC"), {"A": "A", "B": "B", "C": "C"}),
                ("state", t("State"), words.states(self.view)),
                ("ordered", t("Lines"), {"true": t("To order"), "false": t("Not ordered")}),
            ):
                choice(label, options, chosen.get(name), partial(self._filter_by, name))
            self._views()

    def _views(self) -> None:
        """Saved filters: kept in this browser."""
        with (
            ui.button(icon="bookmark_border", color=None)
            .props(f'flat dense round aria-label="{self.view.t("Saved views")}"')
            .classes("tool"),
            ui.menu() as menu,
        ):
            entries = ui.element("div")

        async def fill() -> None:
            saved = await ui.run_javascript("return argosy.views('orders')")
            entries.clear()
            with entries:
                for name, state in saved.items():
                    ui.menu_item(name, partial(ui.navigate.to, f"/orders?{state}"))
                ui.menu_item(self.view.t("Save this view…"), self._save_view)

        menu.on("before-show", fill)

    async def _save_view(self) -> None:
        name = await ask_text(self.view, self.view.t("Save this view"), self.view.t("Name"))
        if name:
            ui.run_javascript(
                f"argosy.saveView('orders', {json.dumps(name)}, location.search.slice(1))"
            )
            self.view.say(self.view.t("Saved: {name}", name=name), kind="positive")

    def _actions(self) -> None:
        t, may = self.view.t, self.view.person.may("approve")
        self.counter = ui.label("").classes("count").props("role=status")
        ui.element("div").classes("grow")
        button(t("Select first 40"), lambda: self.grid.select_first(40), enabled=may)
        button(t("Undo"), self.steps.undo, icon="undo", enabled=may)
        button(t("Dismiss"), self.steps.dismiss, enabled=may)
        button(t("Approve"), self.steps.approve, main=True, icon="check", enabled=may)
        download(self.view, "lines", lambda: self.filters)

    def _filter_by(self, name: str, value: str | None) -> None:
        self._filter(**{name: value})

    def _filter(self, **changed: str | None) -> None:
        self.filters = {k: v for k, v in {**self.filters, **changed}.items() if v}
        self.view.remember(**(self.filters or {"all": 1}))
        self.grid.filter(self.filters)

    async def _count(self, event: Any) -> None:
        total = event.args["total"]
        text = self.view.t("{count} lines", count=self.view.formats.number(total, 0))
        self.counter.set_text(text)

    def _open(self, line_id: str) -> None:
        ui.navigate.to(line_address(line_id))

    def _trouble(self, detail: str) -> None:
        self.view.say(
            detail or self.view.t("The server does not answer. Try again."), kind="negative"
        )

    async def _change(self, details: dict[str, Any]) -> None:
        """A quantity was typed: it is approved at once, and what it costs is told."""
        line, quantity = details["data"], _quantity(details["newValue"])
        if quantity is None or quantity <= 0:
            self.view.say(self.view.t("A quantity is a number above 0."), kind="warning")
            self.grid.refresh()
            return
        await self.steps.send("approve", [{"id": line["id"], "quantity": quantity}])
        depth = await self.view.try_call(self.view.api.get(f"{_PATH}/suggestions/{line['id']}"))
        if depth is not None:
            self._tell_cost(depth, line["order_quantity"], quantity)

    def _tell_cost(self, depth: Answer, before: float, quantity: float) -> None:
        curve = depth["cost_curve"] or []
        costs = [cost_at(curve, each) for each in (before, quantity)]
        if None in costs:
            return
        change = (costs[1] or 0.0) - (costs[0] or 0.0)
        self.view.say(
            self.view.t(
                "{before} → {after}: expected cost {change} a review period",
                before=self.view.formats.number(before),
                after=self.view.formats.number(quantity),
                change=("+" if change >= 0 else "") + self.view.formats.money(change),
            )
        )


def line_address(line_id: str) -> str:
    """Where a line is shown in depth. line_id: as the API names it."""
    return f"/orders/line?id={quote(line_id, safe='')}"


def cost_at(curve: list[dict[str, Any]], quantity: float) -> float | None:
    """The expected cost of a quantity, between the points of the curve; None beyond its ends.

    curve: quantity and total, rising by quantity; quantity: units.
    """
    for left, right in itertools.pairwise(curve):
        if left["quantity"] <= quantity <= right["quantity"]:
            if left["total"] is None or right["total"] is None:
                return None
            width = right["quantity"] - left["quantity"]
            share = (quantity - left["quantity"]) / width if width else 0.0
            total: float = left["total"] + share * (right["total"] - left["total"])
            return total
    return None


def _quantity(value: Any) -> float | None:
    try:
        return float(str(value).replace(",", "."))
    except ValueError:
        return None


def _named(summary: Answer, name: str, texts: dict[str, str] | None = None) -> dict[str, str]:
    """Options with how many lines each has."""
    return {
        each["value"]: f"{(texts or {}).get(each['value'], each['value'])} ({each['lines']})"
        for each in summary[name]
    }


def _columns(view: ConsoleView, *, may_change: bool) -> list[dict[str, Any]]:
    t = view.t
    chip = {":cellRenderer": "argosy.chip"}
    quantity = {
        ":valueGetter": "p => p.data && (p.data.approved_quantity ?? p.data.order_quantity)",
        ":valueSetter": "p => { p.data.approved_quantity = Number(p.newValue); return true; }",
        "editable": may_change,
        "cellClass": "figure ag-right-aligned-cell" + (" editable-cell" if may_change else ""),
    }
    return [
        column("title", t("Product"), 250, pinned="left"),
        column("state", t("State"), 100, context={"names": words.states(view)}, **chip),
        column("order_quantity", t("Order"), 90, "number", **quantity),
        column("order_value", t("Value"), 110, "money"),
        column("urgency", t("Decide"), 110, context={"names": words.urgencies(view)}, **chip),
        column("decide_by", t("Decide by"), 120, "day"),
        column(
            "money_at_risk",
            t("At risk"),
            110,
            "money",
            headerTooltip=t("Lost sales expected if nothing is ordered"),
        ),
        column("on_hand", t("On hand"), 95, "number", context={"missing": t("Not known")}),
        column("on_order", t("On order"), 95, "number"),
        column("stock_cover_days", t("Cover, days"), 110, "number"),
        column("warehouse_id", t("Warehouse"), 105),
        column("supplier_id", t("Supplier"), 100),
        column("abc", t("ABC"), 70),
        column("category", t("Category"), 170),
        column("product_id", t("Product id"), 110),
        column("reason", t("Reason"), 420, sortable=False),
    ]
