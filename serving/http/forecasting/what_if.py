"""What will sell under other prices and promotions, beside what will as planned."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

import pandas as pd
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, model_validator

from decisions.forecasting.batch import at_levels
from decisions.forecasting.override_layer import KEYS
from decisions.forecasting.what_if import (
    ForecastQuestion,
    PriceChange,
    PromotionPlan,
    WhatIfForecast,
    forecast_what_if,
)
from decisions.runtime import Runtime
from features.forecasting import quantile_names
from models.base import ModelError
from serving.http.errors import Problem
from serving.http.forecasting.answers import named
from serving.http.forecasting.query import levels_of

Id = Annotated[str, Field(min_length=1, max_length=128)]


class _Dated(BaseModel):
    """Something from one day to another."""

    model_config = ConfigDict(extra="forbid")

    first: date = Field(description="From this day …")
    last: date = Field(description="… to this day.")
    product_id: Id | None = Field(None, description="Left out: all products asked for.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}")
        return self


class WhatIfPrice(_Dated):
    """Another price for a while: a price, or a factor of the one that holds."""

    price: StrictFloat | None = Field(
        None, gt=0, allow_inf_nan=False, description="In the currency of the product's prices."
    )
    factor: StrictFloat | None = Field(
        None, gt=0, le=100, allow_inf_nan=False, description="Of the price that holds: 0.9 is −10%."
    )

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        if (self.price is None) == (self.factor is None):
            raise ValueError("give either price or factor")
        return self


class WhatIfPromotion(_Dated):
    """A promotion for a while, of a kind as in the table `promotions`."""

    kind: Id | None = None
    discount: StrictFloat | None = Field(None, ge=0, le=1, allow_inf_nan=False)


class ForecastWhatIfRequest(BaseModel):
    """Which forecasts, and what changes: prices, promotions, or no promotions as planned."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "warehouse_id": "DE1",
                    "product_id": "p1082185",
                    "prices": [{"first": "2018-01-08", "last": "2018-01-21", "factor": 0.9}],
                    "promotions": [{"first": "2018-01-08", "last": "2018-01-21", "discount": 0.1}],
                    "horizon": 4,
                }
            ]
        },
    )

    warehouse_id: Id | None = None
    product_id: Id | None = None
    category: Id | None = Field(None, description="Its products, and those of categories in it.")
    brand: Id | None = None
    prices: Annotated[list[WhatIfPrice], Field(max_length=100)] = []
    promotions: Annotated[list[WhatIfPromotion], Field(max_length=100)] = []
    without_planned: bool = Field(False, description="Leave out the promotions that are planned.")
    horizon: int | None = Field(None, ge=1, description="Periods told; all when left out.")
    quantiles: Annotated[list[float], Field(max_length=20)] | None = Field(
        None, description="Levels, 0.01 to 0.99."
    )

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not any((self.warehouse_id, self.product_id, self.category, self.brand)):
            raise ValueError("name a warehouse_id, product_id, category or brand")
        return self

    def question(self) -> ForecastQuestion:
        """The question as the decisions take it."""
        return ForecastQuestion(
            warehouse_id=self.warehouse_id,
            product_id=self.product_id,
            category=self.category,
            brand=self.brand,
            prices=tuple(PriceChange(**one.model_dump()) for one in self.prices),
            promotions=tuple(PromotionPlan(**one.model_dump()) for one in self.promotions),
            without_planned=self.without_planned,
        )


class WhatIfValues(BaseModel):
    """Units of a period. quantiles: level -> units."""

    mean: float
    quantiles: dict[str, float]


class WhatIfPeriod(BaseModel):
    """A coming period, as planned and as asked."""

    period_start: str
    baseline: WhatIfValues
    what_if: WhatIfValues


class WhatIfPair(BaseModel):
    """One product in one warehouse; totals are of all periods told."""

    warehouse_id: str
    product_id: str
    periods: list[WhatIfPeriod]
    baseline_total: float
    what_if_total: float


class ForecastWhatIf(BaseModel):
    """What sells as planned (baseline) and as asked, by the model, without overrides."""

    frequency: str = Field(description="day, week or month")
    as_of: str = Field(description="Nothing known after this was used.")
    model_version: str
    served_by: str = "model"
    degraded: bool = False
    notes: list[str] = Field(description="What the answer cannot know.")
    baseline_total: float
    what_if_total: float
    data: list[WhatIfPair]


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Put the what-if endpoint on the forecasts' router.

    routes: the router it is added to; runtime: whose store and model it asks.
    """

    @routes.post("/forecasts/what-if")
    def forecast_under_changes(body: ForecastWhatIfRequest) -> ForecastWhatIf:
        """Forecast with other prices and promotions, beside the forecast as planned; nothing is
        kept.

        Both are what the model says of the periods from the running one on: overrides are not in
        them. `notes` say what it cannot know, such as a kind of promotion never seen.
        """
        levels = levels_of(body.quantiles)
        release = runtime.release("forecasting")
        if release is None:
            raise ModelError(runtime.problem("forecasting") or "No forecaster is in use.")
        now = runtime.now()
        try:
            found = forecast_what_if(runtime, release, body.question(), now)
        except ModelError as error:
            raise Problem(422, "invalid_question", str(error)) from error
        known: Sequence[float] = release.model.levels  # type: ignore[attr-defined]
        pairs = list(_pairs(found, body.horizon, known, levels))
        return ForecastWhatIf(
            frequency=found.frequency,
            as_of=now.isoformat(),
            model_version=release.version,
            notes=list(found.notes),
            baseline_total=round(sum(one.baseline_total for one in pairs), 4),
            what_if_total=round(sum(one.what_if_total for one in pairs), 4),
            data=pairs,
        )


def _pairs(
    found: WhatIfForecast, horizon: int | None, known: Sequence[float], levels: Sequence[float]
) -> list[WhatIfPair]:
    answer = []
    changed = found.changed.groupby(KEYS, sort=False)
    for (warehouse, product), rows in found.baseline.groupby(KEYS, sort=False):
        both = [rows.head(horizon or len(rows)), changed.get_group((warehouse, product))]
        both[1] = both[1].head(len(both[0]))
        values = [_values(one, known, levels) for one in both]
        starts = both[0]["period_start"].tolist()
        answer.append(
            WhatIfPair(
                warehouse_id=warehouse,
                product_id=product,
                periods=[
                    WhatIfPeriod(period_start=start, baseline=before, what_if=after)
                    for start, before, after in zip(starts, *values, strict=True)
                ],
                baseline_total=round(float(both[0]["mean"].sum()), 4),
                what_if_total=round(float(both[1]["mean"].sum()), 4),
            )
        )
    return answer


def _values(
    rows: pd.DataFrame, known: Sequence[float], levels: Sequence[float]
) -> list[WhatIfValues]:
    names = [f"{level:g}" for level in levels]
    quantiles = at_levels(rows[quantile_names(known)].to_numpy(dtype=float), known, levels)
    return [
        WhatIfValues(mean=round(mean, 4), quantiles=named(names, own))
        for mean, own in zip(rows["mean"].tolist(), quantiles.tolist(), strict=True)
    ]
