"""How well forecasts did on closed periods, by what one wants to see it by."""

import math
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from decisions.forecasting.reports import report
from decisions.runtime import Runtime
from features.forecasting import accuracy
from serving.http.forecasting.query import MaybeId
from serving.http.paging import Cursor, Limit, Page, cut_page

AccuracyLevel = Literal[
    "all",
    "warehouse",
    "product",
    "category",
    "country",
    "demand_class",
    "abc_xyz",
    "lag",
    "month",
]


class Accuracy(BaseModel):
    """Forecasts of closed periods beside the demand that came, where the shelf was full."""

    key: str = Field(description="The warehouse, category, lag, …; empty: not known, or all.")
    periods: int = Field(description="Forecast periods in it.")
    actual: float = Field(description="Units that came.")
    forecast: float = Field(description="Units that were forecast.")
    wape: float | None = Field(description="Sum of errors over the demand; null without demand.")
    bias: float | None = Field(description="Above 0: too high, as a share of the demand.")
    coverage_80: float = Field(description="Share within the central 80%: 0.8 is honest.")


class AccuracyPage(Page[Accuracy]):
    """Accuracy by one level."""

    level: AccuracyLevel


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Put the endpoint of accuracy on the forecasts' router.

    routes: the router it is added to; runtime: whose store it reads.
    """

    @routes.get("/forecasts/accuracy")
    def list_forecast_accuracy(
        level: AccuracyLevel = "all",
        lag: Annotated[
            int | None,
            Query(ge=1, description="Periods ahead, 1: the running one; all when left out."),
        ] = None,
        warehouse_id: MaybeId = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> AccuracyPage:
        """WAPE, bias and coverage of stored forecasts on closed periods, by warehouse, category,
        demand class, lag, month and more.

        Overrides are in them: it is what was planned with. `lag` keeps the forecasts made so many
        periods ahead, such as the lag at which is ordered.
        """
        found = report(runtime, "by_lag", warehouse_id)
        if lag is not None:
            found = found[found["lag"] == lag]
        rows = [
            Accuracy.model_validate({name: _number(value) for name, value in one.items()})
            for one in accuracy(found, level).to_dict("records")
        ]
        if level == "lag":
            rows.sort(key=lambda one: int(one.key))
        return AccuracyPage(level=level, **cut_page(rows, limit, cursor))


def _number(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
