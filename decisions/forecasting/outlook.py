"""Where an answer comes from: the store's forecast; for the unknown the model's cold start; without
a model recent sales, carried on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from decisions.forecasting.corrected_history import corrected_history
from decisions.forecasting.known_corrections import known_corrections
from decisions.forecasting.recent_sales import carry_on
from decisions.runtime import Runtime
from features.forecasting import handed_over, number, running_number, starts
from features.store import StoreError
from models.base import ModelError, Release
from models.forecasting import HORIZONS, LEVELS

Floats = NDArray[np.float64]
USE_CASE = "forecasting"


@dataclass(frozen=True)
class Outlook:
    """A forecast of one pair: H periods, L levels, and where it comes from.

    quantiles and window_quantiles: H × L. degraded: why it is simpler than it should be.
    history_events: kind, first, last, factor of what was found in the pair's history.
    """

    warehouse_id: str
    product_id: str
    frequency: str
    as_of: str
    demand_class: str
    period_starts: tuple[str, ...]
    levels: Sequence[float]
    mean: Floats
    quantiles: Floats
    window_mean: Floats
    window_quantiles: Floats
    model_version: str
    served_by: str
    degraded: str = ""
    abc_xyz: str | None = None
    explanation: Floats | None = None
    overrides: tuple[str, ...] = ()
    history_events: tuple[Mapping[str, Any], ...] = ()

    @property
    def horizon(self) -> int:
        """How many periods it reaches ahead."""
        return len(self.mean)


class Outlooks:
    """Forecasts by pair."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        # The warehouses as of a version of the lake: read again when it moves on.
        self._warehouses: tuple[str, pd.DataFrame] | None = None

    def of(self, warehouse_id: str, product_id: str) -> Outlook:
        """The forecast in the store; the cold start of the model in use where there is none; the
        pair's recent sales, carried on, where there is no model either.

        Raises ModelError when there is none of them.

        warehouse_id: of the pair's warehouse; product_id: of its product; the store need not know
        either.
        """
        pair = {"warehouse_id": warehouse_id, "product_id": product_id}
        degraded = ""
        try:
            (found,) = self._runtime.store.online_values(USE_CASE, [pair], self._runtime.now())
        except StoreError:
            found, degraded = {}, "store"
        if found.get("mean") is not None:
            frequency = str(found["frequency"])
            current = _from_now_on(
                _stored(pair, found),
                self._running(frequency, warehouse_id),
                everywhere=self._running(frequency),
            )
            if current is not None:
                return current
            degraded = f"the forecast of {found['forecast_as_of']} has run out"
        release = self._runtime.release(USE_CASE)
        if release is None:
            detail = (
                self._runtime.problem(USE_CASE)
                or "No forecaster is in use: argosy train forecasting."
            )
            recent = self._recent(pair, detail)
            if recent is None:
                raise ModelError(detail)
            return recent
        return self._cold(pair, release, degraded)

    def _running(self, frequency: str, warehouse_id: str | None = None) -> int:
        """The number of the period that runs now by the clock of a warehouse; None: of the one
        whose clock is last."""
        version = self._runtime.lake.version()
        known = self._warehouses
        if known is None or known[0] != version:
            known = (version, self._runtime.lake.read("warehouses"))
            self._warehouses = known
        return running_number(self._runtime.now(), known[1], frequency, warehouse_id)

    def _cold(self, pair: Mapping[str, str], release: Release, degraded: str) -> Outlook:
        """What the model says of a series it knows nothing of."""
        now = self._runtime.now()
        model: Any = release.model
        running = self._running(model.frequency_, pair["warehouse_id"])
        first = starts(np.array([running]), model.frequency_)[0]
        row = {
            **pair,
            "frequency": model.frequency_,
            "period_start": f"{first:%Y-%m-%d}",
            "quantity": np.nan,
            "horizon": 1,
            "category": self._category(pair["product_id"]),
        }
        answer = model.predict(pd.DataFrame([row]))
        take = partial(_matrix, answer)
        return Outlook(
            warehouse_id=pair["warehouse_id"],
            product_id=pair["product_id"],
            frequency=model.frequency_,
            as_of=now.isoformat(),
            demand_class=str(answer["demand_class"].iloc[0]),
            period_starts=tuple(answer["period_start"]),
            levels=model.levels,
            mean=answer["mean"].to_numpy(),
            quantiles=take("q"),
            window_mean=answer["window_mean"].to_numpy(),
            window_quantiles=take("w"),
            model_version=release.version,
            served_by="cold_start",
            degraded=degraded,
        )

    def _recent(self, pair: Mapping[str, str], why: str) -> Outlook | None:
        """Without a model, what the pair sold in its last periods; None where it sold in none."""
        now = self._runtime.now()
        try:
            demand = corrected_history(self._runtime, now, only=dict(pair))
            if demand.empty:
                return None
            frequency = str(demand["frequency"].iloc[-1])
            running = self._running(frequency, pair["warehouse_id"])
            moments = starts(np.arange(running, running + HORIZONS[frequency]), frequency)
            found = carry_on(demand, offered=self._offered(pair, frequency, moments))
        except StoreError:
            return None
        if found is None:
            return None
        mean, quantiles, window_mean, window_quantiles = found
        return Outlook(
            warehouse_id=pair["warehouse_id"],
            product_id=pair["product_id"],
            frequency=frequency,
            as_of=now.isoformat(),
            demand_class="",
            period_starts=tuple(moments.strftime("%Y-%m-%d")),
            levels=LEVELS,
            mean=mean,
            quantiles=quantiles,
            window_mean=window_mean,
            window_quantiles=window_quantiles,
            model_version="",
            served_by="recent_sales",
            degraded=why,
        )

    def _offered(
        self, pair: Mapping[str, str], frequency: str, moments: pd.DatetimeIndex
    ) -> Floats | None:
        """The share of each period in which a pair of a succession is sold; None of another."""
        now = self._runtime.now()
        known = known_corrections(self._runtime, now)
        if not any(one.predecessor_id for one in known):
            return None
        days = {"period_start": moments.strftime("%Y-%m-%d"), "frequency": frequency}
        ahead = pd.DataFrame({**pair, **days, "offered": 1.0})
        whole = corrected_history(self._runtime, now, only={"warehouse_id": pair["warehouse_id"]})
        return handed_over(ahead, whole, known, now)["offered"].to_numpy(dtype=np.float64)

    def _category(self, product_id: str) -> str | None:
        products = self._runtime.lake.read("products", columns=["product_id", "category"])
        found = products.loc[products["product_id"] == product_id, "category"]
        return None if found.empty else found.iloc[-1]


def _from_now_on(outlook: Outlook, running: int, *, everywhere: int) -> Outlook | None:
    """A stored forecast without the periods that have closed since it was made; None when all have.

    running: the number of the period that runs in the pair's warehouse; everywhere: of the one that
    runs in the last of all. Where periods have closed everywhere, what they sold is not in the
    forecast: it is degraded and says since when. Sums begin with the running period; their
    quantiles are moved by the mean of what is over.
    """
    first = number(
        pd.Timestamp(outlook.period_starts[0], tz="UTC").to_pydatetime(), outlook.frequency
    )
    over = running - first
    if over <= 0:
        return outlook
    if over >= outlook.horizon:
        return None
    past = outlook.window_mean[over - 1]
    return replace(
        outlook,
        period_starts=outlook.period_starts[over:],
        mean=outlook.mean[over:],
        quantiles=outlook.quantiles[over:],
        window_mean=outlook.window_mean[over:] - past,
        window_quantiles=np.maximum(outlook.window_quantiles[over:] - past, 0.0),
        explanation=None if outlook.explanation is None else _later(outlook, over),
        degraded=f"made as of {outlook.as_of}; {closed} periods have closed since"
        if (closed := everywhere - first) > 0
        else outlook.degraded,
    )


def _later(outlook: Outlook, over: int) -> Floats:
    """The explanation (periods × parts, flat) without the first periods."""
    return np.asarray(outlook.explanation).reshape(outlook.horizon, -1)[over:].ravel()


def _matrix(answer: pd.DataFrame, prefix: str) -> Floats:
    names = [name for name in answer.columns if name[0] == prefix and name[1:2].isdigit()]
    return answer[names].to_numpy(dtype=np.float64)


def _stored(pair: Mapping[str, str], found: Mapping[str, Any]) -> Outlook:
    levels, mean = tuple(found["levels"]), np.asarray(found["mean"])
    shape = (len(mean), len(levels))
    frequency = found["frequency"]
    first = number(pd.Timestamp(found["period_start"], tz="UTC").to_pydatetime(), frequency)
    moments = starts(np.arange(first, first + len(mean)), frequency)
    return Outlook(
        warehouse_id=pair["warehouse_id"],
        product_id=pair["product_id"],
        frequency=frequency,
        as_of=found["forecast_as_of"],
        demand_class=found["demand_class"],
        period_starts=tuple(moments.strftime("%Y-%m-%d")),
        levels=levels,
        mean=mean,
        quantiles=np.asarray(found["quantiles"]).reshape(shape),
        window_mean=np.asarray(found["window_mean"]),
        window_quantiles=np.asarray(found["window_quantiles"]).reshape(shape),
        model_version=found["model_version"],
        served_by="store",
        abc_xyz=found.get("abc_xyz"),
        explanation=None if found.get("explanation") is None else np.asarray(found["explanation"]),
        overrides=_ids(found.get("overrides")),
        history_events=tuple(json.loads(found.get("history_events") or "[]")),
    )


def _ids(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
