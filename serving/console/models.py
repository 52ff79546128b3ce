"""Models: versions beside the champion, their figures over time, promote with gates, roll back."""

from functools import partial
from typing import Any

from nicegui import ui

from serving.console import charts
from serving.console.api import ApiError
from serving.console.parts import ask_reason, button, fact, panel, table, tabs
from serving.console.shell import Screen, Shell, empty
from serving.console.today import use_case_names, use_case_of
from serving.console.view import ConsoleView, load

_SHORT_FORMS = frozenset({"auc", "mae", "map", "ndcg", "rmse", "roc", "wape"})


async def show_models(view: ConsoleView) -> None:
    """The page. view: who looks; `use_case` in the address is the one shown."""
    served = view.person.use_cases
    here = view.query.get("use_case") or (served[0] if served else "")
    names = use_case_names(view)
    entries = [(names.get(each, each), f"/models?use_case={each}") for each in served]
    tabs(entries, f"/models?use_case={here}")

    async def fill() -> None:
        live = await view.api.get("/v1/models")
        used = next((each for each in live["data"] if use_case_of(each) == here), None)
        versions = (await view.api.get(f"/v1/models/{here}/versions"))["data"]
        if not versions:
            hint = view.t("Train one: argosy train {use_case}", use_case=here)
            empty(view, view.t("No version is registered."), hint, "model_training")
            return
        _in_use(view, used, versions)
        _history(view, versions)
        _versions(view, here, versions, again)

    again = load(view, fill)


def _in_use(view: ConsoleView, used: dict[str, Any] | None, versions: list[dict[str, Any]]) -> None:
    t, f = view.t, view.formats
    with ui.element("section").classes("panel"):
        if used and used["problem"]:
            ui.label(used["problem"]).classes("stale")
        with ui.element("div").classes("strip"):
            fact(t("In use"), (used or {}).get("version") or "–", (used or {}).get("model") or "")
            fact(t("Trained to"), f.moment((used or {}).get("cut_off")))
            fact(t("Versions"), f.number(len(versions), 0))
            figures = (used or {}).get("metrics") or {}
            first = gate_metric(versions[0])
            for name in [first, *(each for each in figures if each != first)][:5]:
                if name in figures:
                    fact(metric_name(name), f.number(figures[name], 4))


def _history(view: ConsoleView, versions: list[dict[str, Any]]) -> None:
    t = view.t
    old_first = versions[::-1]
    with panel(t("Figures by version")):
        told = (name for name in versions[0]["metrics"] if not name.startswith("part_"))
        names = {name: metric_name(name) for name in sorted(told)}
        given = {"name": view.query.get("metric") or gate_metric(versions[0])}
        place = ui.element("div")

        def draw() -> None:
            place.clear()
            values = [each["metrics"].get(given["name"]) for each in old_first]
            labels = [f"v{each['version']}" for each in old_first]
            line = charts.line(metric_name(given["name"]), values, charts.ACCENT, showSymbol=True)
            options = charts.frame(labels, series=[line])
            options["yAxis"]["scale"] = True
            with place:
                charts.chart(options, t("Figures by version"), low=True)

        def choose(value: str) -> None:
            given["name"] = value
            draw()

        box = ui.select(names, value=given["name"] or None, on_change=lambda e: choose(e.value))
        box.props(f'dense outlined options-dense aria-label="{t("Figure")}"').classes("metric")
        place.move(target_index=-1)
        draw()


def metric_name(metric: str) -> str:
    """A figure of a model as people write it. metric: its code in the run.

    >>> metric_name("ndcg_at_10"), metric_name("series_pinball")
    ('NDCG at 10', 'Series pinball')
    """
    words = [word.upper() if word in _SHORT_FORMS else word for word in metric.split("_")]
    name = " ".join(words)
    return name[:1].upper() + name[1:]


def gate_metric(version: dict[str, Any]) -> str:
    """The figure that decided on the version, as its note tells; else the first one.

    version: metrics and note, as the API tells them.
    """
    last = str(version["note"]).rpartition(" on ")[2].strip()
    return last if last in version["metrics"] else next(iter(version["metrics"]), "")


def _versions(view: ConsoleView, use_case: str, versions: list[dict[str, Any]], again: Any) -> None:
    t, f = view.t, view.formats
    with panel(t("Versions")):
        table(
            [t("Version"), t("State"), t("Model"), t("Trained to"), t("Made"), t("Note"), t("Run")],
            [
                [
                    each["version"],
                    t("in use") if each["champion"] else "",
                    each["model"],
                    f.day(each["cut_off"]),
                    f.moment(each["created_at"]),
                    each["note"],
                    each["run_id"][:8],
                ]
                for each in versions
            ],
        )
        may = view.person.may("admin")
        with ui.element("div").classes("actions"):
            for each in [each for each in versions if not each["champion"]][:6]:
                button(
                    t("Promote version {version}…", version=each["version"]),
                    partial(_promote, view, use_case, each["version"], again),
                    icon="upgrade",
                    enabled=may,
                )
            button(
                t("Roll back…"), lambda: _roll_back(view, use_case, again), icon="undo", enabled=may
            )


async def _promote(view: ConsoleView, use_case: str, version: str, again: Any) -> None:
    reason = await ask_reason(view, view.t("Why promote version {version}?", version=version))
    if not reason:
        return
    body = {"version": version, "reason": reason}
    try:
        answer = await view.api.post(f"/v1/models/{use_case}:promote", body)
    except ApiError as error:
        view.say(str(error), kind="negative")
        return
    view.say(view.t("Version {version} is in use.", version=answer["version"]), kind="positive")
    again()


async def _roll_back(view: ConsoleView, use_case: str, again: Any) -> None:
    reason = await ask_reason(view, view.t("Why roll back?"))
    if not reason:
        return
    call = view.api.post(f"/v1/models/{use_case}:rollback", {"reason": reason})
    answer = await view.try_call(call)
    if answer is not None:
        view.say(view.t("Version {version} is in use.", version=answer["version"]), kind="positive")
        again()


def page(shell: Shell) -> None:
    """Add this page to the console."""
    shell.install([Screen("/models", "Models", "model_training", show_models)])
