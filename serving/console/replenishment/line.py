"""One line in depth: why this quantity, what the stock will do, what other quantities cost."""

from typing import Any

from nicegui import ui

from serving.console import charts
from serving.console.api import Answer, ApiError
from serving.console.parts import ask_reason, button, fact, pairs, panel, table
from serving.console.replenishment import words
from serving.console.replenishment.approvals import find_awaited, may_second, waits_text
from serving.console.shell import empty
from serving.console.titles import find_titles
from serving.console.view import ConsoleView, load

_PATH = "/v1/replenishment"


async def show_line(view: ConsoleView) -> None:
    """The page. view: who looks; `id` in the address is the line's."""
    line_id = view.query.get("id", "")

    async def fill() -> None:
        try:
            answer = await view.api.get(f"{_PATH}/suggestions/{line_id}")
        except ApiError as error:
            if error.status != 404:
                raise
            hint = view.t("The plan was made anew, or the link is old.")
            empty(view, view.t("This line is not in the plan."), hint)
            return
        line = answer["data"]
        title = await find_titles(view, [line["product_id"]])
        waiting = await find_awaited(view, line_id) if line["state"] == "awaiting_second" else None
        page = LinePage(view, answer, title.get(line["product_id"], ""), again, waiting)
        await page.build()

    again = load(view, fill)


class LinePage:
    """A line's page. view: the page; answer: of the API; title: the product's, "" where it has
    none; again: shows it anew; waiting: what it waits for a second person with, None: it does not.
    """

    def __init__(
        self, view: ConsoleView, answer: Answer, title: str, again: Any, waiting: Answer | None
    ) -> None:
        self.view = view
        self.title = title
        self.answer = answer
        self.line: dict[str, Any] = answer["data"]
        self.again = again
        self.waiting = waiting

    async def build(self) -> None:
        """Fill the page."""
        self._head()
        with ui.element("div").classes("columns"):
            self._stock()
            self._cost()
        with ui.element("div").classes("columns"):
            self._waterfall("units")
            self._waterfall("money")
        with ui.element("div").classes("columns"):
            await self._demand()
            self._facts()
        with ui.element("div").classes("columns"):
            await self._transfers()
            self._trail()

    def _head(self) -> None:
        line, f, t = self.line, self.view.formats, self.view.t
        with ui.element("section").classes("panel"):
            with ui.element("div").classes("strip"):
                place = f"{line['warehouse_id']} · {line['supplier_id']}"
                note = f"{line['product_id']} · {place}" if self.title else place
                fact(t("Product"), self.title or line["product_id"], note)
                fact(t("Order"), f.number(line["order_quantity"]), f.money(line["order_value"]))
                fact(
                    t("Decide by"),
                    f.day(line["decide_by"]),
                    t("order on {day}", day=f.day(line["order_on"])),
                )
                fact(
                    t("Runs out"),
                    f.share(line["stockout_probability"]),
                    t(
                        "{share} without the order",
                        share=f.share(line["stockout_probability_unordered"]),
                    ),
                )
                fact(t("At risk"), f.money(line["money_at_risk"]))
                fact(
                    t("State"),
                    words.states(self.view)[line["state"]],
                    f.number(line["approved_quantity"]),
                )
            ui.label(line["reason"]).classes("quiet")
            if self.waiting is not None:
                ui.label(waits_text(self.view, self.waiting)).classes("stale")
            self._decide()

    def _decide(self) -> None:
        t, may = self.view.t, self.view.person.may("approve")
        quantity = self.line["approved_quantity"] or self.line["order_quantity"] or None
        with ui.element("div").classes("actions filters"):
            self.box = ui.number(label=t("Quantity"), value=quantity, min=0)
            self.box.props("dense outlined")
            if self.waiting is None or may_second(self.view, self.waiting):
                button(t("Approve"), self._approve, main=True, icon="check", enabled=may)
            button(t("Dismiss"), self._dismiss, enabled=may)
            button(t("Open again"), lambda: self._send("reopen", {}), icon="undo", enabled=may)

    async def _approve(self) -> None:
        quantity = self.box.value
        as_it_is = (self.waiting or {}).get("quantity", self.line["order_quantity"])
        changed = quantity and quantity != as_it_is
        await self._send("approve", {"quantity": quantity} if changed else {})

    async def _dismiss(self) -> None:
        reason = await ask_reason(self.view, self.view.t("Why dismiss this line?"))
        if reason:
            await self._send("dismiss", {"reason": reason})

    async def _send(self, step: str, given: dict[str, Any]) -> None:
        items = {"items": [{"id": self.line["id"], **given}]}
        answer = await self.view.try_call(self.view.api.post(f"{_PATH}/suggestions:{step}", items))
        if answer is None:
            return
        outcome = answer["data"][0]
        if outcome["problem"]:
            self.view.say(f"{outcome['problem']}.", kind="warning")
        else:
            state = words.states(self.view)[outcome["state"]]
            self.view.say(self.view.t("The line is now: {state}.", state=state), kind="positive")
        self.again()

    def _stock(self) -> None:
        t = self.view.t
        with panel(t("Stock ahead, if nothing more is ordered")):
            if not self.answer["projection"]:
                empty(self.view, t("No forecast for this line."), t("Score forecasts first."))
                return
            names = {"stock": t("Stock"), "range": t("8 in 10"), "out": t("Out of stock by then")}
            options = charts.stock_chart(self.answer["projection"], [], names)
            charts.chart(options, t("Stock ahead, if nothing more is ordered"))

    def _cost(self) -> None:
        t = self.view.t
        currency = self.view.formats.currency
        title = t("What other quantities cost, in {currency}", currency=currency)
        with panel(title):
            if not self.answer["cost_curve"]:
                empty(self.view, t("Costs are not known."), t("Supply terms lack a cost."))
                return
            names = {
                "total": t("Total"),
                "holding": t("Holding"),
                "shortage": t("Shortage"),
                "ordering": t("Ordering"),
                "later": t("Later periods"),
                "chosen": t("chosen"),
            }
            options = charts.cost_chart(
                self.answer["cost_curve"], self.line["order_quantity"], names
            )
            charts.chart(options, title)

    def _waterfall(self, unit: str) -> None:
        t, names = self.view.t, words.waterfall_names(self.view)
        title = t("How the units add up")
        if unit == "money":
            title = t("How the money adds up, in {currency}", currency=self.view.formats.currency)
        with panel(title):
            steps = [
                (names.get(step["part"], step["part"]), step[unit])
                for step in self.answer["waterfall"] or ()
                if step[unit]
            ]
            if not steps:
                empty(self.view, t("Nothing to add up."), t("The line is not ordered."))
                return
            total = sum(size for _, size in steps)
            charts.chart(charts.waterfall_chart(steps, (t("Order"), total)), title)

    async def _demand(self) -> None:
        t, line = self.view.t, self.line
        with panel(t("Demand"), (t("Forecast"), _forecast_address(line))):
            try:
                forecast = await self.view.api.get(
                    "/v1/forecasts",
                    warehouse_id=line["warehouse_id"],
                    product_id=line["product_id"],
                    quantiles="0.1,0.5,0.9",
                    history=52,
                )
            except ApiError as error:
                ui.label(str(error)).classes("quiet")
                return
            names = charts.demand_names(self.view.t)
            options = charts.forecast_chart(forecast["history"], forecast["periods"], names)
            charts.chart(options, t("Demand"))

    def _facts(self) -> None:
        t, f, line = self.view.t, self.view.formats, self.line
        with panel(t("Terms")):
            rows = [
                (t("On hand"), words.stock_on_hand(self.view, line["on_hand"])),
                (t("Reserved"), f.number(line["reserved"])),
                (t("On order"), f.number(line["on_order"])),
                (t("Cover, days"), f.number(line["stock_cover_days"])),
                (
                    t("Lead time, days"),
                    f"{f.number(line['lead_time_days'])} ± {f.number(line['lead_time_sd'])}",
                ),
                (t("Review, days"), f.number(line["review_period_days"])),
                (t("Service level"), f.share(line["target_quantile"])),
                (t("Landed unit cost"), f.money(line["unit_cost"])),
                (t("Demand class"), line["demand_class"] or "–"),
                (t("Model"), f"{self.answer['served_by']} {self.answer['model_version'] or ''}"),
                (t("As of"), f.moment(self.answer["as_of"])),
            ]
            pairs(rows)

    async def _transfers(self) -> None:
        t, f = self.view.t, self.view.formats
        with panel(t("Transfers of this product")):
            page = await self.view.api.get(
                f"{_PATH}/transfers", product_id=self.line["product_id"], limit=20
            )
            if not page["data"]:
                empty(self.view, t("No transfers."), t("Buying is cheaper than moving it."))
                return
            table(
                [t("From"), t("To"), t("Units"), t("Gain"), t("Days")],
                [
                    [
                        move["from_warehouse_id"],
                        move["to_warehouse_id"],
                        f.number(move["quantity"]),
                        f.money(move["gain"]),
                        f.number(move["days"]),
                    ]
                    for move in page["data"]
                ],
                right=(2, 3, 4),
            )

    def _trail(self) -> None:
        t, f, states = self.view.t, self.view.formats, words.states(self.view)
        with panel(t("Who decided what")):
            if not self.answer["trail"]:
                empty(
                    self.view,
                    t("Nobody decided yet."),
                    t("Approve or dismiss it above."),
                    "history",
                )
                return
            table(
                [t("When"), t("Who"), t("From"), t("To"), t("Quantity"), t("Reason")],
                [
                    [
                        f.moment(step["at"]),
                        step["owner"] or step["actor"],
                        states.get(step["before"], step["before"]),
                        states.get(step["after"], step["after"]),
                        f.number(step["quantity"]),
                        step["reason"],
                    ]
                    for step in self.answer["trail"]
                ],
                right=(4,),
            )


def _forecast_address(line: dict[str, Any]) -> str:
    return f"/forecasts?warehouse_id={line['warehouse_id']}&product_id={line['product_id']}"
