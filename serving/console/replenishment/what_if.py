"""The plan under other terms, beside the plan as it is; nothing is kept."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from serving.console import charts
from serving.console.api import Answer
from serving.console.parts import Cell, button, choice, panel, table, tabs
from serving.console.replenishment import words
from serving.console.replenishment.worklist import line_address
from serving.console.titles import find_titles
from serving.console.view import ConsoleView, load

_PATH = "/v1/replenishment"
_MOST_LINES = 30
# Field of the API -> label, and whether it is typed in per cent.
_FIELDS = (
    ("budget", "Budget", False),
    ("service_level", "Service level, %", True),
    ("lead_time_days", "Lead time, days", False),
    ("duty_rate", "Tariff, %", True),
    ("demand_uplift", "More demand, %", True),
)


async def show_what_if(view: ConsoleView) -> None:
    """The page. view: who looks; the terms stand in the address."""
    tabs(words.sections(view), "/orders/what-if")

    async def fill() -> None:
        summary = await view.api.get(f"{_PATH}/lines/summary")
        await WhatIfPage(view, summary).build()

    load(view, fill)


class WhatIfPage:
    """Terms to type and their plan. view: the page; summary: which warehouses there are."""

    def __init__(self, view: ConsoleView, summary: Answer) -> None:
        self.view = view
        self.summary = summary
        self.given: dict[str, Any] = dict(view.query)

    async def build(self) -> None:
        """Fill the page; terms in the address are computed at once."""
        t = self.view.t
        with ui.element("section").classes("panel"), ui.element("div").classes("filters"):
            names = {each["value"]: each["value"] for each in self.summary["warehouses"]}
            choice(
                t("Warehouse"),
                names,
                self.given.get("warehouse_id"),
                lambda value: self.given.update(warehouse_id=value),
            )
            for name, label, _ in _FIELDS:
                self._field(name, t(label))
            button(t("Compute"), self._compute, main=True, icon="calculate")
        self.place = ui.element("div").classes("part")
        if any(self.given.get(name) for name, _, _ in _FIELDS):
            await self._compute()
        else:
            with self.place:
                hint = t("Type other terms and compute: the plan stays as it is.")
                ui.label(hint).classes("quiet")

    def _field(self, name: str, label: str) -> None:
        value = self.given.get(name)
        box = ui.number(
            label=label,
            value=float(value) if value else None,
            on_change=lambda event: self.given.update({name: event.value}),
        )
        box.props("dense outlined").on("keydown.enter", self._compute)

    async def _compute(self) -> None:
        self.view.remember(**self.given)
        body: dict[str, Any] = {
            name: float(self.given[name]) / (100 if percent else 1)
            for name, _, percent in _FIELDS
            if self.given.get(name) not in (None, "")
        }
        if self.given.get("warehouse_id"):
            body["warehouse_id"] = self.given["warehouse_id"]
        self.place.clear()
        with self.place:
            with ui.element("div").classes("skeleton") as waiting:
                ui.label(self.view.t("Planning…"))
            answer = await self.view.try_call(self.view.api.post(f"{_PATH}/plan", body))
            waiting.delete()
            if answer is not None:
                lines = answer["differences"][:_MOST_LINES]
                products = (each["id"].split("~")[1] for each in lines)
                self._show(answer, await find_titles(self.view, products))

    def _show(self, answer: Answer, titles: Mapping[str, str]) -> None:
        t, f = self.view.t, self.view.formats
        now, other = answer["now"], answer["changed"]
        with ui.element("div").classes("columns"):
            with panel(t("The plan, beside the one with these terms")):
                table(
                    ["", t("Now"), t("With these terms"), t("Change")],
                    [
                        _row(t("Lines ordered"), now, other, "lines_ordered", f.number),
                        _row(t("Units"), now, other, "units", f.number),
                        _row(t("Value"), now, other, "value", f.money),
                        _row(t("Lost sales still expected"), now, other, "money_at_risk", f.money),
                        _row(t("Transfers"), now, other, "transfers", f.number),
                    ],
                    right=(1, 2, 3),
                )
            with panel(t("Value of the orders")):
                names = [t("Now"), t("With these terms")]
                series = [charts.bars(t("Value"), [now["value"], other["value"]], charts.ACCENT)]
                options = charts.frame(names, series=series)
                charts.chart(options, t("Value of the orders"), low=True)
        with panel(t("Lines that change most")):
            table(
                [
                    t("Product"),
                    t("Warehouse"),
                    t("Supplier"),
                    t("Now"),
                    t("With these terms"),
                    t("Change"),
                ],
                [
                    [
                        *_named(each["id"], titles),
                        f.number(each["now"]),
                        f.number(each["changed"]),
                        "+" * (each["changed"] > each["now"])
                        + f.number(each["changed"] - each["now"]),
                    ]
                    for each in answer["differences"][:_MOST_LINES]
                ],
                right=(3, 4, 5),
            )


def _named(line_id: str, titles: Mapping[str, str]) -> list[Cell]:
    """Product with a link to its line, warehouse and supplier of a line of the plan."""
    warehouse, product, supplier = line_id.split("~", 2)
    return [(titles.get(product, product), line_address(line_id)), warehouse, supplier]


def _row(name: str, now: Answer, other: Answer, field: str, write: Any) -> list[str]:
    change = other[field] - now[field]
    return [name, write(now[field]), write(other[field]), "+" * (change > 0) + write(change)]
