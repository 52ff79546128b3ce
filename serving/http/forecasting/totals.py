"""Forecasts of products, categories, countries, warehouses, or of everything together."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from decisions.forecasting.corrected_history import corrected_history
from decisions.forecasting.known_corrections import with_corrections
from decisions.runtime import Runtime
from features.forecasting import (
    TOTALS,
    Level,
    PairOutlooks,
    PastTotals,
    Totals,
    number,
    past_totals,
    running_moment,
    total_quantiles,
    totals,
)
from serving.http.errors import FieldFault, Problem
from serving.http.forecasting.answers import Period, Window, named
from serving.http.forecasting.query import Horizon, Levels, horizon_of, levels_of
from serving.http.paging import Cursor, Limit, Page, cut_page

# Of products there are many: their history is read one by one.
BY_ONE: Level = "product"
BY_ONE_COLUMN = "product_id"
# How far back forecasts tell what the pairs of a group err in common.
_LEARNED = timedelta(days=190)


class PastTotal(BaseModel):
    """A closed period of a group. quantity: its demand, as far as it is known; unknown: of how many
    of its pairs it is not, because the shelf was empty."""

    period_start: str
    quantity: float
    unknown: int


class Total(BaseModel):
    """A group's forecast. The means add up to those of its pairs; quantiles are of the sum."""

    key: str = Field(description="The product, category, …; empty: not known, or everything.")
    pairs: int = Field(description="How many warehouse × product forecasts are in it.")
    periods: list[Period]
    windows: list[Window]
    history: list[PastTotal] = Field(
        [], description="Closed periods, the newest last, as many as were asked for and are known."
    )


class TotalPage(Page[Total]):
    """Groups of one level, by key."""

    level: Level
    frequency: str = Field(description="day, week or month")
    as_of: str = Field(description="Nothing known after this was used.")
    model_version: str
    served_by: str = "store"
    degraded: bool
    degraded_because: str | None = Field(
        None, description="Why the totals are older than they should be, and since when."
    )


class _Sums:
    """Totals by level, kept until the store moves on."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._version = ""
        self._warehouses = pd.DataFrame()
        self._kept: dict[str, Totals | None] = {}
        self._past: dict[str, PastTotals] = {}

    def of(self, level: Level) -> Totals:
        """The totals of a level; raises Problem where there are no forecasts."""
        with self._lock:
            version = self._runtime.store.version()
            if version != self._version:
                now = self._runtime.now()
                forecasts, demand = (
                    self._runtime.store.history(view, now, since=now - _LEARNED)
                    for view in ("forecast", "demand")
                )
                outlooks = PairOutlooks.of(forecasts, demand)
                self._kept = {each: totals(outlooks, each) for each in TOTALS}
                known = with_corrections(self._runtime, demand, now)
                self._past = {each: past_totals(known, each) for each in TOTALS if each != BY_ONE}
                self._warehouses = self._runtime.lake.read("warehouses")
                self._version = version
            found = self._kept[level]
        if found is not None:
            moment = running_moment(self._runtime.now(), self._warehouses)
            found = found.later(number(moment, found.frequency))
        if found is None:
            detail = "The store has no forecasts of coming periods: argosy score forecasting."
            raise Problem(404, "no_forecasts", detail)
        return found

    def past(self, level: Level, key: str | None) -> PastTotals | None:
        """What closed periods of a level brought, once `of` was asked; of products only one's."""
        if level != BY_ONE:
            return self._past[level]
        if key is None:
            return None
        now = self._runtime.now()
        return past_totals(corrected_history(self._runtime, now, only={BY_ONE_COLUMN: key}), level)


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Put the endpoint of totals on the forecasts' router.

    routes: the router it is added to; runtime: whose store it reads.
    """
    sums = _Sums(runtime)

    @routes.get("/forecasts/totals")
    def list_forecast_totals(
        level: Level,
        key: Annotated[
            str | None, Query(max_length=128, description="Only this one of the level.")
        ] = None,
        horizon: Horizon = None,
        quantiles: Levels = None,
        history: Annotated[
            int, Query(ge=0, le=260, description="Closed periods; of products: with a key only.")
        ] = 0,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> TotalPage:
        """What will sell of a product everywhere, a category, a country, from a warehouse, in all.

        The newest forecasts of the pairs, overrides included, added up: all levels agree. Pairs err
        together; how much is learned from past forecasts and is in the quantiles.
        """
        levels = levels_of(quantiles)
        found = sums.of(level)
        places = [place for place, name in enumerate(found.keys) if key is None or name == key]
        if not places:
            detail = f"{level} {key}: there is no forecast of it."
            fault = FieldFault("/key", "none of this level", "query")
            raise Problem(404, "unknown_key", detail, fields=[fault])
        steps = horizon_of(horizon, found.mean.shape[1])
        here = cut_page(places, limit, cursor)
        past = sums.past(level, key) if history else None
        return TotalPage(
            level=level,
            frequency=found.frequency,
            as_of=found.as_of,
            model_version=found.model_version,
            degraded=found.over > 0,
            degraded_because=_since(found),
            **here
            | {
                "data": [
                    _told(found, place, steps, levels).model_copy(
                        update={"history": _past_of(past, found.keys[place], history)}
                    )
                    for place in here["data"]
                ]
            },
        )


def _past_of(past: PastTotals | None, key: str, periods: int) -> list[PastTotal]:
    """The newest closed periods of a group."""
    if past is None or key not in past.keys:
        return []
    place = past.keys.index(key)
    return [
        PastTotal(period_start=start, quantity=round(quantity, 6), unknown=unknown)
        for start, quantity, unknown in zip(
            past.period_starts[-periods:],
            past.quantity[place, -periods:].tolist(),
            past.unknown[place, -periods:].tolist(),
            strict=True,
        )
    ]


def _since(found: Totals) -> str | None:
    if not found.over:
        return None
    return f"made as of {found.as_of}; {found.over} periods have closed since"


def _told(found: Totals, place: int, horizon: int, levels: Sequence[float]) -> Total:
    steps = slice(horizon)
    names = [f"{level:g}" for level in levels]
    single = total_quantiles(found.mean[place, steps], found.variance[place, steps], levels)
    window = total_quantiles(
        found.window_mean[place, steps], found.window_variance[place, steps], levels
    )
    return Total(
        key=found.keys[place],
        pairs=int(found.pairs[place]),
        periods=[
            Period(period_start=start, mean=round(mean, 6), quantiles=named(names, values))
            for start, mean, values in zip(
                found.period_starts[steps], found.mean[place, steps].tolist(), single, strict=True
            )
        ],
        windows=[
            Window(periods=count + 1, mean=round(mean, 6), quantiles=named(names, values))
            for count, (mean, values) in enumerate(
                zip(found.window_mean[place, steps].tolist(), window, strict=True)
            )
        ],
    )
