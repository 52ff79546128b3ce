"""Customers: search, one customer on a page, segments with what is at stake, export and erasure."""

import json
from typing import Any
from urllib.parse import quote

from nicegui import ui

from serving.console import charts
from serving.console.api import Answer, ApiError
from serving.console.parts import button, confirm, fact, on_key, panel, search, table, tabs
from serving.console.shell import Screen, Shell, empty
from serving.console.view import ConsoleView, load

_MOST_ROWS = 15


def _sections(view: ConsoleView) -> list[tuple[str, str]]:
    return [(view.t("Search"), "/customers"), (view.t("Segments"), "/customers/segments")]


async def show_search(view: ConsoleView) -> None:
    """The page to find a customer. view: who looks; `text` stands in the address."""
    tabs(_sections(view), "/customers")
    on_key(view, {})
    given = {"text": view.query.get("text", "")}

    async def fill() -> None:
        t, f = view.t, view.formats
        found = await view.api.get("/v1/data/customers", text=given["text"] or None)
        if not found["data"]:
            empty(view, t("No customer fits."), t("Search for a part of the id."), "person_search")
            return
        with panel(t("Customers")):
            table(
                [t("Customer"), t("Country"), t("Segment"), t("Signed up")],
                [
                    [
                        (
                            each["customer_id"],
                            f"/customers/one?id={quote(each['customer_id'], safe='')}",
                        ),
                        each["country"] or "–",
                        each["segment"] or "–",
                        f.day(each["signed_up_at"]),
                    ]
                    for each in found["data"]
                ],
            )
            if found["has_more"]:
                ui.label(t("There are more; type more of the id.")).classes("quiet")

    def look(text: str) -> None:
        given["text"] = text
        view.remember(**given)
        again()

    with ui.element("div").classes("filters").props("role=search"):
        search(view.t("Search customer"), given["text"], look)
    again = load(view, fill)


async def show_customer(view: ConsoleView) -> None:
    """The page of one customer. view: who looks; `id` in the address is whose."""
    tabs(_sections(view), "/customers")
    customer = view.query.get("id", "")

    async def fill() -> None:
        await CustomerView(view, customer).build()

    load(view, fill)


class CustomerView:
    """All that is known of one customer. view: the page; customer: the id."""

    def __init__(self, view: ConsoleView, customer: str) -> None:
        self.view = view
        self.customer = customer

    async def build(self) -> None:
        """Fill the page."""
        await self._value()
        export = await self.view.api.get(f"/v1/customers/{quote(self.customer, safe='')}")
        self._actions(export)
        tables = _tables_of(export)
        if not tables:
            hint = self.view.t("Nothing is kept of this customer.")
            empty(self.view, self.view.t("Not known here."), hint, "person_off")
            return
        with ui.element("div").classes("columns"):
            for name, rows in tables.items():
                self._rows(name, rows)
            await self._recommendations()

    async def _value(self) -> None:
        """Value, churn, segment and credit rating, where this API tells them."""
        if "customers" not in self.view.person.use_cases:
            return
        try:
            value = await self.view.api.get(f"/v1/customers/{quote(self.customer, safe='')}/value")
        except ApiError as error:
            if error.status not in {403, 404}:
                raise
            return
        t = self.view.t
        with panel(t("What {customer} is worth", customer=self.customer)):
            with ui.element("div").classes("strip"):
                for name, shown in _facts(self.view, value):
                    fact(name, shown)
            reasons = value.get("reasons") or []
            for reason in reasons[:6]:
                ui.label(reason["text"] if isinstance(reason, dict) else str(reason)).classes(
                    "quiet"
                )

    def _actions(self, export: Answer) -> None:
        t = self.view.t
        with ui.element("div").classes("actions"):
            ui.label(self.customer).classes("fact-value")
            ui.element("div").classes("grow")
            content = json.dumps(export, ensure_ascii=False, indent=1).encode()
            name = f"{self.customer}.json"
            button(t("Export"), lambda: ui.download(content, name), icon="download")
            button(t("Erase…"), self._erase, icon="delete_forever").classes("button-danger")

    async def _erase(self) -> None:
        t = self.view.t
        text = t("Orders stay for the books without a name; all else goes. There is no way back.")
        if not await confirm(
            self.view, t("Erase {customer}?", customer=self.customer), text, t("Erase")
        ):
            return
        call = self.view.api.delete(f"/v1/customers/{quote(self.customer, safe='')}")
        if (
            await self.view.try_call(call, t("Erased: {customer}", customer=self.customer))
            is not None
        ):
            ui.navigate.to("/customers")

    def _rows(self, name: str, rows: list[dict[str, Any]]) -> None:
        t = self.view.t
        with panel(f"{name.replace('_', ' ')} ({len(rows)})"):
            columns = [n for n in rows[0] if any(row.get(n) is not None for row in rows)][:6]
            shown = rows[::-1][:_MOST_ROWS]
            table(
                [column.replace("_", " ") for column in columns],
                [[_short(row.get(column)) for column in columns] for row in shown],
            )
            if len(rows) > _MOST_ROWS:
                text = t("The newest {count}; the export has all.", count=_MOST_ROWS)
                ui.label(text).classes("quiet")

    async def _recommendations(self) -> None:
        if "recommendation" not in self.view.person.use_cases:
            return
        body = {"customer_id": self.customer, "limit": 6, "explain": True}
        answer = await self.view.try_call(self.view.api.post("/v1/recommendations", body))
        t = self.view.t
        link = f"/storefront?customer_id={quote(self.customer, safe='')}"
        with panel(t("What the shop shows"), (t("Preview"), link)):
            table(
                [t("Rank"), t("Product"), t("Why")],
                [
                    [
                        str(each["rank"]),
                        each["product_id"],
                        "; ".join(r["text"] for r in each["reasons"]),
                    ]
                    for each in (answer or {"items": []})["items"]
                ],
                right=(0,),
            )


def _tables_of(export: Answer) -> dict[str, list[dict[str, Any]]]:
    """The tables in an export, wherever they stand in it, by name; empty ones left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, value in export.items():
        if isinstance(value, dict):
            found |= _tables_of(value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            found[name] = value
    return found


def _short(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:38]}…"


def _facts(view: ConsoleView, value: Answer) -> list[tuple[str, str]]:
    """The figures of an answer as names and texts: expectations with their range, shares in per
    cent, the credit rating."""
    shown = []
    for name, each in value.items():
        if isinstance(each, dict):
            text = str(each.get("rating") or "–") if name == "credit" else _range(view, name, each)
        elif isinstance(each, bool) or not isinstance(each, str | int | float):
            continue
        else:
            text = each if isinstance(each, str) else _figure(view, name, each)
        shown.append((name.replace("_", " "), text))
    return [each for each in shown if each[1]][:12]


def _range(view: ConsoleView, name: str, expected: dict[str, Any]) -> str:
    """An expectation and where eight in ten outcomes lie; empty when it is none."""
    if "mean" not in expected:
        return ""
    low, mean, high = (_figure(view, name, expected.get(part)) for part in ("q10", "mean", "q90"))
    return f"{mean} ({low} … {high})"


def _figure(view: ConsoleView, name: str, value: float | None) -> str:
    if "probability" in name or "churn" in name:
        return view.formats.share(value)
    return view.formats.money(value) if "margin" in name else view.formats.number(value, 2)


async def show_segments(view: ConsoleView) -> None:
    """The page of segments. view: who looks."""
    tabs(_sections(view), "/customers/segments")

    async def fill() -> None:
        t = view.t
        try:
            found = await view.api.get("/v1/customers/segments")
        except ApiError as error:
            if error.status != 404:
                raise
            empty(view, t("No segments yet."), t("Train customers: argosy train customers"))
            return
        rows = found["data"]
        if not rows:
            empty(view, t("No segments yet."), t("Train customers: argosy train customers"))
            return
        names = [n for n, v in rows[0].items() if isinstance(v, str | int | float)]
        with panel(t("Segments")):
            table(
                [name.replace("_", " ") for name in names],
                [[_short(row.get(name)) for name in names] for row in rows],
                right=[n for n, name in enumerate(names) if isinstance(rows[0][name], int | float)],
            )
            count = next((n for n in names if isinstance(rows[0][n], int)), None)
            if count:
                labels = [str(row[names[0]]) for row in rows]
                series = [charts.bars(count, [row[count] for row in rows], charts.ACCENT)]
                charts.chart(charts.frame(labels, series=series), t("Segments"), low=True)

    load(view, fill)


def page(shell: Shell) -> None:
    """Add these pages to the console."""
    here, may = "/customers", ("admin",)
    shell.install(
        [
            Screen(here, "Customers", "groups", show_search, may),
            Screen(f"{here}/one", "Customer", "", show_customer, may, in_menu=False, parent=here),
            Screen(
                f"{here}/segments", "Segments", "", show_segments, may, in_menu=False, parent=here
            ),
        ]
    )
