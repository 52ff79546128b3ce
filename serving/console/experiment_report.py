"""What an experiment has shown so far: its arms side by side, differences with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from serving.console import charts
from serving.console.api import Answer
from serving.console.parts import table
from serving.console.view import ConsoleView

_MONEY = ("revenue", "margin")


def show_report(view: ConsoleView, report: Answer) -> None:
    """The report below an experiment's head. view: who looks; report: as the API answers it."""
    arms, uplifts = report["arms"], report["uplifts"]
    if not any(arm["people"] for arm in arms):
        ui.label(view.t("Nobody has been answered yet.")).classes("quiet")
        return
    _arms(view, arms)
    _sample_ratio(view, report)
    for against in dict.fromkeys(each["against"] for each in uplifts):
        _differences(view, against, [each for each in uplifts if each["against"] == against])
    if report["by_segment"]:
        ui.label(view.t("Whom it persuades: segments against the hold-out")).classes("quiet")
        _table(view, report["by_segment"], segments=True)


def _arms(view: ConsoleView, arms: Sequence[Mapping[str, Any]]) -> None:
    t, f = view.t, view.formats
    has_orders = any(arm["ordered"] is not None for arm in arms)
    titles = [t("Arm"), t("People"), t("Answers"), t("Clicked"), t("Into the cart"), t("Bought")]
    if has_orders:
        titles += [t("Ordered afterwards"), t("Revenue a person"), t("Margin a person")]
    rows = []
    for arm in arms:
        shares = [f.share(arm[name]) for name in ("clicked", "carted", "purchased")]
        row = [arm["arm"], f.number(arm["people"], 0), f.number(arm["answers"], 0), *shares]
        if has_orders:
            row += [f.share(arm["ordered"]), *(f.money(arm[name]) for name in _MONEY)]
        rows.append(row)
    table(titles, rows, right=range(1, len(titles)))


def _sample_ratio(view: ConsoleView, report: Answer) -> None:
    """Whether the people were divided as they should be: else no difference can be believed."""
    likely = report["sample_ratio_p"]
    if likely is None:
        return
    if report["sample_ratio_fits"]:
        text = view.t("People are divided as planned (p = {p}).", p=view.formats.number(likely, 3))
        ui.label(text).classes("quiet")
        return
    text = view.t("People are not divided as planned: believe no difference before you know why.")
    ui.label(text).classes("stale")


def _differences(view: ConsoleView, against: str, uplifts: Sequence[Mapping[str, Any]]) -> None:
    """The arms against one of them: a picture of the shares, and all figures as a table."""
    t = view.t
    names = _metrics(view)
    shares = [each for each in uplifts if each["metric"] not in _MONEY]
    label = t("Differences from {arm}, in per cent of people", arm=against)
    rows = [
        (f"{each['arm']} · {names[each['metric']]}", each["low"], each["difference"], each["high"])
        for each in shares
    ]
    ui.label(label).classes("quiet")
    charts.chart(charts.intervals_chart(rows, t("Difference"), t("95% interval")), label, low=True)
    _table(view, uplifts)


def _table(
    view: ConsoleView, uplifts: Sequence[Mapping[str, Any]], *, segments: bool = False
) -> None:
    t, names = view.t, _metrics(view)
    titles = [t("Arm"), t("Figure"), t("Difference"), t("95% interval"), t("At any look")]
    rows = [
        [
            each["arm"],
            names[each["metric"]],
            _amount(view, each, "difference"),
            _range(view, each, "low", "high"),
            _range(view, each, "any_time_low", "any_time_high"),
            _verdict(view, each),
        ]
        for each in uplifts
    ]
    if segments:
        rows = [[str(each["segment"]), *row] for each, row in zip(uplifts, rows, strict=True)]
    first = [t("Segment")] if segments else []
    figures = range(len(first) + 2, len(first) + 5)
    table([*first, *titles, t("So far")], rows, right=figures)


def _metrics(view: ConsoleView) -> dict[str, str]:
    t = view.t
    return {
        "click": t("Clicked"),
        "cart": t("Into the cart"),
        "purchase": t("Bought"),
        "order": t("Ordered afterwards"),
        "revenue": t("Revenue a person"),
        "margin": t("Margin a person"),
    }


def _amount(view: ConsoleView, uplift: Mapping[str, Any], name: str) -> str:
    """A difference in money or in per cent of people."""
    value = uplift[name]
    return view.formats.money(value) if uplift["metric"] in _MONEY else view.formats.share(value)


def _range(view: ConsoleView, uplift: Mapping[str, Any], low: str, high: str) -> str:
    low_text, high_text = _amount(view, uplift, low), _amount(view, uplift, high)
    return view.t("{low} to {high}", low=low_text, high=high_text)


def _verdict(view: ConsoleView, uplift: Mapping[str, Any]) -> str:
    """What may be concluded: at every look, at one look that was planned, or nothing yet."""
    t, more = view.t, uplift["difference"] > 0
    if uplift["decided"]:
        return t("More: decided") if more else t("Less: decided")
    if uplift["clear"]:
        return t("More, if this look was planned") if more else t("Less, if this look was planned")
    return t("Not told apart yet")
