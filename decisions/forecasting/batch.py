"""Batch scoring: the champion's forecasts of every pair, put into the store and handed back."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from decisions.forecasting.known_corrections import known_corrections, with_successors
from decisions.forecasting.override_layer import answer_of, put
from decisions.forecasting.recent_sales import carry_on
from decisions.runtime import Runtime
from features import forecasting as features
from features.forecasting import quantile_names, running_number, starts
from models.base import ModelError, Release
from models.forecasting import HORIZONS, LEVELS, Forecaster, explained, history_events

KEYS = ["warehouse_id", "product_id"]
DECILES = (0.1, 0.5, 0.9)
FURTHEST = 400  # periods ahead


def score(
    runtime: Runtime,
    as_of: datetime,
    *,
    horizon: int | None = None,
    quantiles: Sequence[float] = DECILES,
) -> pd.DataFrame:
    """Forecasts from all that was known at `as_of`, of every pair under planning.

    runtime: the settings, the lake, the store and the releases in use; as_of: nothing known later
    is used. horizon: periods handed back, the model's own when left out (the store never gets
    fewer). quantiles: levels, 0.01 to 0.99. Returns warehouse_id, product_id, period_start, mean
    and a column a quantile (q10, q50 …), then demand_class, abc_xyz and overrides (ids of those
    that count); the first period is the running one. Without a model in use recent sales are
    carried on, as over HTTP, and nothing is written to the store. Raises ModelError when nothing
    was sold yet either, or a level or the horizon cannot be had.
    """
    if horizon is not None and not 1 <= horizon <= FURTHEST:
        raise ModelError(f"horizon {horizon}: it can be 1 to {FURTHEST} periods.")
    levels = rising(quantiles)
    if wrong := out_of_range(levels):
        raise ModelError(wrong)
    release = runtime.release("forecasting")
    if release is None:
        return _carried_on(runtime, as_of, horizon, levels)
    own = own_horizon(release)
    answer = forecast(runtime, release, as_of, horizon=max(own, horizon or 0))
    rows = _from_running(runtime, answer, as_of, horizon or own, _frequency(runtime, release))
    table = rows[[*KEYS, "period_start", "mean"]]
    about = rows.reindex(columns=["demand_class", "abc_xyz", "overrides"])
    values = at_levels(rows[_columns(release)].to_numpy(dtype=float), _levels(release), levels)
    return pd.concat([table, pd.DataFrame(values, columns=quantile_names(levels)), about], axis=1)


def _carried_on(
    runtime: Runtime, as_of: datetime, horizon: int | None, levels: Sequence[float]
) -> pd.DataFrame:
    """The answer of `score` without a model: demand_class, abc_xyz and overrides are missing."""
    demand = with_successors(runtime, runtime.store.history("demand", as_of), as_of)
    warehouses = runtime.lake.read("warehouses", as_of=as_of)
    known = known_corrections(runtime, as_of)
    tables = []
    for (warehouse_id, product_id), rows in demand.groupby(KEYS, sort=True, observed=True):
        frequency = str(rows["frequency"].iloc[-1])
        running = running_number(as_of, warehouses, frequency, str(warehouse_id))
        every = np.arange(running, running + (horizon or HORIZONS[frequency]))
        first = starts(every, frequency).strftime("%Y-%m-%d")
        keys = {"warehouse_id": warehouse_id, "product_id": product_id, "period_start": first}
        ahead = pd.DataFrame({**keys, "frequency": frequency, "offered": 1.0})
        offered = features.handed_over(ahead, demand, known, as_of)["offered"].to_numpy()
        found = carry_on(rows, horizon, offered)
        if found is None:
            continue
        mean, quantiles, *_ = found
        own = pd.DataFrame(at_levels(quantiles, LEVELS, levels), columns=quantile_names(levels))
        tables.append(pd.concat([pd.DataFrame({**keys, "mean": mean}), own], axis=1))
    if not tables:
        raise ModelError(runtime.problem("forecasting") or "No forecaster is in use.")
    about = dict.fromkeys(("demand_class", "abc_xyz", "overrides"))
    return pd.concat(tables, ignore_index=True).assign(**about)


def forecast(runtime: Runtime, release: Release, as_of: datetime, *, horizon: int) -> pd.DataFrame:
    """The release's long answer as of a time with the overrides that hold then put on, written to
    the `forecast` view on the way.

    runtime: the settings, the lake, the store and the releases in use; release: the forecaster and
    its version; as_of: nothing known later is used; horizon: periods ahead, the running one
    included.
    """
    demand = _demand(runtime, as_of, _frequency(runtime, release))
    demand = with_successors(runtime, demand, as_of)
    rows, answer = forecast_rows(runtime, release, demand, as_of, horizon=horizon)
    if answer.empty:
        return pd.DataFrame(columns=[*KEYS, "horizon", "period_start", "mean", *_columns(release)])
    return answer_of(put(runtime, rows, as_of), answer, _levels(release))


def keep_answers(runtime: Runtime, as_of: datetime) -> None:
    """Put the champion's forecasts as of then into the store, where there are none of it yet.

    runtime: whose release answers; as_of: nothing known later is used.
    """
    release = runtime.release("forecasting")
    if release is None:
        return
    made = runtime.store.latest("forecast", as_of)
    # Another registry may have had a version of the same number, before this one learned.
    own = made["model_version"].eq(release.version) & (made["event_timestamp"] >= release.cut_off)
    if not own.any():
        forecast(runtime, release, as_of, horizon=own_horizon(release))


def own_horizon(release: Release) -> int:
    """Periods that a release forecasts where nothing else is asked. release: of a forecaster."""
    horizon: int = release.model.horizon_  # type: ignore[attr-defined]
    return horizon


def _demand(runtime: Runtime, as_of: datetime, frequency: str) -> pd.DataFrame:
    """The demand signal as of then: the store's, or built from the lake where that is another's."""
    if runtime.store.as_of() == as_of:
        kept = runtime.store.history("demand", as_of)
        if len(kept) and kept["frequency"].iloc[0] == frequency:
            return kept
    return features.demand(_tables(runtime, as_of), as_of, frequency)


def _from_running(
    runtime: Runtime, answer: pd.DataFrame, as_of: datetime, horizon: int, frequency: str
) -> pd.DataFrame:
    """Of a long answer, the periods 1 … horizon of each warehouse, from its running one on."""
    over = _periods_over(runtime.lake.read("warehouses", as_of=as_of), as_of, frequency)
    step = answer["horizon"] - answer["warehouse_id"].map(over).fillna(0).astype(int)
    return answer[(step >= 1) & (step <= horizon)].reset_index(drop=True)


def _periods_over(warehouses: pd.DataFrame, as_of: datetime, frequency: str) -> dict[str, int]:
    """How many of the periods that run in the last warehouse are over in each."""
    last = running_number(as_of, warehouses, frequency)
    names = warehouses["warehouse_id"].unique()
    return {one: running_number(as_of, warehouses, frequency, one) - last for one in names}


def _frequency(runtime: Runtime, release: Release) -> str:
    """The model says the period once it was chosen: new data cannot flip it."""
    return runtime.settings.frequency or release.model.frequency_  # type: ignore[attr-defined]


def _tables(runtime: Runtime, as_of: datetime) -> dict[str, pd.DataFrame]:
    return {name: runtime.lake.read(name, as_of=as_of) for name in features.TABLES}


def forecast_rows(
    runtime: Runtime,
    release: Release,
    demand: pd.DataFrame,
    as_of: datetime,
    *,
    horizon: int,
    own: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The model's rows of the `forecast` view, before overrides, and its long answer; both empty
    where nothing is sold on.

    runtime: whose lake and settings are read; release: the forecaster and its version; demand: the
    history that it forecasts from; as_of: nothing known later is used; horizon: periods ahead, and
    as many more as are over in the warehouse whose clock is first;
    own: history of the pairs that are forecast; None: all, and those that are planned without any.
    """
    tables = _tables(runtime, as_of)
    known = known_corrections(runtime, as_of)
    if len(demand):
        frequency = str(demand["frequency"].iloc[0])
        over = _periods_over(tables["warehouses"], as_of, frequency)
        horizon += max(over.values(), default=0)
    ahead = features.future(demand if own is None else own, tables, as_of, horizon=horizon)
    ahead = features.handed_over(ahead, demand, known, as_of)
    if own is not None:
        pairs = pd.MultiIndex.from_frame(own[KEYS])
        ahead = ahead[pd.MultiIndex.from_frame(ahead[KEYS]).isin(pairs)]
    if ahead.empty:
        return ahead, ahead
    whole = features.priced_alike(pd.concat([demand, ahead], ignore_index=True))
    answer = release.model.predict(whole)
    answer = answer.assign(origin=pd.Timestamp(as_of).tz_convert(UTC))
    if isinstance(release.model, Forecaster):
        answer = pd.concat([answer, explained(release.model, whole, answer)], axis=1)
        events = history_events(whole, correct_stockouts=release.model.correct_stockouts)
        answer = answer.merge(events, how="left", on=KEYS)
        answer = features.with_succession_events(answer, known, as_of)
    answer = answer.merge(_importance(runtime, demand, as_of), how="left", on=KEYS)
    rows = features.packed(
        answer,
        _levels(release),
        frequency=str(ahead["frequency"].iloc[0]),
        model_version=release.version,
    )
    return rows, answer


def _importance(runtime: Runtime, demand: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    rates = runtime.lake.read("fx_rates", as_of=as_of)
    return features.abc_xyz(demand, rates, runtime.settings.base_currency)


def rising(quantiles: Sequence[float]) -> list[float]:
    """The levels, once each."""
    return sorted(set(quantiles))


def out_of_range(levels: Sequence[float]) -> str:
    """Which level cannot be had; empty when all can."""
    wrong = [level for level in levels if not 0.01 <= level <= 0.99]
    return f"quantile {wrong[0]:g}: it can be 0.01 to 0.99." if wrong else ""


def at_levels(values: np.ndarray, known: Sequence[float], asked: Sequence[float]) -> np.ndarray:
    """Quantiles at the asked levels, between the known ones on a straight line: n × asked.

    values: n × known, the quantiles; known: their levels, rising; asked: the levels wanted; one
    beyond the known ones gets the nearest known quantile.
    """
    count = len(known)
    place = np.interp(np.asarray(asked), np.asarray(known), np.arange(count, dtype=float))
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, count - 1)
    return np.asarray(values[:, low] + (values[:, high] - values[:, low]) * (place - low))


def _levels(release: Release) -> Sequence[float]:
    levels: Sequence[float] = release.model.levels  # type: ignore[attr-defined]
    return levels


def _columns(release: Release) -> list[str]:
    return quantile_names(_levels(release))
