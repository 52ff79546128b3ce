"""Forecasts: from the total down to a product, with overrides, exceptions and value added."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from serving.console import charts
from serving.console.api import Answer, ApiError
from serving.console.grid import ListGrid, column
from serving.console.parts import (
    button,
    choice,
    download,
    fact,
    named_dialog,
    on_key,
    panel,
    search,
    table,
    tabs,
)
from serving.console.shell import Screen, Shell, empty
from serving.console.titles import find_titles
from serving.console.view import ConsoleView, load

_PATH = "/v1/forecasts"
_MOST_LAGS = 60
LEVELS = ("total", "country", "warehouse", "category", "product")


def _sections(view: ConsoleView) -> list[tuple[str, str]]:
    return [
        (view.t("Forecasts"), "/forecasts"),
        (view.t("Exceptions"), "/forecasts/exceptions"),
        (view.t("Overrides"), "/forecasts/overrides"),
        (view.t("Value added"), "/forecasts/value"),
    ]


async def show_forecasts(view: ConsoleView) -> None:
    """The page. view: who looks; level and key, or warehouse and product, stand in the address."""
    tabs(_sections(view), "/forecasts")
    on_key(view, {})

    async def fill() -> None:
        pair = view.query.get("warehouse_id"), view.query.get("product_id")
        await _search_bar(view)
        if all(pair):
            await ForecastPage(view, str(pair[0]), str(pair[1]), again).build()
        else:
            await _level(view)

    again = load(view, fill)


async def _search_bar(view: ConsoleView) -> None:
    """Find a product by its title, then choose the warehouse."""
    t = view.t
    with ui.element("div").classes("filters").props("role=search"):
        found = ui.element("div").classes("filters")

        async def look(text: str) -> None:
            found.clear()
            if len(text) < 2:
                return
            answer = await view.try_call(view.api.get("/v1/data/products", text=text, limit=8))
            with found:
                for each in (answer or {"data": []})["data"]:
                    address = f"/forecasts?level=product&key={each['product_id']}"
                    ui.link(f"{each['title']} ({each['product_id']})", f"/console{address}")

        search(t("Search product"), "", look).move(target_index=0)


async def _level(view: ConsoleView) -> None:
    t, level = view.t, view.query.get("level", "total")
    level = level if level in LEVELS else "total"
    names = dict(
        zip(
            LEVELS,
            (t("Total"), t("Country"), t("Warehouse"), t("Category"), t("Product")),
            strict=True,
        )
    )
    with ui.element("div").classes("filters"):
        choice(
            t("Level"),
            names,
            level,
            lambda v: ui.navigate.to(f"/forecasts?level={v}"),
            required=True,
        )
    query = {"level": level, "quantiles": "0.1,0.5,0.9", "limit": 60, "key": view.query.get("key")}
    found = await view.api.get(f"{_PATH}/totals", **query)
    first = found["data"][0]
    shown = await view.api.get(f"{_PATH}/totals", **query | {"key": first["key"], "history": 104})
    history = [each | {"lost": 0.0} for each in shown["data"][0]["history"]]
    title = first["key"] or t("Everything")
    with panel(f"{names[level]}: {title}"):
        charts.chart(
            charts.forecast_chart(history, first["periods"], charts.demand_names(view.t)), title
        )
    _groups(view, level, found)
    if level == "product" and view.query.get("key"):
        await _warehouses(view, str(view.query["key"]))


def _groups(view: ConsoleView, level: str, found: Answer) -> None:
    t, f = view.t, view.formats
    ahead = min(4, len(found["data"][0]["windows"]))
    title = t("Units of the next {count} periods", count=ahead)
    with panel(title):
        table(
            [
                t("Group"),
                t("Forecasts in it"),
                t("Expected"),
                t("1 in 10 below"),
                t("1 in 10 above"),
            ],
            [
                [
                    (
                        each["key"] or t("Everything"),
                        "/forecasts?" + urlencode({"level": level, "key": each["key"]}),
                    ),
                    f.number(each["pairs"], 0),
                    f.number(each["windows"][ahead - 1]["mean"], 0),
                    f.number(each["windows"][ahead - 1]["quantiles"]["0.1"], 0),
                    f.number(each["windows"][ahead - 1]["quantiles"]["0.9"], 0),
                ]
                for each in found["data"]
            ],
            right=(1, 2, 3, 4),
        )
        if found["has_more"]:
            ui.label(t("There are more; search for the product you need.")).classes("quiet")


async def _warehouses(view: ConsoleView, product_id: str) -> None:
    t = view.t
    lines = await view.api.get("/v1/replenishment/lines", text=product_id, limit=100)
    own = [line for line in lines["data"] if line["product_id"] == product_id]
    if not own:
        return
    with panel(t("By warehouse")):
        table(
            [t("Warehouse"), t("On hand"), t("Order")],
            [
                [
                    (
                        line["warehouse_id"],
                        f"/forecasts?warehouse_id={line['warehouse_id']}&product_id={product_id}",
                    ),
                    t("Not known")
                    if line["on_hand"] is None
                    else view.formats.number(line["on_hand"]),
                    view.formats.number(line["order_quantity"]),
                ]
                for line in own
            ],
            right=(1, 2),
        )


class ForecastPage:
    """One product in one warehouse. view: the page; warehouse_id, product_id: which; again: shows
    it anew."""

    def __init__(self, view: ConsoleView, warehouse_id: str, product_id: str, again: Any) -> None:
        self.view = view
        self.pair = {"warehouse_id": warehouse_id, "product_id": product_id}
        self.again = again

    async def build(self) -> None:
        """Fill the page."""
        forecast = await self.view.api.get(_PATH, **self.pair, quantiles="0.1,0.5,0.9", history=104)
        titles = await find_titles(self.view, [self.pair["product_id"]])
        self._head(forecast, titles.get(self.pair["product_id"], ""))
        self._events(forecast)
        self._chart(forecast)
        with ui.element("div").classes("columns"):
            self._override(forecast)
            self._explanation(forecast)
        with ui.element("div").classes("columns"):
            await self._overrides()
            self._corrections(forecast)
        known = await self.view.api.get(f"{_PATH}/history-corrections", **self.pair, limit=50)
        PlannerCorrections(self.view, self.pair, self.again).build(known["data"], forecast)

    def _head(self, forecast: Answer, title: str) -> None:
        t, f = self.view.t, self.view.formats
        if forecast["degraded"]:
            text = t("This forecast was made in a simpler way, or before the newest facts.")
            ui.label(text).classes("stale")
        if forecast["demand_class"] == "unseen":
            ui.label(t("It was never sold here: a guess from products like it.")).classes("stale")
        with ui.element("section").classes("panel"), ui.element("div").classes("strip"):
            place = f"{forecast['product_id']} · {forecast['warehouse_id']}"
            fact(t("Product"), title or forecast["product_id"], place)
            windows = forecast["windows"]
            ahead = min(4, len(windows))
            units = t("{count} units", count=f.number(windows[ahead - 1]["mean"]))
            fact(next_periods(self.view, forecast["frequency"], ahead), units)
            fact(t("Demand class"), forecast["demand_class"] or "–", forecast["abc_xyz"] or "")
            fact(t("As of"), f.moment(forecast["as_of"]))
            served = "{} {}".format(forecast["served_by"], forecast["model_version"])
            fact(t("Made by"), served)

    def _events(self, forecast: Answer) -> None:
        """Successions, and pauses and level shifts that were found in the history, a line each."""
        t, f = self.view.t, self.view.formats
        for each in forecast["history_events"]:
            first = f.day(each["first"])
            if each["kind"] == "pause":
                text = t("Paused from {first} to {last}.", first=first, last=f.day(each["last"]))
            elif each["kind"] == "continues":
                other, factor = each["product_id"], f.number(each["factor"], 2)
                text = t("Continues {product} since {first}: × {factor}.", product=other,
                         first=first, factor=factor)  # fmt: skip
            elif each["kind"] == "succeeded":
                other = each["product_id"]
                text = t("Succeeded by {product} since {first}.", product=other, first=first)
            elif each["kind"] == "unit_change":
                factor = f.number(each["factor"], 2)
                text = t("The unit changed on {first}: × {factor}.", first=first, factor=factor)
            else:
                factor = f.number(each["factor"], 2)
                text = t("Sells × {factor} since {first}.", first=first, factor=factor)
            ui.label(text).classes("quiet")

    def _chart(self, forecast: Answer) -> None:
        t = self.view.t
        with panel(t("Demand, what was corrected, and the forecast")):
            history, periods = forecast["history"], forecast["periods"]
            year = {"day": 365, "week": 52, "month": 12}.get(forecast["frequency"], 52)
            known = [each["quantity"] for each in history]
            # Beside each coming period stands the one a year before it.
            before: list[float | None] = [None] * len(history)
            for place in range(len(periods)):
                back = len(history) + place - year
                before.append(known[back] if 0 <= back < len(known) else None)
            options = charts.forecast_chart(
                history, periods, charts.demand_names(self.view.t), last_year=before
            )
            charts.chart(options, t("Demand, what was corrected, and the forecast"))

    def _override(self, forecast: Answer) -> None:
        t, may = self.view.t, self.view.person.may("plan")
        first = date.fromisoformat(forecast["periods"][0]["period_start"][:10])
        given: dict[str, Any] = {"kind": "quantity"}
        with panel(t("Know better? Put your view above the model's")):
            with ui.element("div").classes("filters"):
                kinds = {"quantity": t("Units a period"), "factor": t("Factor")}
                choice(t("How"), kinds, "quantity", lambda v: given.update(kind=v), required=True)
                amount = ui.number(label=t("Value"), min=0).props("dense outlined")
                start = ui.input(label=t("From"), value=str(first)).props(
                    "dense outlined type=date stack-label"
                )
                end = ui.input(label=t("To"), value=str(first + timedelta(days=27)))
                end.props("dense outlined type=date stack-label")
                reason = ui.input(label=t("Reason")).props("dense outlined")

            async def save() -> None:
                if amount.value is None or not reason.value:
                    self.view.say(t("Give a value and a reason."), kind="warning")
                    return
                last = datetime.fromisoformat(end.value).replace(tzinfo=UTC)
                body = {
                    **self.pair,
                    "first": start.value,
                    "last": end.value,
                    given["kind"]: float(amount.value),
                    "author": self.view.person.name,
                    "reason": reason.value,
                    "expires_at": (last + timedelta(days=1)).isoformat(),
                }
                told = t("Your view holds until {day}.", day=self.view.formats.day(end.value))
                if await self.view.try_call(self.view.api.post(f"{_PATH}/overrides", body), told):
                    self.again()

            with ui.element("div").classes("actions"):
                button(t("Save"), save, main=True, enabled=may)
                hint = t("It counts in the orders at once, and ends by itself.")
                ui.label(hint).classes("quiet")

    def _explanation(self, forecast: Answer) -> None:
        t, parts = self.view.t, forecast["explanation"] or []
        with panel(t("What the forecast is made of")):
            if not parts:
                empty(self.view, t("Not explained."), t("This model adds nothing up."))
                return
            names = {
                "level": t("Usual demand"),
                "stockouts": t("Hidden by empty shelves"),
                "season": t("Season and newest sales"),
                "price": t("Price"),
                "promotion": t("Promotions"),
            }
            days = [each["period_start"][:10] for each in forecast["periods"]]
            colors = (charts.PAST, charts.WARN, charts.ACCENT, charts.BAD, charts.GOOD)
            series = [
                charts.bars(names[name], [part[name] for part in parts], color, stack="all")
                for name, color in zip(names, colors, strict=True)
            ]
            charts.chart(charts.frame(days, series=series), t("What the forecast is made of"))

    async def _overrides(self) -> None:
        found = await self.view.api.get(f"{_PATH}/overrides", **self.pair, limit=20)
        with panel(self.view.t("Views of people")):
            override_table(self.view, found["data"], self.again)

    def _corrections(self, forecast: Answer) -> None:
        t, f = self.view.t, self.view.formats
        rows = [each for each in forecast["history"] if each["correction"]][::-1]
        with panel(t("Where demand is not what was sold")):
            if not rows:
                empty(
                    self.view, t("Nothing was corrected."), t("Sales are demand here."), "task_alt"
                )
                return
            table(
                [t("Period"), t("Sold"), t("Demand"), t("Why")],
                [
                    [
                        f.day(r["period_start"]),
                        f.number(r["sold"]),
                        f.number(r["quantity"]),
                        r["correction"],
                    ]
                    for r in rows[:15]
                ],
                right=(1, 2),
            )


class PlannerCorrections:
    """What planners corrected in a pair's history, with ways to add and undo.

    view: the page; pair: warehouse_id and product_id; again: shows the page anew.
    """

    def __init__(self, view: ConsoleView, pair: dict[str, str], again: Any) -> None:
        self.view = view
        self.pair = pair
        self.again = again

    def build(self, corrections: list[dict[str, Any]], forecast: Answer) -> None:
        """Fill the panel.

        corrections: as the API tells them; forecast: of the pair, whose history is corrected.
        """
        t, may = self.view.t, self.view.person.may("plan")
        with panel(t("Past periods that planners corrected")):
            if corrections:
                self._table(corrections)
            else:
                text = t("Exclude or replace what will not come again.")
                empty(self.view, t("No period was corrected by a planner."), text, "task_alt")
            with ui.element("div").classes("actions"):
                button(
                    t("Correct a past period"), partial(self._ask, forecast), enabled=may, main=True
                )
                button(t("Name a predecessor"), partial(self._ask_predecessor, forecast),
                       enabled=may)  # fmt: skip
                for each in corrections[:6] if may else ():
                    day = self.view.formats.day(each["first"])
                    text = t("Undo {author}'s of {day}", author=each["author"], day=day)
                    button(text, partial(self._undo, each), icon="undo")

    def _actions(self) -> dict[str, str]:
        t = self.view.t
        return {
            "exclude": t("Exclude: demand is unknown"),
            "replace": t("Replace by units a period"),
            "mark": t("Mark with a note"),
        }

    def _table(self, corrections: list[dict[str, Any]]) -> None:
        t, f, names = self.view.t, self.view.formats, self._actions()
        heads = [t("From"), t("To"), t("Correction"), t("Units a period"), t("Who"), t("Reason")]
        rows = [
            [
                f.day(each["first"]),
                "" if each["predecessor_id"] else f.day(each["last"]),
                names.get(each["action"]) or self._succession(each),
                f.number(each["quantity"]),
                each["author"],
                each["reason"],
            ]
            for each in corrections
        ]
        table(heads, rows, right=(3,))

    def _succession(self, each: dict[str, Any]) -> str:
        """A succession, as the page of either product tells it."""
        t, factor = self.view.t, self.view.formats.number(each["factor"], 2)
        if each["product_id"] != self.pair["product_id"]:
            return t("Succeeded by {product}", product=each["product_id"])
        text = t("Continues {product}", product=each["predecessor_id"])
        return text if each["factor"] is None else f"{text} (× {factor})"

    async def _undo(self, correction: dict[str, Any]) -> None:
        call = self.view.api.delete(f"{_PATH}/history-corrections/{correction['correction_id']}")
        told = self.view.t("The history is what it was.")
        if await self.view.try_call(call, told) is not None:
            self.again()

    async def _ask(self, forecast: Answer) -> None:
        """Ask what to correct, and why, in a dialog; then send it."""
        t, days = self.view.t, [each["period_start"][:10] for each in forecast["history"]]
        newest = days[-1] if days else forecast["periods"][0]["period_start"][:10]
        title, given = t("Correct a past period"), {"action": "exclude"}
        with named_dialog(title) as dialog, ui.card():
            ui.label(title).classes("dialog-title").props("role=heading aria-level=2")
            choice(t("How"), self._actions(), "exclude", lambda v: given.update(action=v or ""),
                   required=True)  # fmt: skip
            dated = "dense outlined type=date stack-label"
            start = ui.input(label=t("From"), value=newest).props(dated)
            end = ui.input(label=t("To"), value=newest).props(dated)
            amount = ui.number(label=t("Units a period"), min=0).props("dense outlined")
            reason = ui.input(label=t("Reason")).props("dense outlined").classes("w-full")
            with ui.element("div").classes("actions"):
                button(t("Save"), lambda: dialog.submit(True), main=True)
                button(t("Cancel"), dialog.close)
        if not await dialog:
            return
        if not (reason.value or "").strip():
            self.view.say(t("Give a reason."), kind="warning")
            return
        replaces = given["action"] == "replace"
        body = {
            **self.pair,
            "first": start.value,
            "last": end.value,
            "action": given["action"],
            "quantity": float(amount.value) if replaces and amount.value is not None else None,
            "reason": reason.value,
        }
        await self._send(body, t("The forecast reads the corrected history."))

    async def _ask_predecessor(self, forecast: Answer) -> None:
        """Ask which product this one continues, and since when, in a dialog; then send it."""
        t, title = self.view.t, self.view.t("Name a predecessor")
        place, given = self.pair["warehouse_id"], {"where": "one"}
        with named_dialog(title) as dialog, ui.card():
            ui.label(title).classes("dialog-title").props("role=heading aria-level=2")
            former = ui.input(label=t("Product that it continues")).props("dense outlined")
            first = forecast["periods"][0]["period_start"][:10]
            start = ui.input(label=t("From"), value=first)
            start.props("dense outlined type=date stack-label")
            factor = ui.number(label=t("Units for one of it"), value=1, min=0)
            factor.props("dense outlined")
            places = {"one": place, "all": t("Every warehouse")}
            choice(t("Warehouse"), places, "one", lambda v: given.update(where=v or ""),
                   required=True)  # fmt: skip
            reason = ui.input(label=t("Reason")).props("dense outlined").classes("w-full")
            with ui.element("div").classes("actions"):
                button(t("Save"), lambda: dialog.submit(True), main=True)
                button(t("Cancel"), dialog.close)
        if not await dialog:
            return
        if not (former.value or "").strip() or not (reason.value or "").strip():
            self.view.say(t("Give the product and a reason."), kind="warning")
            return
        body = {
            "product_id": self.pair["product_id"],
            "warehouse_id": place if given["where"] == "one" else None,
            "predecessor_id": former.value.strip(),
            "first": start.value,
            "action": "continue",
            "factor": float(factor.value) if factor.value is not None else None,
            "reason": reason.value,
        }
        await self._send(body, t("The forecast continues that product."))

    async def _send(self, body: dict[str, Any], told: str) -> None:
        call = self.view.api.post(
            f"{_PATH}/history-corrections", body | {"author": self.view.person.name}
        )
        if (made := await self.view.try_call(call, told)) is not None:
            if made["note"]:
                self.view.say(made["note"], kind="warning")
            self.again()


def _override_products(override: dict[str, Any]) -> Any:
    """The products that an override is of: with a link where it is one in one warehouse."""
    product, warehouse = override["product_id"], override["warehouse_id"]
    wide = [override[name] for name in ("category", "brand") if override[name]]
    if wide or "*" in (product, warehouse) or override["country"]:
        return ", ".join([*([] if product == "*" and wide else [product]), *wide])
    return product, f"/forecasts?warehouse_id={warehouse}&product_id={product}"


def _override_value(view: ConsoleView, override: dict[str, Any]) -> str:
    """What an override says, in short."""
    number = view.formats.number
    if override["factor"] is not None:
        return f"× {number(override['factor'], 2)}"
    if override["added"] is not None:
        return f"{'+' if override['added'] >= 0 else '−'} {number(abs(override['added']))}"
    return str(number(override["quantity"]))


def next_periods(view: ConsoleView, frequency: str, count: int) -> str:
    """`Next 4 weeks`. view: whose language; frequency: day, week or month; count: how many."""
    texts = {
        "day": view.t("Next {count} days", count=count),
        "week": view.t("Next {count} weeks", count=count),
        "month": view.t("Next {count} months", count=count),
    }
    return texts.get(frequency, view.t("Next {count} periods", count=count))


def override_table(view: ConsoleView, overrides: list[dict[str, Any]], again: Any) -> None:
    """Overrides with a way to drop each.

    view: the page; overrides: as the API tells them; again: shows the page anew.
    """
    t, f = view.t, view.formats
    if not overrides:
        empty(
            view,
            t("Nobody overrides the model."),
            t("Put a view on a product's page."),
            "person_off",
        )
        return
    table(
        [
            t("Product"),
            t("Warehouse"),
            t("From"),
            t("To"),
            t("View"),
            t("Who"),
            t("Reason"),
            t("Holds"),
        ],
        [
            [
                _override_products(o),
                o["country"] or o["warehouse_id"],
                f.day(o["first"]),
                f.day(o["last"]),
                _override_value(view, o),
                o["author"],
                o["reason"],
                t("yes") if o["holds"] else t("ended"),
            ]
            for o in overrides
        ],
    )

    async def drop(override: dict[str, Any]) -> None:
        call = view.api.delete(f"{_PATH}/overrides/{override['override_id']}")
        if await view.try_call(call, t("The model's forecast is back.")) is not None:
            again()

    with ui.element("div").classes("actions"):
        for each in [each for each in overrides if each["holds"]][:6]:
            text = t("Drop {author}'s from {day}", author=each["author"], day=f.day(each["first"]))
            button(text, partial(drop, each), icon="delete_outline")


async def show_exceptions(view: ConsoleView) -> None:
    """The page of forecasts that err to one side. view: who looks."""
    tabs(_sections(view), "/forecasts/exceptions")
    t = view.t
    filters: dict[str, Any] = {}
    with ui.element("div").classes("actions"):
        ui.label(t("Errors to one side on closed periods, the most money first.")).classes("quiet")
        ui.element("div").classes("grow")
        download(view, "exceptions", lambda: filters)
    columns = [
        column("title", t("Product"), 260, sortable=False, flex=1, minWidth=200),
        column("product_id", t("Product id"), 120, sortable=False),
        column("warehouse_id", t("Warehouse"), 110, sortable=False),
        column("money_at_stake", t("Money at stake"), 140, "money", sortable=False),
        column("bias", t("Bias a period"), 120, "number", sortable=False),
        column("tracking_signal", t("Tracking signal"), 130, "number", sortable=False),
        column("actual", t("Sold"), 110, "number", sortable=False),
        column("forecast", t("Forecast"), 110, "number", sortable=False),
        column("periods", t("Periods"), 90, "number", sortable=False),
    ]
    ListGrid(
        view,
        "exceptions",
        columns,
        filters=filters,
        label=t("Exceptions"),
        options={
            ":getRowId": "p => p.data.warehouse_id + '~' + p.data.product_id",
            ":onRowDoubleClicked": "argosy.forecastOpen",
            ":onCellKeyDown": "argosy.forecastKey",
        },
    )


async def show_overrides(view: ConsoleView) -> None:
    """The page of all overrides. view: who looks."""
    tabs(_sections(view), "/forecasts/overrides")

    async def fill() -> None:
        found = await view.api.get(f"{_PATH}/overrides", limit=200)
        with panel(view.t("Views of people")):
            override_table(view, found["data"], again)

    again = load(view, fill)


async def show_value(view: ConsoleView) -> None:
    """The page of accuracy and value added. view: who looks."""
    tabs(_sections(view), "/forecasts/value")

    async def fill() -> None:
        t, f = view.t, view.formats
        found = (await view.api.get(f"{_PATH}/value-added"))["data"]
        if not found:
            empty(
                view,
                t("No period has closed yet."),
                t("Come back after the first one."),
                "schedule",
            )
            return
        names = {
            "naive": t("Last period again"),
            "seasonal_naive": t("Last year again"),
            "model": t("The model"),
            "final": t("With people's views"),
        }
        with panel(t("Does each step earn its keep?")):
            table(
                [t("Method"), t("Periods"), t("WAPE"), t("Bias"), t("Better than naive by")],
                [
                    [
                        names.get(each["way"], each["way"]),
                        f.number(each["periods"], 0),
                        f.share(each["wape"]),
                        f.number(each["bias"], 2),
                        f.share(each["value_added"]),
                    ]
                    for each in found
                ],
                right=(1, 2, 3, 4),
            )
            labels = [names.get(each["way"], each["way"]) for each in found]
            series = [charts.bars(t("WAPE"), [each["wape"] for each in found], charts.ACCENT)]
            options = charts.in_per_cent(charts.frame(labels, series=series))
            charts.chart(options, t("WAPE"), low=True)
        await _accuracy(view)

    load(view, fill)


async def _accuracy(view: ConsoleView) -> None:
    """Accuracy by how far ahead was forecast, where this API tells it."""
    try:
        found = await view.api.get(f"{_PATH}/accuracy", level="lag", limit=_MOST_LAGS)
    except ApiError as error:
        if error.status in {404, 422}:
            return
        raise
    if not found["data"]:
        return
    t, f = view.t, view.formats
    with panel(t("Accuracy by how far ahead was forecast")):
        table(
            [
                t("Periods ahead"),
                t("Forecasts"),
                t("Sold"),
                t("Forecast"),
                t("WAPE"),
                t("Bias"),
                t("Within the 8 in 10 range"),
            ],
            [
                [
                    each["key"],
                    f.number(each["periods"], 0),
                    f.number(each["actual"], 0),
                    f.number(each["forecast"], 0),
                    f.share(each["wape"]),
                    f.share(each["bias"]),
                    f.share(each["coverage_80"]),
                ]
                for each in found["data"]
            ],
            right=(1, 2, 3, 4, 5, 6),
        )


def page(shell: Shell) -> None:
    """Add these pages to the console."""
    may, here = ("plan",), "/forecasts"
    shell.install(
        [
            Screen(here, "Forecasts", "show_chart", show_forecasts, may, "forecasting"),
            Screen(
                f"{here}/exceptions",
                "Exceptions",
                "",
                show_exceptions,
                may,
                in_menu=False,
                parent=here,
            ),
            Screen(
                f"{here}/overrides",
                "Overrides",
                "",
                show_overrides,
                may,
                in_menu=False,
                parent=here,
            ),
            Screen(f"{here}/value", "Value added", "", show_value, may, in_menu=False, parent=here),
        ]
    )
