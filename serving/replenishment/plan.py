"""The plan of the moment: made once a release and state of the store, then answered from memory."""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from features.replenishment import PAIR, planning_frame
from models.base import Model, ModelError
from models.replenishment import MovingAverage, OrderUpTo
from serving.live import Live

NO_MODEL, NO_FORECASTS = "no_model", "no_forecasts"


@dataclass(frozen=True)
class Plan:
    """One plan. stamp: differs between plans. degraded: a short reason, "" when it is not.

    frame: what it was made from; lines: its rows, in order of the pairs.
    """

    stamp: str
    as_of: datetime
    frame: pd.DataFrame
    lines: pd.DataFrame
    model: Model
    model_version: str | None
    served_by: str
    degraded: str


def make(live: Live, as_of: datetime, *, strict: bool = False) -> Plan:
    """The plan as of then. strict: raise ModelError rather than answer by a simpler policy.

    Without a released model the same policy answers with nothing learned; without forecasts,
    recent sales are carried on.
    """
    views = {
        name: live.store.latest(name, as_of)
        for name in ("stock_position", "supply", "lead_time", "forecast")
    }
    frame = planning_frame(
        views["stock_position"],
        views["supply"],
        views["lead_time"],
        views["forecast"],
        now=as_of,
        base=live.settings.base_currency,
    )
    release = live.release("replenishment")
    missing = _missing(live, forecasts=len(views["forecast"]))
    if strict and missing:
        raise ModelError(missing[1])
    if not len(views["forecast"]):
        model: Model = MovingAverage()
    else:
        model = release.model if release else OrderUpTo()
    version = release.version if release and not missing else None
    return Plan(
        stamp=_stamp(live, as_of, version),
        as_of=as_of,
        frame=frame,
        lines=model.predict(frame),
        model=model,
        model_version=version,
        served_by=type(model).__name__ + ("" if not missing else ", nothing learned"),
        degraded=missing[0] if missing else "",
    )


def _missing(live: Live, *, forecasts: int) -> tuple[str, str] | None:
    """What keeps the released model from answering: a short reason and a sentence."""
    if not forecasts:
        sentence = (
            "The store has no forecasts as of then; make them first: argosy score forecasting"
        )
        return NO_FORECASTS, sentence
    if live.release("replenishment") is None:
        return NO_MODEL, live.problem("replenishment") or "There is no replenishment model in use"
    return None


def _stamp(live: Live, as_of: datetime, version: str | None) -> str:
    return f"{version}.{live.store.version()}.{as_of:%Y%m%dT%H%M%S}"


class Plans:
    """The newest plan, kept until the release, the store or the merchant's clock moves on."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._lock = threading.Lock()
        self._key: tuple[object, ...] = ()
        self._plan: Plan | None = None

    def current(self) -> Plan:
        """The plan as of now; made by one thread while others wait for it."""
        release = self._live.release("replenishment")
        now = self._live.now()
        key = (release.version if release else None, self._live.store.version(), now)
        with self._lock:
            if self._plan is None or self._key != key:
                self._plan, self._key = make(self._live, now), key
            return self._plan


def changed(
    frame: pd.DataFrame,
    *,
    lead_time_days: float | None = None,
    lead_time_sd: float | None = None,
    service_level: float | None = None,
    demand_uplift: float | None = None,
) -> pd.DataFrame:
    """The planning frame under other terms; None leaves as it is.

    demand_uplift: share by which all demand is more (0.1: ten per cent).
    """
    rows = frame.copy()
    if lead_time_days is not None:
        rows["lead_time_mean"] = rows["lead_time_days"] = lead_time_days
    if lead_time_sd is not None:
        rows["lead_time_spread"] = rows["lead_time_sd"] = lead_time_sd
    if service_level is not None:
        rows["service_level"] = service_level
    if demand_uplift is not None:
        factor = 1.0 + demand_uplift
        rows["weekly_sales"] *= factor
        for name in ("window_mean", "window_quantiles"):
            rows[name] = rows[name].map(lambda values: _scaled(values, factor))
    return rows


def _scaled(values: Any, factor: float) -> Any:
    return [each * factor for each in values] if isinstance(values, list) else values


def select(lines: pd.DataFrame, **wanted: str | None) -> pd.DataFrame:
    """The rows whose columns have these values; None asks for nothing."""
    kept = pd.Series(True, index=lines.index)
    for column, value in wanted.items():
        if value is not None:
            kept &= lines[column] == value
    return lines[kept]


def ranked(lines: pd.DataFrame) -> pd.DataFrame:
    """The most money at risk first."""
    return lines.sort_values(
        ["money_at_risk", *PAIR], ascending=[False, True, True], na_position="last", kind="stable"
    )
