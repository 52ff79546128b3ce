"""How the decisions do, day by day: shares, frauds caught, money, calibration; the policy."""

from collections.abc import Sequence
from html import escape
from typing import Any

from nicegui import ui

from serving.console import charts
from serving.console.fraud import words
from serving.console.parts import button, chip, confirm, fact, html, panel, table, tabs
from serving.console.shell import empty
from serving.console.view import ConsoleView, load

_PATH = "/v1/fraud"


async def show_performance(view: ConsoleView) -> None:
    """The page. view: who looks; `days` in the address is how far back."""
    tabs(words.sections(view), "/fraud/performance")

    async def fill() -> None:
        days = int(view.query.get("days", "30"))
        found = (await view.api.get(f"{_PATH}/watch", days=days))["data"]
        if not found:
            empty(
                view,
                view.t("No decisions in these days."),
                view.t("Ask for decisions first: POST /v1/fraud/decisions."),
                "query_stats",
            )
            return
        _numbers(view, found)
        with ui.element("div").classes("columns"):
            _shares(view, found)
            _rates(view, found)
        if not any(day["mature"] for day in found):
            text = view.t("Chargebacks of these days may still come: what depends on them is open.")
            ui.label(text).classes("stale")
        with ui.element("div").classes("columns"):
            _money(view, found)
            _calibration(view, found)
        _programmes(view, (await view.api.get(f"{_PATH}/monitoring-programmes"))["data"])
        _control_group(view, await view.api.get(f"{_PATH}/control-group"))
        _policy(view)

    load(view, fill)


def _numbers(view: ConsoleView, days: Sequence[dict[str, Any]]) -> None:
    t, f = view.t, view.formats
    with ui.element("section").classes("panel"), ui.element("div").classes("strip"):
        decisions = sum(day["decisions"] for day in days)
        span = f.day(days[0]["day"]) if len(days) == 1 else t("{count} days", count=len(days))
        fact(t("Decisions"), f.number(decisions, 0), span)
        fact(t("Frauds known"), f.number(sum(day["frauds"] for day in days), 0))
        for name, title in (("saved", t("Saved")), ("lost", t("Lost")), ("hurt", t("Hurt"))):
            known = [day[name] for day in days if day.get(name) is not None]
            fact(title, f.money(sum(known)) if known else "–")
        fact(t("Degraded"), f.number(sum(day["degraded"] for day in days), 0))


def _names(days: Sequence[dict[str, Any]]) -> list[str]:
    return [day["day"] for day in days]


def _known(days: Sequence[dict[str, Any]], name: str) -> list[float | None]:
    """A figure of each day, missing while chargebacks of that day may still come."""
    return [day[name] if day["mature"] else None for day in days]


def _shares(view: ConsoleView, days: Sequence[dict[str, Any]]) -> None:
    colors = {
        "allow": charts.GOOD,
        "challenge": charts.WARN,
        "review": charts.ACCENT,
        "block": charts.BAD,
    }
    with panel(view.t("What payments got")):
        series = [
            charts.bars(
                words.actions(view)[name],
                [day[f"{name}_share"] for day in days],
                color,
                stack="all",
            )
            for name, color in colors.items()
        ]
        options = charts.frame(_names(days), series=series)
        options["yAxis"]["max"] = 1
        charts.chart(charts.in_per_cent(options), view.t("What payments got"))


def _rates(view: ConsoleView, days: Sequence[dict[str, Any]]) -> None:
    t = view.t
    with panel(t("Precision and recall")):
        series = [
            charts.line(t("Precision"), _known(days, "precision"), charts.ACCENT, showSymbol=True),
            charts.line(t("Recall"), _known(days, "recall"), charts.WARN, showSymbol=True),
        ]
        options = charts.in_per_cent(charts.frame(_names(days), series=series))
        options["yAxis"]["max"] = 1
        charts.chart(options, t("Precision and recall"))


def _money(view: ConsoleView, days: Sequence[dict[str, Any]]) -> None:
    t = view.t
    with panel(t("Money, by day")):
        series = [
            charts.bars(t("Saved"), [day.get("saved") for day in days], charts.GOOD),
            charts.bars(t("Lost"), [day.get("lost") for day in days], charts.BAD),
            charts.bars(t("Hurt"), [day.get("hurt") for day in days], charts.WARN),
        ]
        charts.chart(charts.frame(_names(days), series=series), t("Money, by day"))


def _calibration(view: ConsoleView, days: Sequence[dict[str, Any]]) -> None:
    t = view.t
    with panel(t("Expected and observed")):
        series = [
            charts.line(
                t("Expected"), [day["expected"] for day in days], charts.ACCENT, showSymbol=True
            ),
            charts.line(t("Observed"), _known(days, "observed"), charts.BAD, showSymbol=True),
        ]
        options = charts.in_per_cent(charts.frame(_names(days), series=series))
        charts.chart(options, t("Expected and observed"))
    with panel(t("Score shift")):
        series = [charts.line(t("Score shift"), [day["score_shift"] for day in days], charts.PAST)]
        series[0]["showSymbol"] = True
        charts.chart(charts.frame(_names(days), series=series), t("Score shift"))


def _programmes(view: ConsoleView, ratios: Sequence[dict[str, Any]]) -> None:
    """How near the shop is to the limits of the card networks, this month and the one before."""
    t, f = view.t, view.formats
    kinds = {"within": "allow", "near": "challenge", "above": "block"}
    states = {"within": t("within"), "near": t("near the limit"), "above": t("above the limit")}
    with panel(t("Limits of the card networks")):
        for each in ratios:
            if each["status"] != "within":
                state = chip(kinds[each["status"]], states[each["status"]])
                html(f"<p>{state} {escape(_programme(each))}, {escape(each['month'])}</p>")
        table(
            [
                t("Programme"),
                t("Month"),
                t("Reports"),
                t("Payments"),
                t("Share"),
                t("Limit"),
                t("Status"),
            ],
            [
                [
                    _programme(each),
                    each["month"],
                    f.number(each["reports"], 0),
                    f.number(each["payments"], 0),
                    f.share(each["ratio"], 2),
                    t(
                        "{share} and {count} reports",
                        share=f.share(each["limit_share"], 2),
                        count=f.number(each["limit_count"], 0),
                    ),
                    states[each["status"]],
                ]
                for each in ratios
            ],
            right=(2, 3, 4),
        )


def _programme(ratio: dict[str, Any]) -> str:
    name = str(ratio["programme"])
    return words.programmes().get(name, name)


def _control_group(view: ConsoleView, group: dict[str, Any]) -> None:
    """How often the model stops honest people, where some payments are let through to tell."""
    t, f = view.t, view.formats
    if not group["share"] and not any(each["let_through"] for each in group["data"]):
        return
    names = words.actions(view) | {"all": t("Both")}
    with panel(t("Control group")):
        text = t(
            "{share} of the payments up to {amount} that the model alone would stop are let "
            "through: they tell how often it is wrong.",
            share=f.share(group["share"]),
            amount=f.money(group["most_amount"]),
        )
        ui.label(text).classes("quiet")
        table(
            [
                t("The model would"),
                t("Let through"),
                t("Stopped"),
                t("Known by now"),
                t("Frauds known"),
                t("Honest among those stopped"),
            ],
            [
                [
                    names.get(each["action"], each["action"]),
                    *(f.number(each[name], 0) for name in ("let_through", "stopped", "judged")),
                    f.number(each["frauds"], 0),
                    _interval(view, each),
                ]
                for each in group["data"]
            ],
            right=(1, 2, 3, 4, 5),
        )


def _interval(view: ConsoleView, report: dict[str, Any]) -> str:
    f = view.formats
    if report["false_stops"] is None:
        return "–"
    low, high = (f.share(report[f"false_stops_{name}"], 0) for name in ("from", "to"))
    return f"{f.share(report['false_stops'], 0)} ({low} – {high})"


def _policy(view: ConsoleView) -> None:
    t = view.t

    async def preview() -> None:
        found = await view.try_call(view.api.get(f"{_PATH}/policy"))
        place.clear()
        if found is None:
            return
        with place:
            _preview(view, found)
            with ui.element("div").classes("actions"):
                button(t("Use the new one…"), use, main=True, icon="tune")

    async def use() -> None:
        text = t("The limits move to the rate of fraud that was really reported, from now on.")
        if not await confirm(view, t("Solve the policy anew?"), text, t("Solve and use it")):
            return
        answer = await view.try_call(view.api.post(f"{_PATH}/policy", {}))
        if answer is not None:
            told = t("Policy {version} is in use.", version=answer["version"])
            view.say(told, kind="positive")
            place.clear()

    with panel(t("Policy")):
        ui.label(t("Blocks, reviews and challenges by what each would cost.")).classes("quiet")
        with ui.element("div").classes("actions"):
            button(t("Solve the policy anew…"), preview, icon="science")
        place = ui.element("div").classes("part")


def _preview(view: ConsoleView, found: dict[str, Any]) -> None:
    """What the policy in use and the new one do to payments like the recent ones."""
    t, f = view.t, view.formats
    told = t(
        "Of {count} decisions, {expected} should be reported as fraud by now; {observed} are.",
        count=f.number(found["decisions"], 0),
        expected=f.number(found["expected"], 0),
        observed=f.number(found["observed"], 0),
    )
    ui.label(told)
    both = found["before"], found["after"]
    shares = [
        [name, *(f.share(each["shares"].get(action, 0.0), 1) for each in both)]
        for action, name in words.actions(view).items()
        if action in found["before"]["shares"] or action in found["after"]["shares"]
    ]
    table(
        ["", t("Policy in use"), t("New policy")],
        [
            *shares,
            [t("Reviews a day"), *(f.number(each["reviews_per_day"], 1) for each in both)],
            [t("Honest people stopped"), *(f.share(each["honest_stopped"], 2) for each in both)],
            [t("Expected chargebacks"), *(f.share(each["chargeback_rate"], 2) for each in both)],
        ],
        right=(1, 2),
    )
