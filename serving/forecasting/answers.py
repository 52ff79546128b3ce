"""The shape of the answer."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from serving.forecasting.batch import at_levels
from serving.forecasting.outlook import Outlook


class Period(BaseModel):
    """One coming period. quantiles: level -> units."""

    period_start: str
    mean: float
    quantiles: dict[str, float]


class Window(BaseModel):
    """The sum of the first periods; its quantiles are not the sums of theirs."""

    periods: int
    mean: float
    quantiles: dict[str, float]


class Forecast(BaseModel):
    """What will sell of one product from one warehouse."""

    warehouse_id: str
    product_id: str
    frequency: str = Field(description="day, week or month")
    as_of: str = Field(description="Nothing known after this was used.")
    demand_class: str
    periods: list[Period]
    windows: list[Window]
    model_version: str
    served_by: str = Field(description="store, or cold_start for what was never sold")
    degraded: bool


def told(outlook: Outlook, horizon: int, levels: Sequence[float]) -> Forecast:
    """The answer for the first `horizon` periods at some levels."""
    single = at_levels(outlook.quantiles[:horizon], outlook.levels, levels)
    window = at_levels(outlook.window_quantiles[:horizon], outlook.levels, levels)
    names = [f"{level:g}" for level in levels]
    return Forecast(
        warehouse_id=outlook.warehouse_id,
        product_id=outlook.product_id,
        frequency=outlook.frequency,
        as_of=outlook.as_of,
        demand_class=outlook.demand_class,
        periods=[
            Period(
                period_start=outlook.period_starts[step],
                mean=float(outlook.mean[step]),
                quantiles=_named(names, single[step]),
            )
            for step in range(horizon)
        ],
        windows=[
            Window(
                periods=step + 1,
                mean=float(outlook.window_mean[step]),
                quantiles=_named(names, window[step]),
            )
            for step in range(horizon)
        ],
        model_version=outlook.model_version,
        served_by=outlook.served_by,
        degraded=bool(outlook.degraded),
    )


def _named(names: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    return dict(zip(names, (round(float(value), 4) for value in values), strict=True))
