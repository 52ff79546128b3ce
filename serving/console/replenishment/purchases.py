"""Purchase orders: make them of what is approved, by supplier, and look at those made."""

from collections import defaultdict
from functools import partial
from typing import Any
from urllib.parse import quote

from nicegui import ui

from serving.console.api import Answer
from serving.console.parts import (
    ask_reason,
    button,
    choice,
    download,
    fact,
    html,
    panel,
    table,
    tabs,
)
from serving.console.replenishment import words
from serving.console.replenishment.accuracy import show_accuracy
from serving.console.replenishment.approvals import second_person_text, show_awaited
from serving.console.shell import empty
from serving.console.titles import find_titles
from serving.console.view import ConsoleView, load

_PATH = "/v1/replenishment"
_MOST = 1000


async def show_purchases(view: ConsoleView) -> None:
    """The page. view: who looks."""
    tabs(words.sections(view), "/orders/purchases")
    po_id = view.query.get("po", "")

    async def fill() -> None:
        if po_id:
            await _one(view, po_id, again)
            return
        approved = await _approved(view)
        made = await view.api.get(f"{_PATH}/orders", limit=200, state=chosen_state(view))
        await show_awaited(view, again)
        _ready(view, approved, again)
        _made(view, made)
        await show_accuracy(view)

    again = load(view, fill)


async def _one(view: ConsoleView, po_id: str, again: Any) -> None:
    """One order: its lines with what is expected when, the files to send, and its end."""
    t, f, states = view.t, view.formats, words.states(view)
    answer = await view.api.get(f"{_PATH}/orders/{quote(po_id, safe='')}")
    order = answer["data"][0]
    titles = await find_titles(view, (line["product_id"] for line in order["lines"]))
    with panel(po_id, (t("All orders"), "/orders/purchases")):
        with ui.element("div").classes("strip"):
            fact(t("Supplier"), order["supplier_id"])
            fact(t("Warehouse"), order["warehouse_id"])
            fact(t("Ordered"), f.moment(order["ordered_at"]))
            fact(t("Units"), f.number(order["units"]))
            fact(t("Value"), f.money(order["value"]))
        with ui.element("div").classes("actions"):
            download(view, "purchase", lambda: {"id": po_id})
            if order["state"] in words.ON_THE_WAY:
                button(
                    t("Cancel what has not come"),
                    partial(_cancel, view, po_id, again),
                    icon="cancel",
                    enabled=view.person.may("approve"),
                )
        table(
            [t("Product"), t("Product id"), t("Units"), t("Unit cost"), t("Expected"), t("State")],
            [
                [
                    titles.get(line["product_id"], line["product_id"]),
                    line["product_id"],
                    f.number(line["quantity"]),
                    f.money(line["unit_cost"]),
                    f.day(line["expected_at"]),
                    states.get(line["state"], line["state"]),
                ]
                for line in order["lines"]
            ],
            right=(2, 3),
        )


async def _cancel(view: ConsoleView, po_id: str, again: Any) -> None:
    t = view.t
    title = t("Why is {order} cancelled?", order=po_id)
    reason = await ask_reason(view, title, [t("The supplier cannot deliver"), t("A mistake")])
    if not reason:
        return
    path = f"{_PATH}/orders/{quote(po_id, safe='')}:cancel"
    if await view.try_call(view.api.post(path, {"reason": reason})) is not None:
        view.say(t("Cancelled: it is on order no more."), kind="positive")
        again()


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
    if answer["awaiting_second"]:
        view.say(second_person_text(view, len(answer["awaiting_second"])), kind="warning")
    elif answer["data"]:
        order = answer["data"][0]
        text = "Ordered: {order}, {units} units."
        units = view.formats.number(order["units"])
        view.say(view.t(text, order=order["po_id"], units=units), kind="positive")
    else:
        view.say(view.t("Nothing was left to order: somebody else was faster."), kind="warning")
    again()


def chosen_state(view: ConsoleView) -> str | None:
    """The state of orders that the address asks for, None for all. view: who looks."""
    state = view.query.get("state")
    return state if state in words.order_states(view) else None


def state_choice(view: ConsoleView, page: str) -> None:
    """Which orders are shown, by state. view: who looks; page: the address of the list."""
    with ui.element("div").classes("filters"):
        choice(
            view.t("State"),
            words.order_states(view),
            chosen_state(view),
            lambda state: ui.navigate.to(page if state is None else f"{page}?state={state}"),
        )


def _made(view: ConsoleView, made: Answer) -> None:
    t, f = view.t, view.formats
    with panel(t("Orders made here")):
        if not made["data"] and chosen_state(view) is None:
            empty(view, t("No order was made here yet."), t("Order what is approved above."))
            return
        state_choice(view, "/orders/purchases")
        with ui.element("div").classes("strip"):
            fact(t("Orders"), f.number(len(made["data"]), 0))
            known = [order["value"] for order in made["data"] if order["value"] is not None]
            fact(t("Value"), f.money(sum(known)))
        with ui.element("div").classes("actions"):
            ui.label(t("All lines:")).classes("quiet")
            download(view, "purchases", dict)
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
                    (order["po_id"], f"/orders/purchases?po={quote(order['po_id'], safe='')}"),
                    order["supplier_id"],
                    order["warehouse_id"],
                    f.day(order["ordered_at"]),
                    f.number(len(order["lines"]), 0),
                    f.number(order["units"]),
                    f.money(order["value"]),
                    words.states(view).get(order["state"], order["state"]),
                ]
                for order in made["data"]
            ],
            right=(4, 5, 6),
        )
