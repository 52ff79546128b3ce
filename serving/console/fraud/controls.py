"""Lists and rules: what analysts set; a rule is tried on history before it can be saved."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from nicegui import ui

from serving.console.api import Answer
from serving.console.fraud import words
from serving.console.parts import button, choice, confirm, fact, panel, table, tabs
from serving.console.shell import empty
from serving.console.view import ConsoleView, load

_PATH = "/v1/fraud"


async def show_lists(view: ConsoleView) -> None:
    """The page of lists. view: who looks."""
    tabs(words.sections(view), "/fraud/lists")

    async def fill() -> None:
        page = await view.api.get(f"{_PATH}/lists", limit=200)
        _entry_form(view, again)
        _entries(view, page["data"], again)

    again = load(view, fill)


def _entry_form(view: ConsoleView, again: Any) -> None:
    t = view.t
    given: dict[str, Any] = {"list": "watch", "column": "card_id"}
    with panel(t("Put on a list")), ui.element("div").classes("filters"):
        names = {"allow": t("Allow"), "watch": t("Watch"), "block": t("Block")}
        choice(t("List"), names, "watch", lambda value: given.update(list=value), required=True)
        choice(
            t("What"),
            words.listed(view),
            "card_id",
            lambda value: given.update(column=value),
            required=True,
        )
        value = ui.input(label=t("Value")).props("dense outlined")
        reason = ui.input(label=t("Reason")).props("dense outlined")

        async def add() -> None:
            body = {**given, "value": value.value, "reason": reason.value}
            told = t("On the list: {value}", value=value.value)
            if await view.try_call(view.api.post(f"{_PATH}/lists", body), told) is not None:
                again()

        button(t("Add"), add, main=True, icon="add")


def _entries(view: ConsoleView, entries: list[dict[str, Any]], again: Any) -> None:
    t, f = view.t, view.formats
    with panel(t("Entries")):
        if not entries:
            empty(
                view, t("The lists are empty."), t("Add a card, device or address above."), "list"
            )
            return
        table(
            [
                t("List"),
                t("What"),
                t("Value"),
                t("Reason"),
                t("By"),
                t("Since"),
                t("Until"),
                t("Hits"),
            ],
            [
                [
                    words.actions(view).get(each["list"], each["list"]),
                    words.listed(view).get(each["column"], each["column"]),
                    each["value"],
                    each["reason"],
                    each["author"],
                    f.moment(each["added_at"]),
                    f.moment(each["expires_at"]),
                    f.number(each["hits"], 0),
                ]
                for each in entries
            ],
            right=(7,),
        )
        with ui.element("div").classes("actions"):
            for each in entries[:20]:
                button(
                    t("Remove {value}", value=each["value"]),
                    partial(_remove, view, each, again),
                    icon="delete_outline",
                )


async def _remove(view: ConsoleView, entry: dict[str, Any], again: Any) -> None:
    names = ("list", "column", "value", "reason")
    body = {name: entry[name] for name in names} | {"removed": True}
    told = view.t("Off the list: {value}", value=entry["value"])
    if await view.try_call(view.api.post(f"{_PATH}/lists", body), told) is not None:
        again()


async def show_rules(view: ConsoleView) -> None:
    """The page of rules. view: who looks."""
    tabs(words.sections(view), "/fraud/rules")

    async def fill() -> None:
        page = await view.api.get(f"{_PATH}/rules")
        RuleEditor(view, again).build()
        _rules(view, page)
        _snoozes(view, page["data"], await view.api.get(f"{_PATH}/rules/snoozes"), again)

    again = load(view, fill)


class RuleEditor:
    """A rule being written. It can be saved once it was tried as it stands.

    view: the page; again: shows the page anew after saving.
    """

    def __init__(self, view: ConsoleView, again: Any) -> None:
        self.view = view
        self.again = again
        self.action: str | None = "review"
        self.tried: dict[str, Any] | None = None

    def build(self) -> None:
        """Fill the form."""
        t = self.view.t
        with panel(t("Write a rule")):
            with ui.element("div").classes("filters"):
                self.name = ui.input(label=t("Name"), on_change=self._touched)
                self.text = ui.input(label=t("What it means"), on_change=self._touched)
                for box in (self.name, self.text):
                    box.props("dense outlined")
                choice(
                    t("Then"), words.actions(self.view), self.action, self._choose, required=True
                )
            self.when = ui.codemirror(
                "amount_base > 500.0 && billing_country != shipping_country",
                on_change=self._touched,
                line_wrapping=True,
            ).classes("rule-text")
            ui.run_javascript(f"argosy.nameEditor({self.when.id}, {json.dumps(t('When'))})")
            with ui.element("div").classes("actions"):
                button(t("Try on 90 days"), self.dry_run, icon="science")
                self.save = button(t("Save"), self.keep, main=True, enabled=False)
                ui.label(t("A rule is saved only after it was tried.")).classes("quiet")
            self.place = ui.element("div").classes("part")

    def _choose(self, value: str | None) -> None:
        self.action = value
        self._touched()

    def _touched(self) -> None:
        if hasattr(self, "save"):
            self.save.set_enabled(self.tried is not None and self.tried == self._body())

    def _body(self) -> dict[str, Any]:
        return {
            "name": self.name.value or "",
            "text": self.text.value or "",
            "when": self.when.value or "",
            "action": self.action,
        }

    async def dry_run(self) -> None:
        """Try the rule on the payments of 90 days and show what it would have done."""
        body = self._body()
        answer = await self.view.try_call(
            self.view.api.post(f"{_PATH}/rules/dry-run", {"rule": body, "days": 90})
        )
        self.place.clear()
        if answer is None:
            return
        self.tried = body
        self._touched()
        with self.place:
            self._show(answer)

    def _show(self, answer: Answer) -> None:
        t, f = self.view.t, self.view.formats
        with ui.element("div").classes("strip"):
            payments = f.number(answer["payments"], 0)
            share = f.share(answer["hit_share"], 2)
            fact(
                t("It holds of"),
                f.number(answer["hits"], 0),
                t("{share} of {count}", share=share, count=payments),
            )
            fact(t("Frauds caught"), f.number(answer["caught"], 0), f.money(answer["caught_money"]))
            fact(t("Honest, hurt"), f.number(answer["hurt"], 0), f.money(answer["hurt_money"]))
            for name, title in (
                ("unknown", t("Not known yet")),
                ("undecided", t("Declined")),
                ("immature", t("Too young to tell")),
            ):
                if answer.get(name) is not None:
                    fact(title, f.number(answer[name], 0))
        if answer.get("examples"):
            shown = ", ".join(answer["examples"][:8])
            ui.label(t("Newest: {payments}", payments=shown)).classes("quiet")

    async def keep(self) -> None:
        """Save the rule as it was tried."""
        if self.tried is None or self.tried != self._body():
            self.view.say(self.view.t("Try the rule as it stands first."), kind="warning")
            return
        told = self.view.t("The rule {name} is in use.", name=self.tried["name"])
        if await self.view.try_call(self.view.api.post(f"{_PATH}/rules", self.tried), told):
            self.again()


def _rules(view: ConsoleView, page: Answer) -> None:
    t = view.t
    with panel(t("Rules in use, version {version}", version=page["version"])):
        table(
            [t("Name"), t("When"), t("Then"), t("What it means"), t("From")],
            [
                [
                    rule["name"],
                    rule["when"],
                    words.actions(view).get(rule["action"], rule["action"]),
                    rule["text"],
                    t("Argosy") if rule["origin"] == "shipped" else t("own"),
                ]
                for rule in page["data"]
            ],
        )
        own = [rule for rule in page["data"] if rule["origin"] == "own"]
        with ui.element("div").classes("actions"):
            for rule in own:
                button(t("Switch off {name}", name=rule["name"]), partial(_switch_off, view, rule))


async def _switch_off(view: ConsoleView, rule: dict[str, Any]) -> None:
    title = view.t("Switch off {name}?", name=rule["name"])
    if not await confirm(view, title, rule["text"], view.t("Switch off")):
        return
    names = ("name", "text", "when", "action", "about")
    body = {name: rule[name] for name in names} | {"active": False}
    told = view.t("The rule {name} is off.", name=rule["name"])
    if await view.try_call(view.api.post(f"{_PATH}/rules", body), told) is not None:
        ui.navigate.reload()


def _snoozes(
    view: ConsoleView, rules: list[dict[str, Any]], page: Answer, again: Callable[[], Any]
) -> None:
    """The rules that do not hold for one customer for some time, and a form for more."""
    t, f = view.t, view.formats
    names = {rule["name"]: rule["name"] for rule in rules if rule["can_be_snoozed"]}
    given: dict[str, Any] = {"rule": next(iter(names), None), "days": "30"}
    with panel(t("Snoozed for one customer")):
        with ui.element("div").classes("filters"):
            choice(
                t("Rule"),
                names,
                given["rule"],
                lambda value: given.update(rule=value),
                required=True,
            )
            customer = ui.input(label=t("Customer")).props("dense outlined")
            days = {str(count): t("{count} days", count=count) for count in (7, 30, 90)}
            choice(t("For"), days, "30", lambda value: given.update(days=value), required=True)
            why = ui.input(label=t("Why")).props("dense outlined")

            async def snooze() -> None:
                until = datetime.now(UTC) + timedelta(days=int(given["days"]))
                body = {
                    "rule": given["rule"],
                    "customer_id": customer.value or "",
                    "until": until.isoformat(),
                    "reason": why.value or "",
                }
                told = t("Snoozed: {rule}", rule=given["rule"])
                if await _post_snooze(view, body, told):
                    again()

            button(t("Snooze the rule"), snooze, icon="snooze")
        if page["data"]:
            table(
                [t("Rule"), t("Customer"), t("Until"), t("Reason"), t("By")],
                [
                    [
                        each["rule"],
                        each["customer_id"],
                        f.moment(each["until"]),
                        each["reason"],
                        each["author"],
                    ]
                    for each in page["data"]
                ],
            )
        with ui.element("div").classes("actions"):
            for each in page["data"][:20]:
                name = t(
                    "Wake {rule} for {customer}", rule=each["rule"], customer=each["customer_id"]
                )
                button(name, partial(_wake, view, each, again), icon="alarm_on")


async def _wake(view: ConsoleView, snoozed: dict[str, Any], again: Callable[[], Any]) -> None:
    body = {name: snoozed[name] for name in ("rule", "customer_id", "reason")}
    body["until"] = datetime.now(UTC).isoformat()
    told = view.t("It holds again: {rule}", rule=snoozed["rule"])
    if await _post_snooze(view, body, told):
        again()


async def _post_snooze(view: ConsoleView, body: dict[str, Any], told: str) -> bool:
    return await view.try_call(view.api.post(f"{_PATH}/rules/snoozes", body), told) is not None
