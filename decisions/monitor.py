"""The watch over what is served: data, skew, drift, calibration, labels, by use case."""

import difflib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.decisions import Decision
from data.errors import ArgosyError
from decisions.drift import population_stability
from decisions.fraud.filling import known_payments
from decisions.fraud.known import all_labels, known_frauds
from decisions.recommendation.watch import watch_placements
from decisions.runtime import Runtime
from features.forecasting import within
from features.fraud import PLAN, amounts, payment_velocity
from models.registry import RegistryError

_SAMPLE = 2_000  # decisions recomputed
_FEWEST = 50  # decisions in a window, periods of forecasts; fewer say nothing
_FORECAST_DAYS = 365


class MonitorLimitsError(ArgosyError):
    """A file of limits that cannot be read, or that names what is not watched."""


@dataclass(frozen=True)
class MonitorLimits:
    """Past these the command fails: share of skewed values, PSI, days behind, share degraded, share
    of periods outside their 80 % interval (0.2 when the forecasts are right), share by which clicks
    per product shown fell at a placement, share of a table's rows in quarantine, days since a model
    learned, share of payments by which the fraud foretold is off what came."""

    skew: float = 0.01
    drift: float = 0.25
    feature_days: float = 2.0
    degraded: float = 0.05
    missed: float = 0.35
    clicks: float = 0.3
    quarantine: float = 0.05
    model_days: float = 90.0
    calibration: float = 0.03

    @classmethod
    def read(cls, path: Path) -> "MonitorLimits":
        """Limits of a TOML file, `name = number` a line; those left out are the usual ones.

        path: of the file. Raises MonitorLimitsError, which names the file, the name and the remedy.
        """
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise MonitorLimitsError(f"{path} cannot be read as TOML: {error}") from None
        known = [one.name for one in fields(cls)]
        for name, value in given.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
                raise MonitorLimitsError(
                    f"{path}: there is no limit {name!r}; is it {near!r}? All: {', '.join(known)}."
                )
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise MonitorLimitsError(f"{path}: {name} = {value!r}; write a number of 0 or more")
        return cls(**{name: float(value) for name, value in given.items()})


@dataclass(frozen=True)
class Watch:
    """One figure, its limit, and whether it is within; `limit` None: only told.

    use_case: whose figure; "data" of the tables and features that all of them read.
    """

    use_case: str
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
    told, _ = runtime.records.pending("chargebacks")
    watches = [*_tables(runtime, limits), *_freshness(runtime, limits), *_models(runtime, limits)]
    watches += _skew(runtime, recent[:_SAMPLE], decided, limits)
    watches += _labels(runtime, decided, told, newest)
    watches += _calibration(runtime, decided, newest, limits)
    watches += _forecasts(runtime, limits)
    watches += [
        Watch("recommendation", name, value, limits.clicks if is_fall else None)
        for name, value, is_fall in watch_placements(runtime, days=days)
    ]
    if recent:
        degraded = sum(each.degraded for each in recent) / len(recent)
        watches.append(Watch("fraud", "decisions degraded, share", degraded, limits.degraded))
    drifted = _drift(before, recent)
    watches += [
        Watch("fraud", f"drift of {name}, PSI", population_stability(old, new), limits.drift)
        for name, old, new in drifted
    ]
    return MonitorReport(newest, tuple(watches), tuple(drifted))


def _tables(runtime: Runtime, limits: MonitorLimits) -> list[Watch]:
    """Of each table with rows that did not pass their share of all that came."""
    return [
        Watch(
            "data",
            f"rows of {name} in quarantine, share",
            status.quarantined / (status.rows + status.quarantined),
            limits.quarantine,
        )
        for name, status in runtime.lake.tables().items()
        if status.quarantined
    ]


def _models(runtime: Runtime, limits: MonitorLimits) -> list[Watch]:
    """How long ago, by the merchant's clock, the data of each model in use ended."""
    clock = runtime.lake.clock()
    try:
        used = [each for each in runtime.registry.versions() if each.champion]
    except RegistryError:
        return [Watch("data", "model registries that do not answer", 1.0, 0.0)]
    return [
        Watch(
            each.use_case,
            "days since the model learned",
            max((clock - each.cut_off).total_seconds() / 86_400, 0.0),
            limits.model_days,
        )
        for each in used
        if clock is not None and each.use_case in runtime.settings.use_cases
    ]


def _freshness(runtime: Runtime, limits: MonitorLimits) -> list[Watch]:
    clock, as_of = runtime.lake.clock(), runtime.features_as_of()
    if clock is None or as_of is None:
        return []
    behind = max((clock - as_of).total_seconds() / 86_400, 0.0)
    return [Watch("data", "features behind the newest fact, days", behind, limits.feature_days)]


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
    ours = served[names].astype(float)
    equal = np.zeros(ours.shape, dtype=bool)
    # When a report was told is not known: soon after it was made, or after all payments of before.
    for late in (False, True) if len(labels) else (False,):
        again = payment_velocity(payments, labels, amount, arrived=arrived, late_reports=late)
        again.index = pd.Index(payments["payment_id"])
        theirs = again[names].reindex(served.index).astype(float)
        equal |= np.isclose(ours, theirs, rtol=1e-6, atol=1e-6, equal_nan=True)
    unlike = float((~equal).mean())
    return [Watch("fraud", "served velocities unlike the batch's, share", unlike, limits.skew)]


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
    name = "sales outside the forecast's 80 % interval, share"
    return [Watch("forecasting", name, missed, limits.missed)]


def _labels(
    runtime: Runtime, decided: Sequence[Decision], told: pd.DataFrame, newest: datetime
) -> list[Watch]:
    """How many payments that are old enough have a label, and how long labels take."""
    at = {each.payment_id: _attempted_at(each) for each in decided}
    ripe = _ripe(runtime, decided, newest)
    ours = told[told["payment_id"].isin(list(at))]
    due = float(sum(moment <= ripe for moment in at.values()))
    watches = [
        Watch("fraud", "payments with a label", float(ours["payment_id"].nunique()), None),
        Watch("fraud", "payments whose label is due", due, None),
    ]
    if len(ours):
        asked = pd.to_datetime(ours["payment_id"].map(at), utc=True)
        waited = (pd.to_datetime(ours["reported_at"], utc=True) - asked).dt.total_seconds()
        days = float(np.median(waited)) / 86_400
        watches.append(Watch("fraud", "median days until a label", days, None))
    return watches


def _calibration(
    runtime: Runtime,
    decided: Sequence[Decision],
    newest: datetime,
    limits: MonitorLimits,
) -> list[Watch]:
    """How far the fraud that was foretold lies from what came, of payments old enough to know.

    What was stopped never came: of it nothing is known, and it is left out.
    """
    ripe = _ripe(runtime, decided, newest)
    known = [
        each
        for each in decided
        if each.model_version and each.decision == "allow" and _attempted_at(each) <= ripe
    ]
    if len(known) < _FEWEST:
        return []
    frauds = known_frauds(runtime)
    foretold = float(np.mean([each.probability for each in known]))
    came = float(np.mean([each.payment_id in frauds for each in known]))
    name = "fraud foretold less fraud that came, of allowed payments, share"
    return [Watch("fraud", name, abs(foretold - came), limits.calibration)]


def _ripe(runtime: Runtime, decided: Sequence[Decision], newest: datetime) -> datetime:
    """Payments made up to then are old enough for a label."""
    newest = min(newest, max(map(_attempted_at, decided), default=newest))
    return newest - timedelta(days=runtime.settings.label_maturity_days)


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
