"""The watch over what is served: skew, drift, labels, written as one HTML page with plots."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.decisions import Decision
from decisions.drift import population_stability
from decisions.fraud.filling import known_payments
from decisions.fraud.known import all_labels
from decisions.recommendation.watch import watch_placements
from decisions.runtime import Runtime
from features.forecasting import within
from features.fraud import PLAN, amounts, payment_velocity

_SAMPLE = 2_000  # decisions recomputed
_FEWEST = 50  # decisions in a window, periods of forecasts; fewer say nothing
_FORECAST_DAYS = 365


@dataclass(frozen=True)
class MonitorLimits:
    """Past these the command fails: share of skewed values, PSI, days behind, share degraded, share
    of periods outside their 80 % interval (0.2 when the forecasts are right), share by which clicks
    per product shown fell at a placement."""

    skew: float = 0.01
    drift: float = 0.25
    feature_days: float = 2.0
    degraded: float = 0.05
    missed: float = 0.35
    clicks: float = 0.3


@dataclass(frozen=True)
class Watch:
    """One figure, its limit, and whether it is within; `limit` None: only told."""

    name: str
    value: float
    limit: float | None

    @property
    def ok(self) -> bool:
        """Whether it is within its limit."""
        return self.limit is None or self.value <= self.limit


@dataclass(frozen=True)
class MonitorReport:
    """All figures, and those whose distributions are worth a plot."""

    as_of: datetime
    watches: tuple[Watch, ...]
    drifted: tuple[tuple[str, NDArray[np.float64], NDArray[np.float64]], ...]

    @property
    def ok(self) -> bool:
        """Whether every figure is within its limit."""
        return all(watch.ok for watch in self.watches)


def look(
    runtime: Runtime, limits: MonitorLimits = MonitorLimits(), *, days: int = 7
) -> MonitorReport:
    """Look at the decisions of the last `days` days beside the four times as many before.

    runtime: the stores and releases in use; limits: past which a watch fails.
    """
    decided = runtime.records.decisions(since=None, limit=20 * _SAMPLE)
    newest = max((each.decided_at for each in decided), default=runtime.now())
    since = newest - timedelta(days=days)
    recent = [each for each in decided if each.decided_at >= since]
    before = [
        each for each in decided if since - timedelta(days=4 * days) <= each.decided_at < since
    ]
    watches = [*_freshness(runtime, limits), *_skew(runtime, recent[:_SAMPLE], decided, limits)]
    watches += _labels(runtime, decided, newest)
    watches += _forecasts(runtime, limits)
    watches += [
        Watch(name, value, limits.clicks if is_fall else None)
        for name, value, is_fall in watch_placements(runtime, days=days)
    ]
    if recent:
        degraded = sum(each.degraded for each in recent) / len(recent)
        watches.append(Watch("decisions degraded, share", degraded, limits.degraded))
    drifted = _drift(before, recent)
    watches += [
        Watch(f"drift of {name}, PSI", population_stability(old, new), limits.drift)
        for name, old, new in drifted
    ]
    return MonitorReport(newest, tuple(watches), tuple(drifted))


def _freshness(runtime: Runtime, limits: MonitorLimits) -> list[Watch]:
    clock, as_of = runtime.lake.clock(), runtime.features_as_of()
    if clock is None or as_of is None:
        return []
    behind = max((clock - as_of).total_seconds() / 86_400, 0.0)
    return [Watch("features behind the newest fact, days", behind, limits.feature_days)]


def _skew(
    runtime: Runtime,
    recent: Sequence[Decision],
    decided: Sequence[Decision],
    limits: MonitorLimits,
) -> list[Watch]:
    """The velocities that were served, recomputed from all payments by the batch path.

    Payments that were decided here count in the order in which they were decided, as they did when
    they were served: of two that bear the same time the batch would take the lesser id first.
    """
    served = pd.DataFrame(
        [dict(each.features) for each in recent if each.model_version],
        index=[each.payment_id for each in recent if each.model_version],
    )
    names = [name for name in PLAN.names if name in served]
    if served.empty or not names:
        return []
    payments = known_payments(runtime)
    amount = amounts(payments, runtime.lake.read("fx_rates"), runtime.settings.base_currency)
    moments = {each.payment_id: each.decided_at for each in decided}
    came = pd.to_datetime(payments["payment_id"].map(moments), utc=True)
    arrived = came.fillna(payments["attempted_at"])
    told, _ = runtime.records.pending("chargebacks")
    labels = all_labels(runtime.lake.read("chargebacks"), told)
    again = payment_velocity(payments, labels, amount, arrived=arrived)
    again.index = pd.Index(payments["payment_id"])
    ours = served[names].astype(float)
    theirs = again[names].reindex(served.index).astype(float)
    equal = np.isclose(ours, theirs, rtol=1e-6, atol=1e-6, equal_nan=True)
    return [
        Watch("served velocities unlike the batch's, share", float((~equal).mean()), limits.skew)
    ]


def _forecasts(runtime: Runtime, limits: MonitorLimits) -> list[Watch]:
    """How often what was sold lay outside what its forecast had said."""
    now = runtime.now()
    since = now - timedelta(days=_FORECAST_DAYS)
    said = runtime.store.history("forecast", now, since)
    if said.empty:
        return []
    inside = within(said, runtime.store.history("demand", now, since))
    if len(inside) < _FEWEST:
        return []
    missed = float(1 - inside.mean())
    return [Watch("sales outside the forecast's 80 % interval, share", missed, limits.missed)]


def _labels(runtime: Runtime, decided: Sequence[Decision], newest: datetime) -> list[Watch]:
    """How many payments that are old enough have a label, and how long labels take."""
    newest = min(newest, max(map(_attempted_at, decided), default=newest))
    ripe = newest - timedelta(days=runtime.settings.label_maturity_days)
    told, _ = runtime.records.pending("chargebacks")
    at = {each.payment_id: _attempted_at(each) for each in decided}
    ours = told[told["payment_id"].isin(list(at))]
    watches = [Watch("payments with a label", float(ours["payment_id"].nunique()), None)]
    watches.append(
        Watch("payments whose label is due", float(sum(t <= ripe for t in at.values())), None)
    )
    if len(ours):
        asked = pd.to_datetime(ours["payment_id"].map(at), utc=True)
        waited = (pd.to_datetime(ours["reported_at"], utc=True) - asked).dt.total_seconds()
        watches.append(Watch("median days until a label", float(np.median(waited)) / 86_400, None))
    return watches


def _attempted_at(decision: Decision) -> datetime:
    """When the payment was made: long before its decision, where history is decided anew."""
    given = decision.payment.get("attempted_at")
    return datetime.fromisoformat(given) if isinstance(given, str) else decision.decided_at


def _drift(
    before: Sequence[Decision], recent: Sequence[Decision]
) -> list[tuple[str, NDArray[np.float64], NDArray[np.float64]]]:
    """The score and every feature with both windows' values; none while there are too few."""
    if min(len(before), len(recent)) < _FEWEST:
        return []
    old, new = (
        pd.DataFrame([{"probability": each.probability, **each.features} for each in part])
        for part in (before, recent)
    )
    names = [name for name in old.columns if name in new.columns]
    return [(name, old[name].to_numpy(float), new[name].to_numpy(float)) for name in names]


def write(report: MonitorReport, out: Path) -> None:
    """The report as one HTML file that needs nothing else.

    out: the file to write.
    """
    rows = "".join(
        f"<tr class='{'ok' if each.ok else 'past'}'><td>{html.escape(each.name)}</td>"
        f"<td>{each.value:.4g}</td><td>{'' if each.limit is None else each.limit}</td>"
        f"<td>{'ok' if each.ok else 'past its limit'}</td></tr>"
        for each in report.watches
    )
    plots = "".join(_plot(*each) for each in report.drifted)
    style = "body{font:15px sans-serif;margin:2em}td,th{padding:.2em 1em;text-align:left}"
    page = (
        f"<!doctype html><meta charset='utf-8'><title>Argosy: monitor</title>"
        f"<style>{style}.past{{color:#b00020}}</style><h1>Monitor</h1>"
        f"<p>Decisions up to {report.as_of:%Y-%m-%d %H:%M} UTC: "
        f"{'all within limits' if report.ok else 'past limits'}.</p>"
        f"<table><tr><th>what</th><th>value</th><th>limit</th><th></th></tr>{rows}</table>{plots}"
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.part")
    draft.write_text(page, encoding="utf-8")
    draft.replace(out)


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
