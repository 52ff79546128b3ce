"""Purchase orders: make them of what is approved, by supplier, and look at those made."""

from collections import defaultdict
from functools import partial
from typing import Any

from nicegui import ui

from serving.console.api import Answer
from serving.console.parts import button, fact, html, panel, table, tabs
from serving.console.replenishment import words
from serving.console.shell import empty
from serving.console.view import ROOT, ConsoleView, load

_PATH = "/v1/replenishment"
_MOST = 1000


async def show_purchases(view: ConsoleView) -> None:
    """The page. view: who looks."""
    tabs(words.sections(view), "/orders/purchases")

    async def fill() -> None:
        approved = await _approved(view)
        made = await view.api.get(f"{_PATH}/orders", limit=200)
        _ready(view, approved, again)
        _made(view, made)

    again = load(view, fill)


async def _approved(view: ConsoleView) -> list[dict[str, Any]]:
    """The lines that wait for their order."""
    found: list[dict[str, Any]] = []
    for state in ("approved", "changed"):
        page = await view.api.get(f"{_PATH}/lines", state=state, limit=_MOST)
        found += page["data"]
    return found


def _ready(view: ConsoleView, lines: list[dict[str, Any]], again: Any) -> None:
    t, f = view.t, view.formats
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        groups[line["supplier_id"], line["warehouse_id"]].append(line)
    with panel(t("Approved, not yet ordered")):
        if not groups:
            empty(view, t("Nothing is approved."), t("Approve lines first; they appear here."))
            return
        for (supplier, warehouse), some in sorted(groups.items()):
            with ui.element("div").classes("actions"):
                html(f"<strong>{supplier} → {warehouse}</strong>")
                ui.label(t("{count} lines", count=len(some))).classes("quiet")
                ui.label(f.money(sum(_value(line) for line in some))).classes("figure")
                ui.element("div").classes("grow")
                button(
                    t("Order {supplier} → {warehouse}", supplier=supplier, warehouse=warehouse),
                    partial(_export, view, supplier, warehouse, again),
                    icon="send",
                    enabled=view.person.may("approve"),
                )


def _value(line: dict[str, Any]) -> float:
    quantity = line["approved_quantity"] or line["order_quantity"]
    return float(quantity * (line["unit_cost"] or 0.0))


async def _export(view: ConsoleView, supplier: str, warehouse: str, again: Any) -> None:
    body = {"supplier_id": supplier, "warehouse_id": warehouse}
    answer = await view.try_call(view.api.post(f"{_PATH}/orders:export", body))
    if answer is None:
        return
    if answer["data"]:
        order = answer["data"][0]
        text = "Ordered: {order}, {units} units."
        units = view.formats.number(order["units"])
        view.say(view.t(text, order=order["po_id"], units=units), kind="positive")
    else:
        view.say(view.t("Nothing was left to order: somebody else was faster."), kind="warning")
    again()


def _made(view: ConsoleView, made: Answer) -> None:
    t, f = view.t, view.formats
    with panel(t("Orders made here")):
        if not made["data"]:
            empty(view, t("No order was made here yet."), t("Order what is approved above."))
            return
        with ui.element("div").classes("strip"):
            fact(t("Orders"), f.number(len(made["data"]), 0))
            known = [order["value"] for order in made["data"] if order["value"] is not None]
            fact(t("Value"), f.money(sum(known)))
        html(f'<a href="{ROOT}/files/purchases.csv" download>{t("All lines as CSV")}</a>')
        table(
            [
                t("Order id"),
                t("Supplier"),
                t("Warehouse"),
                t("Ordered"),
                t("Lines"),
                t("Units"),
                t("Value"),
                t("State"),
            ],
            [
                [
                    order["po_id"],
                    order["supplier_id"],
                    order["warehouse_id"],
                    f.day(order["ordered_at"]),
                    f.number(len(order["lines"]), 0),
                    f.number(order["units"]),
                    f.money(order["value"]),
                    words.states(view).get(order["lines"][0]["state"], order["lines"][0]["state"]),
                ]
                for order in made["data"]
            ],
            right=(4, 5, 6),
        )
