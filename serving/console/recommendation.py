"""The storefront: what anybody would see and why, the merchant's pins and boosts, experiments."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from serving.console.api import Answer
from serving.console.experiment_report import show_report
from serving.console.parts import button, confirm, fact, on_key, panel, table, tabs
from serving.console.shell import Screen, Shell, empty
from serving.console.titles import find_titles
from serving.console.view import ConsoleView, load

_FIELDS = ("customer_id", "visitor_id", "market", "ship_to", "placement", "cart", "why")


def _sections(view: ConsoleView) -> list[tuple[str, str]]:
    shown = [(view.t("Preview"), "/storefront")]
    if view.person.may("admin"):
        shown += [
            (view.t("Placements"), "/storefront/placements"),
            (view.t("Experiments"), "/storefront/experiments"),
        ]
    return shown


async def show_preview(view: ConsoleView) -> None:
    """The page of the preview. view: who looks; the question stands in the address."""
    tabs(_sections(view), "/storefront")
    on_key(view, {})
    page = Preview(view)
    page.build()
    load(view, page.show)


class Preview:
    """A question as the storefront asks it, and its answer. view: the page."""

    def __init__(self, view: ConsoleView) -> None:
        self.view = view
        self.given: dict[str, str] = {n: view.query[n] for n in _FIELDS if view.query.get(n)}

    def build(self) -> None:
        """Fill the form."""
        t = self.view.t
        labels = {
            "customer_id": t("Customer"),
            "visitor_id": t("Visitor"),
            "market": t("Market"),
            "ship_to": t("Ship to"),
            "placement": t("Placement"),
            "cart": t("Cart: product ids"),
            "why": t("Why not: product ids"),
        }
        with ui.element("section").classes("panel"), ui.element("div").classes("filters"):
            for name, label in labels.items():
                box = ui.input(label=label, value=self.given.get(name, ""))
                box.props("dense outlined" + (" data-search=1" if name == "customer_id" else ""))
                box.on_value_change(partial(self._keep, name))
                box.on("keydown.enter", self._ask)
            button(t("Show"), self._ask, main=True, icon="visibility")

    def _keep(self, name: str, event: Any) -> None:
        self.given[name] = event.value or ""

    def _ask(self) -> None:
        given = {name: value.strip() for name, value in self.given.items() if value}
        ui.navigate.to(f"/storefront?{urlencode(given)}")

    def _body(self) -> dict[str, Any]:
        simple = ("customer_id", "visitor_id", "placement")
        body: dict[str, Any] = {n: self.given[n] for n in simple if self.given.get(n)}
        body |= {n: self.given[n].upper() for n in ("market", "ship_to") if self.given.get(n)}
        if self.given.get("cart"):
            body["cart"] = _ids(self.given["cart"])
        return body

    async def show(self) -> None:
        """Ask as the storefront would and show what it gets."""
        body = {**self._body(), "limit": 12, "explain": True}
        answer = await self.view.api.post("/v1/recommendations", body)
        wanted = _ids(self.given.get("why", ""))
        shown = [each["product_id"] for each in answer["items"]]
        titles = await find_titles(self.view, [*shown, *wanted])
        self._items(answer, titles)
        if wanted:
            await self._why_not(wanted, titles)

    def _items(self, answer: Answer, titles: Mapping[str, str]) -> None:
        t, f = self.view.t, self.view.formats
        if answer["degraded"]:
            ui.label(t("Answered in a simpler way: look at the models.")).classes("stale")
        with panel(t("What is shown")):
            with ui.element("div").classes("strip"):
                fact(t("Served by"), answer["served_by"].replace("_", " ").capitalize())
                fact(t("Model"), answer["model_version"] or "–")
                if answer.get("experiment"):
                    fact(
                        t("Experiment"),
                        answer["experiment"]["arm"],
                        answer["experiment"]["experiment_id"],
                    )
            if not answer["items"]:
                empty(
                    self.view, t("Nothing may be shown."), t("Ask why below, product by product.")
                )
                return
            table(
                [t("Rank"), t("Product"), t("Why"), t("Score"), t("Warehouse"), t("On hand")],
                [
                    [
                        str(each["rank"]),
                        titles.get(each["product_id"], each["product_id"])
                        + f" ({each['product_id']})",
                        "; ".join(reason["text"] for reason in each["reasons"]),
                        f.number(each["score"], 3),
                        (each.get("availability") or {}).get("warehouse_id") or "–",
                        f.number((each.get("availability") or {}).get("on_hand")),
                    ]
                    for each in answer["items"]
                ],
                right=(0, 3, 5),
            )

    async def _why_not(self, wanted: list[str], titles: Mapping[str, str]) -> None:
        t = self.view.t
        body = {**self._body(), "products": wanted}
        found = await self.view.api.post("/v1/recommendations:explain", body)
        with panel(t("Why, or why not")):
            table(
                [t("Product"), t("Shown"), t("Rank"), t("In a sentence"), t("Rules that stop it")],
                [
                    [
                        titles.get(each["product_id"], each["product_id"]),
                        t("yes") if each["shown"] else t("no"),
                        str(each["rank"] or "–"),
                        each["text"],
                        ", ".join(c["code"] for c in each["checks"] if not c["passed"]) or "–",
                    ]
                    for each in found["data"]
                ],
            )


async def show_placements(view: ConsoleView) -> None:
    """The page of pins and boosts. view: who looks."""
    tabs(_sections(view), "/storefront/placements")

    async def fill() -> None:
        found = (await view.api.get("/v1/placements"))["data"]
        _placement_form(view, found, again)
        _placement_list(view, found, again)

    again = load(view, fill)


def _placement_form(view: ConsoleView, found: list[dict[str, Any]], again: Any) -> None:
    t = view.t
    known = {each["placement"]: each for each in found}
    with panel(t("Pins and boosts of a placement")), ui.element("div").classes("filters"):
        name = ui.input(label=t("Placement"), value="home").props("dense outlined")
        pins = ui.input(label=t("Pins: product ids")).props("dense outlined")
        brand = ui.input(label=t("Boost brand")).props("dense outlined")
        category = ui.input(label=t("Boost category")).props("dense outlined")
        factor = ui.number(label=t("Factor"), value=1.5, min=0.01).props("dense outlined")

        async def save() -> None:
            former = known.get(name.value, {})
            boosts = list(former.get("boosts", []))
            if brand.value or category.value:
                boost = {"brand": brand.value or None, "category": category.value or None}
                boosts.append({**boost, "factor": float(factor.value or 1.0)})
            body = {**_settled(former), "pins": _ids(pins.value or ""), "boosts": boosts}
            call = view.api.put(f"/v1/placements/{name.value}", body)
            if await view.try_call(call, t("Saved: {name}", name=name.value)) is not None:
                again()

        button(t("Save"), save, main=True)


def _settled(former: dict[str, Any]) -> dict[str, Any]:
    """What else a placement has, to be sent back as it is."""
    return {
        k: v for k, v in former.items() if k not in {"placement", "updated_at"} and v is not None
    }


def _placement_list(view: ConsoleView, found: list[dict[str, Any]], again: Any) -> None:
    t = view.t
    with panel(t("Placements")):
        if not found:
            empty(view, t("No placement has wishes."), t("The model's order is shown everywhere."))
            return
        table(
            [t("Placement"), t("Pins"), t("Boosts"), t("Changed")],
            [
                [
                    each["placement"],
                    ", ".join(each["pins"]) or "–",
                    "; ".join(_boost(b) for b in each["boosts"]) or "–",
                    view.formats.moment(each["updated_at"]),
                ]
                for each in found
            ],
        )

        async def forget(name: str) -> None:
            call = view.api.delete(f"/v1/placements/{name}")
            if await view.try_call(call, t("Forgotten: {name}", name=name)) is not None:
                again()

        with ui.element("div").classes("actions"):
            for each in found:
                text = t("Forget {name}", name=each["placement"])
                button(text, partial(forget, each["placement"]), icon="delete_outline")


def _boost(boost: dict[str, Any]) -> str:
    what = " · ".join(str(boost[n]) for n in ("product_id", "category", "brand") if boost.get(n))
    return f"{what} × {boost['factor']:g}"


async def show_experiments(view: ConsoleView) -> None:
    """The page of experiments. view: who looks."""
    tabs(_sections(view), "/storefront/experiments")

    async def fill() -> None:
        found = (await view.api.get("/v1/experiments"))["data"]
        _experiment_form(view, again)
        if not found:
            hint = view.t("Start one above: people are split, and each arm is measured.")
            empty(view, view.t("No experiment yet."), hint, "science")
        for each in found[:10]:
            await _experiment(view, each, again)

    again = load(view, fill)


def _experiment_form(view: ConsoleView, again: Any) -> None:
    t = view.t
    with panel(t("Start an experiment")), ui.element("div").classes("filters"):
        name = ui.input(label=t("Name")).props("dense outlined")
        placement = ui.input(label=t("Placement"), value="home").props("dense outlined")
        diversity = ui.number(label=t("Diversity of the second arm"), value=0.3, min=0, max=1)
        holdout = ui.number(label=t("Hold-out, %"), value=10, min=0, max=90)
        for box in (diversity, holdout):
            box.props("dense outlined")

        async def start() -> None:
            body = {
                "experiment_id": name.value or "",
                "placement": placement.value or "",
                "arms": [
                    {"name": "control"},
                    {"name": "diverse", "diversity": float(diversity.value or 0)},
                ],
                "holdout": float(holdout.value or 0) / 100,
            }
            told = t("The experiment {name} runs.", name=name.value)
            if await view.try_call(view.api.post("/v1/experiments", body), told) is not None:
                again()

        button(t("Start"), start, main=True, icon="play_arrow")


async def _experiment(view: ConsoleView, experiment: dict[str, Any], again: Any) -> None:
    t, f, name = view.t, view.formats, experiment["experiment_id"]
    with panel(f"{name} · {experiment['placement']}"):
        since, until = f.moment(experiment["started_at"]), f.moment(experiment["stopped_at"])
        text = t("Runs since {since}.", since=since)
        if experiment["stopped_at"]:
            text = t("Ran from {since} to {until}.", since=since, until=until)
        ui.label(text).classes("quiet")
        report = await view.try_call(view.api.get(f"/v1/experiments/{name}/report"))
        if report is not None:
            show_report(view, report)
        if experiment["stopped_at"]:
            return
        with ui.element("div").classes("filters"):
            button(t("Stop {name}…", name=name), lambda: _stop(view, name, again), icon="stop")
            for arm in [each["name"] for each in experiment["arms"]]:
                told = t("Roll out {arm}…", arm=arm)
                button(told, partial(_roll_out, view, name, arm, again), icon="rocket_launch")


async def _stop(view: ConsoleView, name: str, again: Any) -> None:
    text = view.t("Everybody is answered as without it. It cannot be started again.")
    if await confirm(view, view.t("Stop {name}?", name=name), text, view.t("Stop")):
        call = view.api.post(f"/v1/experiments/{name}:stop", {})
        if await view.try_call(call, view.t("Stopped: {name}", name=name)) is not None:
            again()


async def _roll_out(view: ConsoleView, name: str, arm: str, again: Any) -> None:
    text = view.t("The experiment ends, and everybody at its placement is answered as this arm.")
    if await confirm(view, view.t("Roll out {arm}?", arm=arm), text, view.t("Roll out")):
        call = view.api.post(f"/v1/experiments/{name}:roll-out", {"arm": arm})
        if await view.try_call(call, view.t("Rolled out: {arm}", arm=arm)) is not None:
            again()


def _ids(text: str) -> list[str]:
    return [part for part in text.replace(",", " ").split() if part]


def page(shell: Shell) -> None:
    """Add these pages to the console."""
    here, admin = "/storefront", ("admin",)
    shell.install(
        [
            Screen(
                here, "Storefront", "storefront", show_preview, ("recommend",), "recommendation"
            ),
            Screen(
                f"{here}/placements",
                "Placements",
                "",
                show_placements,
                admin,
                in_menu=False,
                parent=here,
            ),
            Screen(
                f"{here}/experiments",
                "Experiments",
                "",
                show_experiments,
                admin,
                in_menu=False,
                parent=here,
            ),
        ]
    )
