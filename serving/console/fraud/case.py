"""One case: the payment, the decision with its reasons, what others share, who did what."""

from collections.abc import Sequence
from html import escape
from typing import Any

from nicegui import ui

from serving.console import charts
from serving.console.api import Answer
from serving.console.fraud import words
from serving.console.parts import chip, fact, html, pairs, panel, table
from serving.console.shell import empty
from serving.console.view import ConsoleView

_MOST_NODES = 40


def show_case(view: ConsoleView, detail: Answer) -> None:
    """The case beside the queue. view: the page; detail: one review as the API tells it."""
    review, payment = detail["review"], detail["payment"]
    _head(view, review, payment)
    with ui.element("div").classes("columns"):
        _reasons(view, review["decision"])
        _payment(view, payment)
    _links(view, payment, detail["linked"])
    _audit(view, detail["audit"])


def _head(view: ConsoleView, review: dict[str, Any], payment: dict[str, Any]) -> None:
    f, t, decision = view.formats, view.t, review["decision"]
    with ui.element("section").classes("panel"):
        with ui.element("div").classes("strip"):
            fact(t("Payment"), review["payment_id"], f.moment(payment.get("attempted_at")))
            fact(t("Amount"), f.money(payment.get("amount"), payment.get("currency")))
            _attempt(view, decision.get("attempts"))
            fact(t("Fraud probability"), f.share(decision["probability"]))
            fact(t("Expected loss"), f.money(review["expected_loss"]))
            fact(t("Ship by"), f.moment(review["ship_by"]))
            fact(
                t("Assigned to"), review["assignee"] or "–", words.statuses(view)[review["status"]]
            )
        if decision["degraded"]:
            text = t("Decided in a simpler way, without the model: look closer.")
            ui.label(text).classes("stale")


def _attempt(view: ConsoleView, attempts: dict[str, Any] | None) -> None:
    """Which attempt of a payment this is, where it retries another."""
    if attempts is not None and attempts["link"] == "linked":
        named = view.t("retries {payment}", payment=attempts["retry_of"])
        fact(view.t("Attempt"), str(attempts["number"]), named)


def _reasons(view: ConsoleView, decision: dict[str, Any]) -> None:
    t, f = view.t, view.formats
    with panel(t("Why")):
        largest = max((abs(r["contribution"]) for r in decision["reasons"]), default=1.0) or 1.0
        for reason in decision["reasons"]:
            if reason["code"].startswith("RULE_"):
                text, rule = escape(_sentence(reason["text"])), chip("block", t("rule"))
                html(f'<div class="reason-bar"><span>{text}</span><span>{rule}</span></div>')
                continue
            share = abs(reason["contribution"]) / largest
            side = "" if reason["contribution"] >= 0 else " down"
            size = "+" * (reason["contribution"] > 0) + f.number(reason["contribution"], 2)
            html(
                f'<div class="reason-bar"><span>{escape(_sentence(reason["text"]))}</span>'
                f'<span class="reason-track"><span class="reason-fill{side}" '
                f'style="display:block;width:{share:.0%}"></span></span>'
                f'<span class="figure">{escape(size)}</span></div>'
            )
        if not decision["reasons"]:
            ui.label(t("No reasons were given.")).classes("quiet")
        hit = "".join(chip("block", rule) + " " for rule in decision["rules_hit"])
        if hit:
            html(f'<p class="quiet">{escape(t("Rules hit"))}: {hit}</p>')
        model = t(
            "Model {version}, policy {policy}",
            version=decision["model_version"] or "–",
            policy=decision["policy_version"],
        )
        ui.label(model).classes("quiet")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _payment(view: ConsoleView, payment: dict[str, Any]) -> None:
    with panel(view.t("What was sent")):
        names = words.sent(view)
        pairs(
            (names.get(name, name.replace("_", " ").capitalize()), _said(view, name, value))
            for name, value in payment.items()
            if value is not None
        )


def _said(view: ConsoleView, name: str, value: Any) -> str:
    """A value that was sent, as a person writes it. name: the field's."""
    if name.endswith("_at"):
        return view.formats.moment(value)
    if isinstance(value, bool):
        return view.t("yes") if value else view.t("no")
    if isinstance(value, int | float):
        return view.formats.number(value, 2)
    return str(value)


def _links(view: ConsoleView, payment: dict[str, Any], linked: Sequence[dict[str, Any]]) -> None:
    t, f = view.t, view.formats
    with panel(t("Payments that share something")):
        if not linked:
            empty(
                view,
                t("Nothing shared."),
                t("No other payment has its card, device or address."),
                "hub",
            )
            return
        with ui.element("div").classes("columns"):
            graph = _graph(view, payment, linked[:_MOST_NODES])
            charts.chart(graph, t("Payments that share something"))
            charts.chart(_timeline(view, payment, linked), t("Amounts over time"))
        names = words.shared(view)
        table(
            [t("Payment"), t("When"), t("Amount"), t("Shares"), t("Outcome")],
            [
                [
                    each["payment_id"],
                    f.moment(each["attempted_at"]),
                    f.money(each["amount"], each["currency"]),
                    ", ".join(names.get(share, share) for share in each["shares"]),
                    each["outcome"] or "–",
                ]
                for each in linked[:12]
            ],
            right=(2,),
        )


def _timeline(
    view: ConsoleView, payment: dict[str, Any], linked: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """This payment and the others over time, by amount and what came of them."""
    t = view.t
    colors = {
        "captured": (t("captured"), charts.GOOD),
        "declined": (t("declined"), charts.WARN),
        "refunded": (t("refunded"), charts.LATER),
    }
    groups: dict[str, list[list[Any]]] = {}
    for each in linked:
        groups.setdefault(each["outcome"] or "", []).append([each["attempted_at"], each["amount"]])
    series = []
    for outcome, points in groups.items():
        name, color = colors.get(outcome, (outcome or t("no outcome yet"), charts.PAST))
        series.append(charts.dots(name, points, color, size=7))
    here = [[payment.get("attempted_at"), payment.get("amount")]]
    series.append(charts.dots(t("this payment"), here, charts.BAD, size=12))
    options = charts.frame(None, series=series)
    options["xAxis"]["type"] = "time"
    del options["xAxis"]["axisLabel"][":formatter"]  # the axis writes its times by itself
    options["tooltip"]["trigger"] = "item"
    return options


def _graph(
    view: ConsoleView, payment: dict[str, Any], linked: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Payments and what they share, as a graph: this payment, its keys, the others."""
    names = words.shared(view)
    centre = str(payment.get("payment_id", ""))
    keys = sorted({share for each in linked for share in each["shares"]})
    nodes = [{"name": centre, "symbolSize": 22, "itemStyle": {"color": charts.BAD}}]
    nodes += [
        {"name": names.get(key, key), "symbolSize": 15, "itemStyle": {"color": charts.WARN}}
        for key in keys
    ]
    nodes += [
        {
            "name": each["payment_id"],
            "symbolSize": 8,
            "itemStyle": {"color": charts.PAST},
            "label": {"show": False},
        }
        for each in linked
    ]
    edges = [{"source": centre, "target": names.get(key, key)} for key in keys]
    edges += [
        {"source": names.get(share, share), "target": each["payment_id"]}
        for each in linked
        for share in each["shares"]
    ]
    return {
        "animation": False,
        "tooltip": {},
        "series": [
            {
                "type": "graph",
                "layout": "force",
                # A size of its own: ECharts fails where a graph is laid out in a box of none, as
                # that of a case which is left at once has.
                "left": "center",
                "top": "middle",
                "width": 300,
                "height": 200,
                "force": {"repulsion": 60, "edgeLength": [20, 60], "layoutAnimation": False},
                "data": nodes,
                "links": edges,
                "label": {"show": True, "position": "right", "color": charts.INK, "fontSize": 11},
                "lineStyle": {"color": charts.INK, "opacity": 0.4},
            }
        ],
    }


def _audit(view: ConsoleView, audit: Sequence[dict[str, Any]]) -> None:
    t, names = view.t, words.steps(view)
    with panel(t("Who did what")):
        if not audit:
            empty(view, t("Nobody looked yet."), t("Your steps will stand here."), "history")
            return
        table(
            [t("When"), t("Who"), t("What"), t("Note")],
            [
                [
                    view.formats.moment(step["at"]),
                    step["author"],
                    names.get(step["step"], step["step"])
                    + (f" → {step['assignee']}" if step.get("assignee") else ""),
                    step.get("note") or "",
                ]
                for step in audit
            ],
        )
