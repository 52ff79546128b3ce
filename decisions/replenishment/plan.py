"""The plan of the moment: made once a release and state of the store, then answered from memory."""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from data.engine import LOCAL
from data.money import minor_digits
from data.records import DatabaseError
from data.settings import Settings
from data.zones import wall_clock, zones_of
from decisions.logs import log_defect
from decisions.replenishment.awaited import (
    match_orders,
    moves,
    purchases,
    with_awaited,
    with_entered_otherwise,
    with_leaving,
)
from decisions.replenishment.split_plan import plan_on
from decisions.runtime import Runtime
from features.replenishment import PAIR, planning_frame
from models.replenishment import OrderUpTo
from models.replenishment.budget import Caps
from models.replenishment.plan import Options
from models.replenishment.policy import Policy
from models.replenishment.transfers import Moving

NO_MODEL, NO_FORECASTS, STALE_FORECASTS = "no_model", "no_forecasts", "stale_forecasts"
NO_RECORDS = "orders_unknown"  # the database is away: what was ordered here is not counted


@dataclass(frozen=True)
class Plan:
    """One plan. stamp: differs between plans. degraded: a short reason, "" when it is not.

    frame: what it was made from; lines: its rows, in order of the pairs; transfers: what to move;
    options: what it was allowed to do.
    """

    stamp: str
    as_of: datetime
    frame: pd.DataFrame
    lines: pd.DataFrame
    transfers: pd.DataFrame
    options: Options
    model: Policy
    model_version: str | None
    served_by: str
    degraded: str

    @property
    def digits(self) -> int:
        """Digits of the base currency's minor unit."""
        return self.options.digits

    def local_times(self, lines: pd.DataFrame) -> pd.Series:
        """The moment of the plan by the clock of each line's warehouse, without zone.

        lines: with warehouse_id.
        """
        now = pd.Series(pd.Timestamp(self.as_of).tz_convert("UTC"), index=lines.index)
        return wall_clock(now, zones_of(lines["warehouse_id"], self.frame))


def make(runtime: Runtime, as_of: datetime, *, engine: str = LOCAL) -> Plan:
    """The plan as of then: there is always one, and it says by what it was made.

    runtime: what is served; as_of: the moment of the plan; engine: where it is computed. Without a
    released model the policy answers with nothing learned; where forecasts are missing or stale,
    recent sales are carried on.
    """
    views = {
        name: runtime.store.latest(name, as_of)
        for name in ("stock_position", "supply", "lead_time", "forecast")
    }
    frame = planning_frame(
        views["stock_position"],
        views["supply"],
        views["lead_time"],
        views["forecast"],
        warehouses=runtime.lake.read("warehouses", as_of=as_of),
        now=as_of,
    )
    frame, unknown = _with_own_orders(runtime, frame, as_of)
    release = runtime.release("replenishment")
    found = release.model if release else None
    model: Policy = found if isinstance(found, Policy) else OrderUpTo()
    version = release.version if release else None
    options = options_of(runtime.settings, put_off=_put_off(runtime, as_of))
    planned = plan_on(engine, model, frame, options)
    planner = _planner(model, released=release is not None)
    return Plan(
        stamp=_stamp(runtime, as_of, version, last_freed(runtime, as_of)),
        as_of=as_of,
        frame=frame,
        lines=signed(planned.lines, planner),
        transfers=planned.transfers,
        options=options,
        model=model,
        model_version=version,
        served_by=planner,
        degraded=_degraded(frame, views["forecast"], released=release is not None) or unknown,
    )


def options_of(
    settings: Settings, *, put_off: frozenset[tuple[str, str, str]] = frozenset()
) -> Options:
    """What a plan may do by the settings: minor unit of money, and transfers.

    settings: of this home; put_off: transfers that are not wanted yet: from, product, to.
    """
    moving = Moving(
        days=settings.transfer_days,
        freight_share=settings.transfer_freight_share,
        cost=settings.transfer_cost,
        least_gain=settings.transfer_least_gain,
        lanes=frozenset(settings.transfer_lanes),
        put_off=put_off,
    )
    digits = minor_digits(settings.base_currency)
    return Options(digits=digits, moving=moving if settings.transfers else None)


def _planner(model: Policy, *, released: bool) -> str:
    """By what the plan is made, in words."""
    if not released:
        return f"{type(model).__name__}, nothing learned"
    return type(model).__name__


def signed(lines: pd.DataFrame, planner: str) -> pd.DataFrame:
    """The lines with what they were planned by; in the reason too where that is not our policy.

    lines: of a plan; planner: as `_planner` says it.
    """
    said = lines.assign(planned_by=planner)
    if planner == OrderUpTo.__name__:
        return said
    note = f" Planned by {planner}: " + (
        "no trained policy is in use."
        if planner.startswith(OrderUpTo.__name__)
        else "it cost least when the past was replayed."
    )
    return said.assign(reason=said["reason"] + note)


def _degraded(frame: pd.DataFrame, forecast: pd.DataFrame, *, released: bool) -> str:
    """What keeps the plan from being all it could be: a short reason, "" for nothing."""
    if not len(forecast):
        return NO_FORECASTS
    if len(frame) and not frame["window_mean"].notna().any():
        return STALE_FORECASTS
    return "" if released else NO_MODEL


def _with_own_orders(
    runtime: Runtime, frame: pd.DataFrame, as_of: datetime
) -> tuple[pd.DataFrame, str]:
    """The frame with what was ordered and is moved here, and a reason when that is not known."""
    records, lake = runtime.records, runtime.lake
    try:
        if not runtime.migrated:
            records.migrate()
        bought, changed_orders = match_orders(purchases(records, lake), as_of)
        moved, changed_moves = match_orders(moves(records, lake), as_of)
    except DatabaseError:
        return frame, NO_RECORDS
    frame = with_entered_otherwise(frame, [*changed_orders, *changed_moves])
    return with_leaving(with_awaited(frame, [*bought, *moved], as_of), moved, as_of), ""


def _put_off(runtime: Runtime, as_of: datetime) -> frozenset[tuple[str, str, str]]:
    """Transfers that planners of earlier plans do not want yet: from, product, to."""
    try:
        lines = [each.line for each in runtime.records.transfers.put_off(as_of)]
    except DatabaseError:
        return frozenset()
    earlier = [line for line in lines if line.planned_at < as_of]
    return frozenset((line.supplier_id, line.product_id, line.warehouse_id) for line in earlier)


def last_freed(runtime: Runtime, as_of: datetime) -> datetime | None:
    """When something that the plan counts as on order was last taken back; None where that is
    never, or not known now.

    runtime: whose records are asked; as_of: the moment of the plan.
    """
    try:
        freed = [
            each.last_freed(as_of)
            for each in (runtime.records.purchasing, runtime.records.transfers)
        ]
    except DatabaseError:
        return None
    return max((at for at in freed if at is not None), default=None)


def _stamp(runtime: Runtime, as_of: datetime, version: str | None, freed: datetime | None) -> str:
    last = "" if freed is None else f".{freed:%Y%m%dT%H%M%S%f}"
    return f"{version}.{runtime.store.version()}.{as_of:%Y%m%dT%H%M%S}{last}"


class Plans:
    """The newest plan, kept until the release, the store or the merchant's clock moves on, or
    something that it counts as on order is taken back."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._key: tuple[object, ...] = ()
        self._plan: Plan | None = None
        self._freed: datetime | None = None
        self._first: threading.Thread | None = None

    def look(self) -> None:
        """Make the first plan after a start before anybody asks for it, beside all else.

        What cannot be made is told to who asks.
        """
        if self._first is None and self._runtime.release("replenishment") is not None:
            self._first = threading.Thread(target=self._make_first, name="plan", daemon=True)
            self._first.start()

    def _make_first(self) -> None:
        try:
            self.current()
        except Exception as error:  # nobody waits for it: whoever asks is told
            log_defect(error, "plan")

    def current(self) -> Plan:
        """The plan as of now; made by one thread while others wait for it."""
        release = self._runtime.release("replenishment")
        now = self._runtime.now()
        # While the records are away, what was known of them last stays.
        self._freed = last_freed(self._runtime, now) or self._freed
        version = release.version if release else None
        key = (version, self._runtime.store.version(), now, self._freed)
        with self._lock:
            if self._plan is None or self._key != key:
                self._plan, self._key = make(self._runtime, now), key
            return self._plan


@dataclass(frozen=True)
class WhatIfTerms:
    """Other terms to plan under; None leaves as it is.

    lead_time_days, lead_time_sd: days; service_level, duty_rate, demand_uplift: shares (0.1: ten
    per cent more demand); budget: money in the base currency; weight_kg, volume_m3: of
    all orders together.
    """

    lead_time_days: float | None = None
    lead_time_sd: float | None = None
    service_level: float | None = None
    duty_rate: float | None = None
    demand_uplift: float | None = None
    budget: float | None = None
    weight_kg: float | None = None
    volume_m3: float | None = None

    @property
    def caps(self) -> Caps:
        """The caps among them."""
        caps = (self.budget, self.weight_kg, self.volume_m3)
        return Caps(*(np.inf if cap is None else cap for cap in caps))

    def options(self, digits: int) -> Options:
        """What a plan under these terms may do. digits: of the base currency's minor unit."""
        return Options(self.caps, digits=digits)


def changed(frame: pd.DataFrame, terms: WhatIfTerms) -> pd.DataFrame:
    """The planning frame under other terms."""
    rows = frame.copy()
    if terms.lead_time_days is not None:
        rows["lead_time_mean"] = rows["lead_time_days"] = terms.lead_time_days
    if terms.lead_time_sd is not None:
        rows["lead_time_spread"] = rows["lead_time_sd"] = terms.lead_time_sd
    if terms.service_level is not None:
        rows["service_level"] = terms.service_level
    if terms.duty_rate is not None:
        rows["duty_rate"] = terms.duty_rate
    if terms.demand_uplift is not None:
        factor = 1.0 + terms.demand_uplift
        rows["weekly_sales"] *= factor
        for name in ("window_mean", "window_quantiles", "explanation"):
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
    """The most money at risk first, then what must be decided soonest."""
    return lines.sort_values(
        ["money_at_risk", "decide_by", *PAIR],
        ascending=[False, True, True, True],
        na_position="last",
        kind="stable",
    )
