"""What one person approved and another one must approve, too: who asked, and the button."""

from functools import partial
from html import escape
from typing import Any

from nicegui import ui

from serving.console.api import Answer
from serving.console.parts import ask_reason, button, html, panel
from serving.console.titles import find_titles
from serving.console.view import ConsoleView

_PATH = "/v1/replenishment"
_MOST = 1000


async def show_awaited(view: ConsoleView, again: Any) -> None:
    """The lines that wait for a second person; nothing where one is enough and none waits.

    view: the page; again: shows it anew.
    """
    t, f = view.t, view.formats
    found = await view.api.get(f"{_PATH}/approvals", limit=_MOST)
    if found["above"] is None and not found["data"]:
        return
    titles = await find_titles(view, (line["product_id"] for line in found["data"]))
    with panel(t("Waiting for a second person")):
        if found["above"] is not None:
            text = t("Orders above {amount} take two people.", amount=f.money(found["above"]))
            ui.label(text).classes("quiet")
        if not found["data"]:
            ui.label(t("Nothing waits.")).classes("quiet")
        for line in found["data"]:
            _show_line(view, line, titles.get(line["product_id"], line["product_id"]), again)


def _show_line(view: ConsoleView, line: Answer, title: str, again: Any) -> None:
    t, f, may = view.t, view.formats, view.person.may("approve")
    with ui.element("div").classes("actions"):
        html(f"<strong>{escape(title)}</strong>")
        ui.label(f"{line['supplier_id']} → {line['warehouse_id']}").classes("quiet")
        ui.label(t("{count} units", count=f.number(line["quantity"]))).classes("figure")
        ui.label(f.money(line["value"])).classes("figure")
        ui.label(waits_text(view, line)).classes("quiet")
        ui.element("div").classes("grow")
        if may_second(view, line):
            approve = partial(_decide, view, _list_of(line), "approve", {"id": line["id"]}, again)
            button(t("Approve, too"), approve, icon="check", enabled=may)
        button(t("Dismiss"), partial(_dismiss, view, line, again), enabled=may)


async def _dismiss(view: ConsoleView, line: Answer, again: Any) -> None:
    reason = await ask_reason(view, view.t("Why dismiss this line?"))
    if reason:
        item = {"id": line["id"], "reason": reason}
        await _decide(view, _list_of(line), "dismiss", item, again)


def _list_of(line: Answer) -> str:
    """The API's list that a waiting line is decided in."""
    return "transfers" if line["kind"] == "transfer" else "suggestions"


async def _decide(
    view: ConsoleView, list_name: str, step: str, item: dict[str, Any], again: Any
) -> None:
    call = view.api.post(f"{_PATH}/{list_name}:{step}", {"items": [item]})
    answer = await view.try_call(call)
    if answer is None:
        return
    outcome = answer["data"][0]
    if outcome["problem"]:
        view.say(f"{outcome['problem']}.", kind="warning")
    elif step == "approve":
        view.say(view.t("Approved by two people: it can be ordered."), kind="positive")
    again()


async def find_awaited(view: ConsoleView, line_id: str) -> Answer | None:
    """What a line waits for a second person with; None where it does not wait.

    view: who asks; line_id: as the API names it.
    """
    found = await view.api.get(f"{_PATH}/approvals", limit=_MOST)
    return next((line for line in found["data"] if line["id"] == line_id), None)


def may_second(view: ConsoleView, line: Answer) -> bool:
    """True for anybody but the one who approved it first. view: who looks; line: that waits."""
    return not view.person.is_owner(line["asked_by"])


def waits_text(view: ConsoleView, line: Answer) -> str:
    """Who approved a line, when, and who must. view: who looks; line: that waits."""
    when = view.formats.moment(line["asked_at"])
    if not may_second(view, line):
        return view.t("You approved it on {when}: somebody else must, too.", when=when)
    name = line["asked_by"] or view.t("Somebody")
    return view.t("{name} approved it on {when}: a second person must, too.", name=name, when=when)


def second_person_text(view: ConsoleView, count: int) -> str:
    """What is told where lines wait now. view: who looks; count: of lines."""
    return view.t(
        "{count} lines wait for a second person: they come to more than one may order.",
        count=view.formats.number(count, 0),
    )
