"""Forecasts of products, categories, countries, warehouses, or of everything together."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import pandas as pd
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from decisions.runtime import Runtime
from features.forecasting import (
    TOTALS,
    Level,
    PairOutlooks,
    Totals,
    number,
    running_moment,
    total_quantiles,
    totals,
)
from serving.http.errors import FieldFault, Problem
from serving.http.forecasting.answers import Period, Window, named
from serving.http.forecasting.query import Horizon, Levels, horizon_of, levels_of
from serving.http.paging import Cursor, Limit, Page, cut_page

# How far back forecasts tell what the pairs of a group err in common.
_LEARNED = timedelta(days=190)


class Total(BaseModel):
    """A group's forecast. The means add up to those of its pairs; quantiles are of the sum."""

    key: str = Field(description="The product, category, …; empty: not known, or everything.")
    pairs: int = Field(description="How many warehouse × product forecasts are in it.")
    periods: list[Period]
    windows: list[Window]


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
        return TotalPage(
            level=level,
            frequency=found.frequency,
            as_of=found.as_of,
            model_version=found.model_version,
            degraded=found.over > 0,
            degraded_because=_since(found),
            **here | {"data": [_told(found, place, steps, levels) for place in here["data"]]},
        )


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
