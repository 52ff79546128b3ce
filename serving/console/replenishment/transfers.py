"""Transfers: what to move between warehouses before buying, decide on it, order it, look it up."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from nicegui import ui

from serving.console.api import Answer
from serving.console.grid import ListGrid, column
from serving.console.parts import ask_reason, button, download, fact, on_key, panel, table, tabs
from serving.console.replenishment import words
from serving.console.replenishment.approvals import second_person_text
from serving.console.replenishment.deciding import LineDecisions
from serving.console.replenishment.purchases import chosen_state, state_choice
from serving.console.shell import empty
from serving.console.titles import find_titles
from serving.console.view import ConsoleView, load

_PATH = "/v1/replenishment"
_MOST = 1000
_PUT_OFF_DAYS = 14


async def show_transfers(view: ConsoleView) -> None:
    """The page. view: who looks; `order` in the address is a transfer order's number."""
    tabs(words.sections(view), "/orders/transfers")
    number = view.query.get("order", "")

    async def fill() -> None:
        if number:
            await _one(view, number, again)
            return
        found = await view.api.get(f"{_PATH}/transfers", limit=1)
        TransfersPage(view, found, again)
        await _put_off(view, again)
        state = chosen_state(view)
        _made(view, await view.api.get(f"{_PATH}/transfer-orders", limit=200, state=state))

    again = load(view, fill)


class TransfersPage:
    """The suggested transfers with their actions.

    view: the page; found: the API's list, for its sums; again: shows the page anew.
    """

    def __init__(self, view: ConsoleView, found: Answer, again: Any) -> None:
        self.view = view
        self.again = again
        day = datetime.fromisoformat(found["as_of"]) + timedelta(days=_PUT_OFF_DAYS)
        self.later = day.date().isoformat()
        self.steps = LineDecisions(view, f"{_PATH}/transfers", lambda: self.grid)
        t, f = view.t, view.formats
        if not found["total"]:
            with panel(t("Transfers")):
                hint = t("Nothing is worth moving: buying is cheaper, or nobody has too much.")
                empty(view, t("No transfers."), hint)
            self._ready()
            return
        with ui.element("section").classes("panel"), ui.element("div").classes("strip"):
            fact(t("Transfers"), f.number(found["total"], 0))
            fact(t("Gain"), f.money(found["gain"]), t("against buying"))
            fact(t("Cost of moving"), f.money(found["cost"]))
        self._build()
        self._ready()

    def _build(self) -> None:
        t, may = self.view.t, self.view.person.may("approve")
        with ui.element("div").classes("actions").props('role=toolbar aria-label="Actions"'):
            ui.element("div").classes("grow")
            button(t("Undo"), self.steps.undo, icon="undo", enabled=may)
            button(t("Put off for two weeks"), self.put_off, icon="snooze", enabled=may)
            button(t("Dismiss"), self.steps.dismiss, enabled=may)
            button(t("Approve"), self.steps.approve, main=True, icon="check", enabled=may)
            download(self.view, "transfers", dict)
        self.grid = ListGrid(
            self.view,
            "transfers",
            _columns(self.view, may_change=may),
            filters={},
            label=t("Transfers"),
            selectable=may,
        )
        self.grid.on("cellValueChanged", self._change)
        on_key(
            self.view,
            {
                "a": (t("Approve the selected lines"), self.steps.approve),
                "d": (t("Dismiss the selected lines"), self.steps.dismiss),
                "s": (t("Put the selected lines off"), self.put_off),
                "u": (t("Undo"), self.steps.undo),
                "space": (t("Select the line"), lambda: None),
            },
        )

    async def put_off(self) -> None:
        """Dismiss what is selected until two weeks after the day of the plan."""
        await self.steps.dismiss(until=self.later)

    async def _change(self, details: dict[str, Any]) -> None:
        """A quantity was typed: it is approved at once."""
        try:
            quantity = float(str(details["newValue"]).replace(",", "."))
        except ValueError:
            quantity = 0.0
        if quantity > 0:
            item = {"id": details["data"]["id"], "quantity": quantity}
            await self.steps.send("approve", [item])
            return
        self.view.say(self.view.t("A quantity is a number above 0."), kind="warning")
        self.grid.refresh()

    def _ready(self) -> None:
        t = self.view.t
        with ui.element("div").classes("actions"):
            ui.label(t("What is approved is sent once it is ordered:")).classes("quiet")
            button(
                t("Order the approved transfers"),
                self._export,
                icon="send",
                enabled=self.view.person.may("approve"),
            )

    async def _export(self) -> None:
        t = self.view.t
        answer = await self.view.try_call(self.view.api.post(f"{_PATH}/transfer-orders:export", {}))
        if answer is None:
            return
        if answer["awaiting_second"]:
            text = second_person_text(self.view, len(answer["awaiting_second"]))
            self.view.say(text, kind="warning")
        elif answer["data"]:
            count = len(answer["data"])
            self.view.say(t("Transfer orders made: {count}.", count=count), kind="positive")
        else:
            self.view.say(t("Nothing is approved."), kind="warning")
        self.again()


def _columns(view: ConsoleView, *, may_change: bool) -> list[dict[str, Any]]:
    t = view.t
    quantity = {
        ":valueGetter": "p => p.data && (p.data.approved_quantity ?? p.data.quantity)",
        ":valueSetter": "p => { p.data.approved_quantity = Number(p.newValue); return true; }",
        "editable": may_change,
        "cellClass": "figure ag-right-aligned-cell" + (" editable-cell" if may_change else ""),
    }
    chip: dict[str, Any] = {":cellRenderer": "argosy.chip"}
    columns = [
        column("title", t("Product"), 250, pinned="left"),
        column("state", t("State"), 110, context={"names": words.states(view)}, **chip),
        column("from_warehouse_id", t("From"), 90),
        column("to_warehouse_id", t("To"), 90),
        column("quantity", t("Units"), 90, "number", **quantity),
        column("gain", t("Gain"), 110, "money"),
        column("cost", t("Cost of moving"), 130, "money"),
        column("days", t("Days"), 80, "number"),
        column("product_id", t("Product id"), 110),
        column("reason", t("Reason"), 420),
    ]
    return [{**each, "sortable": False} for each in columns]  # they come by gain


async def _put_off(view: ConsoleView, again: Any) -> None:
    """What is put off, and the buttons that let plans suggest it again."""
    t, f = view.t, view.formats
    found = await view.api.get(f"{_PATH}/transfers/put-off", limit=_MOST)
    if not found["data"]:
        return
    titles = await find_titles(view, (line["product_id"] for line in found["data"]))
    with panel(t("Put off")):
        for line in found["data"]:
            with ui.element("div").classes("actions"):
                ui.label(titles.get(line["product_id"], line["product_id"]))
                ui.label(f"{line['from_warehouse_id']} → {line['to_warehouse_id']}")
                ui.label(t("until {day}", day=f.day(line["until"]))).classes("quiet")
                ui.label(line["reason"]).classes("quiet")
                ui.element("div").classes("grow")
                reopen = partial(_reopen, view, line["id"], again)
                button(t("Open again"), reopen, icon="undo", enabled=view.person.may("approve"))


async def _reopen(view: ConsoleView, line_id: str, again: Any) -> None:
    items = {"items": [{"id": line_id}]}
    if await view.try_call(view.api.post(f"{_PATH}/transfers:reopen", items)) is not None:
        view.say(view.t("The next plan may suggest it again."), kind="positive")
        again()


def _made(view: ConsoleView, made: Answer) -> None:
    t, f, states = view.t, view.formats, words.states(view)
    with panel(t("Transfer orders made here")):
        if not made["data"] and chosen_state(view) is None:
            hint = t("Approve transfers first, then order them.")
            empty(view, t("No transfer was ordered here yet."), hint)
            return
        state_choice(view, "/orders/transfers")
        with ui.element("div").classes("actions"):
            ui.label(t("All lines:")).classes("quiet")
            download(view, "moves", dict)
        heads = (t("From"), t("To"), t("Ordered"), t("Units"), t("Cost of moving"), t("State"))
        table(
            [t("Order id"), *heads],
            [
                [
                    (order["transfer_id"], _address(order["transfer_id"])),
                    order["from_warehouse_id"],
                    order["to_warehouse_id"],
                    f.day(order["sent_at"]),
                    f.number(order["units"]),
                    f.money(order["cost"]),
                    states.get(order["state"], order["state"]),
                ]
                for order in made["data"]
            ],
            right=(4, 5),
        )


def _address(number: str) -> str:
    return f"/orders/transfers?order={quote(number, safe='')}"


async def _one(view: ConsoleView, number: str, again: Any) -> None:
    """One transfer order: its lines, the files to send, and its end."""
    t, f, states = view.t, view.formats, words.states(view)
    answer = await view.api.get(f"{_PATH}/transfer-orders/{quote(number, safe='')}")
    order = answer["data"][0]
    titles = await find_titles(view, (line["product_id"] for line in order["lines"]))
    with panel(number, (t("All transfers"), "/orders/transfers")):
        with ui.element("div").classes("strip"):
            fact(t("From"), order["from_warehouse_id"])
            fact(t("To"), order["to_warehouse_id"])
            fact(t("Ordered"), f.moment(order["sent_at"]))
            fact(t("Units"), f.number(order["units"]))
            fact(t("Cost of moving"), f.money(order["cost"]))
        with ui.element("div").classes("actions"):
            download(view, "move", lambda: {"id": number})
            if order["state"] in words.ON_THE_WAY:
                button(
                    t("Cancel what has not come"),
                    partial(_cancel, view, number, again),
                    icon="cancel",
                    enabled=view.person.may("approve"),
                )
        table(
            [t("Product"), t("Product id"), t("Units"), t("Expected"), t("State")],
            [
                [
                    titles.get(line["product_id"], line["product_id"]),
                    line["product_id"],
                    f.number(line["quantity"]),
                    f.day(line["expected_at"]),
                    states.get(line["state"], line["state"]),
                ]
                for line in order["lines"]
            ],
            right=(2,),
        )


async def _cancel(view: ConsoleView, number: str, again: Any) -> None:
    t = view.t
    reason = await ask_reason(view, t("Why is {order} cancelled?", order=number), [t("A mistake")])
    path = f"{_PATH}/transfer-orders/{quote(number, safe='')}:cancel"
    if reason and await view.try_call(view.api.post(path, {"reason": reason})) is not None:
        view.say(t("Cancelled: it is on order no more."), kind="positive")
        again()
