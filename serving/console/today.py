"""Today: what needs a decision, by role: orders, payments, forecasts, models, data."""

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

from nicegui import ui

from serving.console import charts
from serving.console.api import ApiError
from serving.console.parts import chip, fact, html, on_key, panel, table
from serving.console.replenishment import words
from serving.console.replenishment.approvals import may_second
from serving.console.shell import Screen, Shell, empty
from serving.console.titles import find_titles
from serving.console.view import ROOT, ConsoleView, load

_MOST_FIGURES = 1000
_FIGURES_AT_ONCE = 10
_FEW = 100  # amounts below it are told to the cent
# Figures whose codes do not read as names.
_KPI_NAMES = {
    "orders": "Customer orders",  # "Orders" are those of the planner
    "retention_rate_90d": "Retention after 90 days",
    "sell_through": "Sell-through",
    "in_stock_rate": "In-stock rate",
    "forecast_wape": "Forecast WAPE",
}


async def show_today(view: ConsoleView) -> None:
    """The page. view: who looks; only what the key may see is asked for."""
    on_key(view, {})
    parts = (
        ("replenishment", ("plan",), _orders),
        ("fraud", ("review",), _reviews),
        ("forecasting", ("plan",), _exceptions),
        ("", (), _models),
        ("", (), _data),
    )
    with ui.element("div").classes("columns"):
        for use_case, scopes, show in parts:
            served = not use_case or use_case in view.person.use_cases
            if served and view.person.may(*scopes):
                _part(view, show)
    _numbers(view)


def _part(view: ConsoleView, show: Callable[[ConsoleView], Awaitable[None]]) -> None:
    async def fill() -> None:
        await show(view)

    load(view, fill)


async def _orders(view: ConsoleView) -> None:
    t, f = view.t, view.formats
    found = await view.api.get("/v1/replenishment/lines/summary")
    with panel(t("Orders to decide"), (t("All lines"), "/orders")):
        names = words.urgencies(view)
        rows = [each for each in found["urgencies"] if each["value"] not in {"none", "later"}]
        with ui.element("div").classes("strip"):
            fact(
                t("To order"),
                f.number(found["ordered"], 0),
                f.money(found["order_value"], cents=False),
            )
            fact(
                t("Money at risk"),
                f.money(found["money_at_risk"], cents=False),
                t("lost sales if nothing is ordered"),
            )
        await _second_person(view)
        if not rows:
            empty(view, t("Nothing is urgent."), t("Later lines wait under Orders."), "task_alt")
            return
        table(
            [t("Decide"), t("Lines"), t("Value")],
            [
                [
                    (
                        names[each["value"]],
                        f"/orders?ordered=true&state=draft&urgency={each['value']}",
                    ),
                    f.number(each["lines"], 0),
                    f.money(each["order_value"], cents=False),
                ]
                for each in rows
            ],
            right=(1, 2),
        )


async def _second_person(view: ConsoleView) -> None:
    """What a colleague approved and this person may approve, too."""
    found = await view.api.get("/v1/replenishment/approvals", limit=1000)
    count = sum(may_second(view, line) for line in found["data"])
    if count and view.person.may("approve"):
        text = view.t("{count} lines wait for your approval", count=view.formats.number(count, 0))
        html(f'<p><a href="{ROOT}/orders/purchases">{escape(text)}</a></p>')


async def _reviews(view: ConsoleView) -> None:
    t, f = view.t, view.formats
    found = await view.api.get("/v1/fraud/reviews", limit=200)
    with panel(t("Payments to review"), (t("Queue"), "/fraud")):
        if not found["data"]:
            empty(view, t("Nothing to review."), t("New ones appear by themselves."), "task_alt")
            return
        with ui.element("div").classes("strip"):
            count = f.number(len(found["data"]), 0) + ("+" if found["has_more"] else "")
            fact(t("Open"), count)
            fact(
                t("Expected loss"),
                f.money(sum(r["expected_loss"] for r in found["data"]), cents=False),
            )
        table(
            [t("Payment"), t("Expected loss"), t("Ship by")],
            [
                [
                    (review["payment_id"], f"/fraud?payment={review['payment_id']}"),
                    f.money(review["expected_loss"]),
                    f.moment(review["ship_by"]),
                ]
                for review in found["data"][:5]
            ],
            right=(1,),
        )


async def _exceptions(view: ConsoleView) -> None:
    t, f = view.t, view.formats
    found = await view.api.get("/v1/forecasts/exceptions", limit=5)
    titles = await find_titles(view, (each["product_id"] for each in found["data"]))
    with panel(t("Forecasts that err to one side"), (t("All exceptions"), "/forecasts/exceptions")):
        if not found["data"]:
            empty(
                view, t("No forecast errs."), t("Closed periods came out as forecast."), "task_alt"
            )
            return
        table(
            [t("Product"), t("Warehouse"), t("Bias a period"), t("Money at stake")],
            [
                [
                    (
                        titles.get(each["product_id"], each["product_id"]),
                        f"/forecasts?warehouse_id={each['warehouse_id']}&product_id={each['product_id']}",
                    ),
                    each["warehouse_id"],
                    f.number(each["bias"]),
                    f.money(each["money_at_stake"], cents=False),
                ]
                for each in found["data"]
            ],
            right=(2, 3),
        )


async def _models(view: ConsoleView) -> None:
    t, f = view.t, view.formats
    found = await view.api.get("/v1/models")
    with panel(t("Models in use"), (t("Versions"), "/models")):
        table(
            [t("Use case"), t("Version"), t("Trained to"), t("Note")],
            [
                [
                    use_case_names(view).get(use_case_of(each), use_case_of(each)),
                    each["version"] or "–",
                    f.day(each["cut_off"]),
                    t("not in use: look") if each["problem"] else t("in use"),
                ]
                for each in found["data"]
            ],
        )


async def _data(view: ConsoleView) -> None:
    t, f = view.t, view.formats
    found = await view.api.get("/v1/data/tables")
    late = [each for each in found["data"] if each["quarantined"]]
    with panel(t("Data"), (t("Tables"), "/data")):
        with ui.element("div").classes("strip"):
            fact(t("Newest fact"), f.moment(found["clock"]))
            fact(t("Features as of"), f.moment(found["features_as_of"]))
        if late:
            table(
                [t("Table"), t("In quarantine")],
                [
                    [
                        (each["table"], f"/data/quarantine?table={each['table']}"),
                        f.number(each["quarantined"], 0),
                    ]
                    for each in late
                ],
                right=(1,),
            )
        else:
            ui.label(t("No row is in quarantine.")).classes("quiet")


def _numbers(view: ConsoleView) -> None:
    """Operating figures against their limits, where this API has them."""

    async def fill() -> None:
        try:
            known = (await view.api.get("/v1/kpis/catalogue", limit=200))["data"]
            figures = await _figures(view, [each["kpi"] for each in known])
        except ApiError as error:
            if error.status in {403, 404}:
                return
            raise
        _kpis(view, known, figures)

    load(view, fill)


async def _figures(view: ConsoleView, kpis: list[str]) -> list[dict[str, Any]]:
    """Four weeks of each figure: some at a time, so that a busy server answers in time."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(kpis), _FIGURES_AT_ONCE):
        some = kpis[start : start + _FIGURES_AT_ONCE]
        found += (await view.api.get("/v1/kpis", kpi=some, limit=_MOST_FIGURES))["data"]
    return found


def _kpis(view: ConsoleView, kpis: list[dict[str, Any]], figures: list[dict[str, Any]]) -> None:
    """Each figure of the newest day with its days before, coloured where it passes a bound."""
    by_name: dict[str, list[float | None]] = {}
    for each in sorted(figures, key=lambda figure: figure["last"]):
        by_name.setdefault(each["kpi"], []).append(each["value"])
    shown = [kpi for kpi in kpis if any(value is not None for value in by_name.get(kpi["kpi"], ()))]
    if not shown:
        return
    with panel(view.t("Figures of the last four weeks")):
        rows = "".join(_kpi(view, kpi, by_name[kpi["kpi"]]) for kpi in shown)
        html(f'<div class="kpis">{rows}</div>')


def _kpi(view: ConsoleView, kpi: dict[str, Any], values: list[float | None]) -> str:
    """A figure as markup: name, newest value, sparkline."""
    state = kpi_state(kpi, values[-1])
    color = {"critical": charts.BAD, "warning": charts.WARN}.get(state, charts.ACCENT)
    title = f"{kpi['formula']} ({kpi['unit']})"
    mark = chip(state, view.t("beyond its bound")) if state else ""
    return (
        f'<div class="kpi" title="{escape(title)}"><div class="fact-name">'
        f"{escape(kpi_name(view, kpi['kpi']))}</div>"
        f'<div class="fact-value">{escape(_written(view, kpi["unit"], values[-1]))}</div>'
        f"{charts.sparkline(values, color)}{mark}</div>"
    )


def _written(view: ConsoleView, unit: str, value: float | None) -> str:
    if unit == "share":
        return view.formats.share(value)
    if unit == "base currency":
        return view.formats.money(value, cents=abs(value or 0.0) < _FEW)
    return view.formats.number(value)


def kpi_name(view: ConsoleView, kpi: str) -> str:
    """A figure as people call it. view: whose language; kpi: its code, such as `units_sold`."""
    return view.t(_KPI_NAMES.get(kpi, kpi.replace("_", " ").capitalize()))


def kpi_state(kpi: dict[str, Any], value: float | None) -> str:
    """`critical` or `warning` where a figure is beyond its bound, "" where it is not.

    kpi: direction, warn and critical of the catalogue; value: the figure, None: not known.

    >>> kpi_state({"direction": "lower is better", "warn": 1.0, "critical": 2.0}, 1.5)
    'warning'
    """
    for name, bound in (("critical", kpi["critical"]), ("warning", kpi["warn"])):
        if value is None or bound is None:
            continue
        beyond = value < bound if kpi["direction"] == "higher is better" else value > bound
        if beyond:
            return name
    return ""


def use_case_of(model: dict[str, Any]) -> str:
    """The use case that a model of the API belongs to. model: of `/v1/models`."""
    return str(model["use_case"])


def use_case_names(view: ConsoleView) -> dict[str, str]:
    """The use cases as people call them. view: whose language."""
    return {
        "recommendation": view.t("Recommendation"),
        "forecasting": view.t("Forecasting"),
        "replenishment": view.t("Replenishment"),
        "fraud": view.t("Payments"),
        "customers": view.t("Customers"),
    }


def page(shell: Shell) -> None:
    """Add this page to the console."""
    shell.install([Screen("/today", "Today", "today", show_today)])
