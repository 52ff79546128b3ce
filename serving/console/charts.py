"""Charts as ECharts options: one palette that reads on light and on dark, few lines, no boxes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from nicegui import ui

Options = dict[str, Any]

ACCENT: Final = "#1493a1"
PAST: Final = "#8592a0"
LATER: Final = "#8b6fc0"
GOOD: Final = "#2f9e62"
BAD: Final = "#d2564a"
WARN: Final = "#d99a2b"
INK: Final = "#7d8a98"
FONT: Final = "Roboto, system-ui, sans-serif"
_FAINT: Final = "rgba(125, 138, 152, 0.22)"
_BAND: Final = "rgba(20, 147, 161, 0.18)"
_BAND_EDGE: Final = "rgba(20, 147, 161, 0.4)"
_EMPTY: Final = "rgba(210, 86, 74, 0.14)"
_EMPTY_EDGE: Final = "rgba(210, 86, 74, 0.5)"
_PLANNER: Final = "rgba(92, 107, 192, 0.18)"
_PLANNER_EDGE: Final = "rgba(92, 107, 192, 0.6)"
_PER_CENT: Final = "v => Math.round(v * 100) + '%'"


def chart(options: Options, label: str, *, low: bool = False) -> ui.echart:
    """Show a chart. options: of ECharts; label: what it shows, for people who do not see it; low:
    a lower one."""
    made = ui.echart(options, renderer="canvas").classes("chart" + (" low" if low else ""))
    made.props(f'role=img aria-label="{label}"')
    return made


def frame(days: Sequence[str] | None, **options: Any) -> Options:
    """What all charts share. days: the names along the x axis, None for numbers; options: others,
    which take the place of these."""
    quiet = {"splitLine": {"lineStyle": {"color": _FAINT}}}
    horizontal: Options = {"type": "value"} if days is None else {"type": "category", "data": days}
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "grid": {"left": 8, "right": 14, "top": 30, "bottom": 6, "containLabel": True},
        "tooltip": {"trigger": "axis", "confine": True, ":valueFormatter": "argosy.written"},
        "legend": {
            "top": 0,
            "left": 0,
            "type": "scroll",
            "icon": "roundRect",
            "textStyle": {"color": INK, "fontSize": 11},
            "itemHeight": 6,
            "itemWidth": 16,
        },
        "xAxis": {
            **horizontal,
            **_axis(),
            "axisTick": {"show": False},
            "splitLine": {"show": False},
        },
        "yAxis": {"type": "value", **_axis(), **quiet, "axisLine": {"show": False}},
        **options,
    }


def _axis() -> Options:
    """The look of an axis; each has one of its own, as charts change theirs."""
    return {
        "axisLine": {"lineStyle": {"color": _FAINT}},
        "axisLabel": {"color": INK, "fontSize": 11, ":formatter": "argosy.axisText"},
    }


def line(
    name: str, values: Sequence[float | None], color: str, *, dashed: bool = False, **options: Any
) -> Options:
    """A line of a chart.

    name: in the legend; values: along the axis, None is a gap; color: CSS; dashed: whether the line
    is broken; options: of ECharts.
    """
    style = {"color": color, "width": 1.8, "type": "dashed" if dashed else "solid"}
    look = {"showSymbol": False, "lineStyle": style, "itemStyle": {"color": color}}
    return {"name": name, "type": "line", "data": list(values), **look, **options}


def bars(name: str, values: Sequence[float | None], color: str, **options: Any) -> Options:
    """Bars. name: in the legend; values: along the axis; color: CSS; options: of ECharts."""
    return {
        "name": name,
        "type": "bar",
        "data": list(values),
        "itemStyle": {"color": color},
        "barMaxWidth": 22,
        **options,
    }


def dots(name: str, points: Sequence[Sequence[Any]], color: str, *, size: int) -> Options:
    """Points of a chart. name: in the legend; points: x and y of each; color: CSS; size: in
    pixels."""
    return {
        "name": name,
        "type": "scatter",
        "data": [list(point) for point in points],
        "symbolSize": size,
        "itemStyle": {"color": color},
    }


def band(name: str, low: Sequence[float | None], high: Sequence[float | None]) -> list[Options]:
    """An area between two lines, as two stacked series.

    name: of the two series' stack, and in the legend; low, high: its edges along the axis, None is
    a gap.
    """
    widths = [
        None if a is None or b is None else round(b - a, 6) for a, b in zip(low, high, strict=True)
    ]
    hidden = {"type": "line", "stack": name, "showSymbol": False, "lineStyle": {"opacity": 0}}
    return [
        {**hidden, "data": list(low), "silent": True, "tooltip": {"show": False}, "name": ""},
        {
            **hidden,
            "name": name,
            "data": widths,
            "areaStyle": {"color": _BAND},
            "itemStyle": {"color": _BAND_EDGE},
            "tooltip": {"show": False},
        },
    ]


def demand_names(translate: Callable[[str], str]) -> dict[str, str]:
    """The words of a chart of demand. translate: gives a text in the reader's language."""
    return {
        "demand": translate("Demand"),
        "forecast": translate("Forecast"),
        "range": translate("8 in 10"),
        "corrected": translate("Corrected"),
        "empty": translate("Out of stock"),
        "by_planner": translate("Corrected by a planner"),
        "last_year": translate("A year before"),
    }


def forecast_chart(
    history: Sequence[Mapping[str, Any]],
    periods: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    *,
    last_year: Sequence[float | None] = (),
) -> Options:
    """History, what was corrected in it (by a planner: shaded), when the shelf was empty, and the
    forecast with its fan.

    history: period_start, quantity, sold, lost, history_corrections; periods: period_start, mean,
    quantiles with 0.1 and 0.9; names: of `demand_names`; last_year: a value for each period of
    both, where known.
    """
    past, ahead = len(history), len(periods)
    days = [str(each["period_start"])[:10] for each in (*history, *periods)]
    gap: list[float | None] = [None] * past
    joined = list(gap)
    if past:
        joined[-1] = history[-1]["quantity"]  # the line goes on from the last closed period
    series = [
        *band(
            names["range"],
            [*gap, *(each["quantiles"].get("0.1") for each in periods)],
            [*gap, *(each["quantiles"].get("0.9") for each in periods)],
        ),
        line(names["demand"], [*(each["quantity"] for each in history), *[None] * ahead], PAST),
        line(names["forecast"], [*joined, *(each["mean"] for each in periods)], ACCENT),
    ]
    corrected = [each["quantity"] if each.get("correction") else None for each in history]
    if any(value is not None for value in corrected):
        marks = {"type": "scatter", "symbolSize": 7, "itemStyle": {"color": WARN}}
        series.append({"name": names["corrected"], **marks, "data": [*corrected, *[None] * ahead]})
    series += _shaded(names["empty"], _days_without_stock(history), _EMPTY, _EMPTY_EDGE)
    by_planner = [
        str(each["period_start"])[:10] for each in history if each.get("history_corrections")
    ]
    series += _shaded(names["by_planner"], by_planner, _PLANNER, _PLANNER_EDGE)
    if any(value is not None for value in last_year):
        series.append(line(names["last_year"], last_year, INK, dashed=True))
    shown = [str(each["name"]) for each in series if each["name"]]
    options = frame(days, series=series)
    options["legend"] = {**options["legend"], "data": shown}
    return options


def _shaded(name: str, days: Sequence[str], color: str, edge: str) -> list[Options]:
    """A series that shades periods, with its own entry in the legend; none without a period."""
    if not days:
        return []
    # A single period is a line; its border makes it an area.
    shade = {"color": color, "borderColor": color, "borderWidth": 5}
    data = [[{"xAxis": day}, {"xAxis": day}] for day in days]
    area = {"silent": True, "data": data, "itemStyle": shade}
    look = {"itemStyle": {"color": edge}, "markArea": area}
    return [{"name": name, "type": "bar", "data": [], **look}]


def _days_without_stock(history: Sequence[Mapping[str, Any]]) -> list[str]:
    """The periods of a history in which sales were lost to an empty shelf."""
    return [str(each["period_start"])[:10] for each in history if (each.get("lost") or 0) > 0]


def stock_chart(
    projection: Sequence[Mapping[str, Any]],
    arrivals: Sequence[tuple[str, float]],
    names: Mapping[str, str],
) -> Options:
    """Stock ahead if nothing more is ordered, with its range, and the probability of running out.

    projection: day, mean, low, high, broken; arrivals: day and units; names: the words for stock,
    range, out and arrival.
    """
    days = [str(each["day"]) for each in projection]
    series = [
        *band(names["range"], [p["low"] for p in projection], [p["high"] for p in projection]),
        line(names["stock"], [p["mean"] for p in projection], ACCENT),
        line(names["out"], [p["broken"] for p in projection], BAD, dashed=True, yAxisIndex=1),
    ]
    marks = [{"xAxis": day, "name": f"+{units:g}"} for day, units in arrivals if day in days]
    if marks:
        series[2]["markLine"] = {
            "symbol": "none",
            "data": marks,
            "label": {"formatter": "{b}", "color": INK},
            "lineStyle": {"color": GOOD},
        }
    options = frame(days, series=series)
    right = {"type": "value", "min": 0, "max": 1, "splitLine": {"show": False}}
    right["axisLabel"] = {":formatter": _PER_CENT, "color": INK, "fontSize": 11}
    series[3]["tooltip"] = {":valueFormatter": _PER_CENT}
    options["yAxis"] = [options["yAxis"], right]
    options["legend"]["data"] = [names["stock"], names["range"], names["out"]]
    return options


def cost_chart(
    curve: Sequence[Mapping[str, Any]], chosen: float, names: Mapping[str, str]
) -> Options:
    """What each quantity is expected to cost, and the one that is chosen.

    curve: quantity, holding, shortage, ordering, later, total; chosen: the quantity marked; names:
    the words for those five and `chosen`.
    """
    parts = (
        ("total", ACCENT),
        ("holding", PAST),
        ("shortage", BAD),
        ("ordering", WARN),
        ("later", LATER),
    )
    series = [
        {
            **line(names[part], [], color),
            "data": [[point["quantity"], point.get(part)] for point in curve],
            "lineStyle": {"color": color, "width": 2.2 if part == "total" else 1.2},
        }
        for part, color in parts
    ]
    series[0]["markLine"] = {
        "symbol": "none",
        "data": [{"xAxis": chosen}],
        "label": {
            "formatter": f"{names['chosen']}: {chosen:g}",
            "position": "insideEndTop",
            "color": INK,
        },
        "lineStyle": {"color": GOOD},
    }
    return frame(None, series=series)


def waterfall_chart(parts: Sequence[tuple[str, float]], total: tuple[str, float]) -> Options:
    """Steps that add up. parts: name and signed size of each; total: name and size of the sum."""
    names, base, up, down = [], [], [], []
    height = 0.0
    for name, size in parts:
        names.append(name)
        base.append(round(min(height, height + size), 4))
        up.append(round(size, 2) if size >= 0 else None)
        down.append(round(-size, 2) if size < 0 else None)
        height += size
    names, base = [*names, total[0]], [*base, 0.0]
    invisible = {"itemStyle": {"color": "transparent"}, "silent": True, "tooltip": {"show": False}}
    label = {"show": True, "position": "top", "color": INK, "fontSize": 11}
    series = [
        bars("", base, "transparent", stack="all", **invisible),
        bars("+", [*up, None], ACCENT, stack="all", label=label),
        bars("−", [*down, None], PAST, stack="all", label={**label, "position": "bottom"}),
        bars("=", [*[None] * len(parts), round(total[1], 2)], GOOD, stack="all", label=label),
    ]
    series[0].pop("itemStyle")
    series[0] |= invisible
    options = frame(names, series=series, legend={"show": False})
    options["xAxis"]["axisLabel"] |= {"interval": 0, "rotate": 28 if len(names) > 7 else 0}
    return options


def intervals_chart(
    rows: Sequence[tuple[str, float, float, float]], value: str, interval: str
) -> Options:
    """Shares with their intervals, one under the other, beside a line at 0.

    rows: name, lower end, value, upper end, shares each; value, interval: in the legend.
    """
    names = [name for name, *_ in reversed(rows)]
    spans = [
        line(interval, [], ACCENT, data=[[low, name], [high, name]]) for name, low, _, high in rows
    ]
    points = dots(value, [(middle, name) for name, _, middle, _ in rows], ACCENT, size=9)
    points["markLine"] = {
        "silent": True,
        "symbol": "none",
        "label": {"show": False},
        "lineStyle": {"color": PAST, "type": "dashed"},
        "data": [{"xAxis": 0}],
    }
    options = frame(None, series=[*spans, points])
    options["yAxis"] |= {"type": "category", "data": names}
    options["xAxis"]["axisLabel"] |= {":formatter": _PER_CENT}
    options["tooltip"] = {"show": False}  # the table beneath tells all of it
    return options


def in_per_cent(options: Options) -> Options:
    """The chart with shares, 0 to 1, written in per cent. options: of `frame`."""
    options["yAxis"]["axisLabel"] |= {":formatter": _PER_CENT}
    options["tooltip"] |= {":valueFormatter": "argosy.writtenShare"}
    return options


def sparkline(values: Sequence[float | None], color: str = ACCENT) -> str:
    """A small line as SVG, for beside a number. values: in order; color: CSS."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = 80 / (len(known) - 1)
    points = " ".join(
        f"{place * step:.1f},{22 - 20 * (value - low) / span:.1f}"
        for place, value in enumerate(known)
    )
    return (
        '<svg viewBox="0 0 80 24" width="80" height="24" aria-hidden="true">'
        f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6"/></svg>'
    )
