"""What the monitor found as one HTML page that needs nothing else, with how each figure went."""

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from decisions.monitor import MonitorReport, Watch

# Runs that a page shows, and that are kept beside it.
_MOST_RUNS = 400
_STYLE = """
:root{color-scheme:light dark}
body{font:15px system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th:first-child{width:42%}
th:last-child{width:18%}
svg{width:100%;max-width:120px}
td,th{padding:.25em .8em;text-align:left;border-bottom:1px solid #8884}
tr>:nth-child(n+2):nth-child(-n+3){text-align:right;font-variant-numeric:tabular-nums}
.past td{color:#c62828;font-weight:600}
polyline{fill:none;stroke:currentColor;stroke-width:1.5}
img{background:#fff;border-radius:4px;margin:.3em}
"""


def write(report: MonitorReport, out: Path) -> None:
    """Write the page, and keep its figures in a file of lines of JSON beside it (`.jsonl`).

    A run as of the same moment takes the place of the one before; both files are whole or as
    they were.

    report: what was found; out: the page to write.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    past = out.with_suffix(".jsonl")
    runs = _read(past)
    moment = report.as_of.isoformat()
    runs.pop(moment, None)
    runs[moment] = {_key(watch): watch.value for watch in report.watches}
    newest = list(runs.items())[-_MOST_RUNS:]
    lines = [json.dumps({"as_of": name, "figures": figures}) for name, figures in newest]
    _replace(past, "\n".join(lines) + "\n")
    _replace(out, _page(report, [figures for _, figures in newest]))


def _key(watch: Watch) -> str:
    return f"{watch.use_case}: {watch.name}"


def _read(past: Path) -> dict[str, dict[str, float]]:
    """The runs kept, oldest first: figures by name, by moment. A line that is no run is left out,
    such as half of one."""
    runs = {}
    for line in past.read_text(encoding="utf-8").splitlines() if past.exists() else []:
        try:
            run = json.loads(line)
            runs[str(run["as_of"])] = {str(name): float(v) for name, v in run["figures"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return runs


def _replace(out: Path, text: str) -> None:
    draft = out.with_name(f".{out.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(out)


def _page(report: MonitorReport, runs: Sequence[Mapping[str, float]]) -> str:
    """runs: the figures of each run by name, oldest first, this one last."""
    parts = []
    for use_case, watches in groupby(
        sorted(report.watches, key=lambda watch: watch.use_case), lambda watch: watch.use_case
    ):
        rows = "".join(_row(watch, [run.get(_key(watch)) for run in runs]) for watch in watches)
        parts.append(
            f"<h2>{html.escape(use_case)}</h2><table><tr><th>what</th><th>value</th><th>limit</th>"
            f"<th></th><th>runs</th></tr>{rows}</table>"
        )
    plots = "".join(_plot(*each) for each in report.drifted)
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><title>Argosy: monitor</title>"
        f"<style>{_STYLE}</style><h1>Monitor</h1>"
        f"<p>As of {report.as_of:%Y-%m-%d %H:%M} UTC: "
        f"{'all within limits' if report.ok else 'past limits'}.</p>{''.join(parts)}"
        + (f"<h2>distributions, before and recent</h2>{plots}" if plots else "")
    )


def _row(watch: Watch, values: Sequence[float | None]) -> str:
    limit = "" if watch.limit is None else f"{watch.limit:g}"
    return (
        f"<tr class='{'ok' if watch.ok else 'past'}'><td>{html.escape(watch.name)}</td>"
        f"<td>{watch.value:.4g}</td><td>{limit}</td>"
        f"<td>{'ok' if watch.ok else 'past its limit'}</td><td>{_line(values)}</td></tr>"
    )


def _line(values: Sequence[float | None]) -> str:
    """The values of the runs as a small line, oldest left; nothing for fewer than two."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    span, wide = (high - low) or 1.0, max(len(values) - 1, 1)
    points = " ".join(
        f"{118 * place / wide + 1:.1f},{21 - 18 * (value - low) / span:.1f}"
        for place, value in known
    )
    label = f"{known[0][1]:.4g} to {known[-1][1]:.4g} in {len(known)} runs"
    return (
        f"<svg viewBox='0 0 120 24' role='img' aria-label='{label}'><title>{label}</title>"
        f"<polyline points='{points}'/></svg>"
    )


def _plot(name: str, old: NDArray[np.float64], new: NDArray[np.float64]) -> str:
    """Both windows' distributions, as an image within the page."""
    from matplotlib.figure import Figure  # a second that a server need not wait

    both = np.r_[old, new]
    both = both[np.isfinite(both)]
    if not len(both):
        return ""
    edges = np.histogram_bin_edges(np.clip(both, *np.quantile(both, [0.01, 0.99])), 30)
    figure = Figure(figsize=(4, 2), layout="tight")
    axes = figure.subplots()
    for values, label in ((old, "before"), (new, "recent")):
        known = values[np.isfinite(values)]
        shares = np.histogram(known, edges)[0] / max(len(known), 1)
        axes.stairs(shares, edges, label=label)
    axes.set_title(name, fontsize=9)
    axes.legend(fontsize=7)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=80)
    image = base64.b64encode(data.getvalue()).decode()
    return f"<img alt='{html.escape(name)}' src='data:image/png;base64,{image}'>"
