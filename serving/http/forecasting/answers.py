"""The shape of the answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, Field

from decisions.forecasting.batch import at_levels
from decisions.forecasting.outlook import Outlook
from features.forecasting import EXPLAINED
from serving.http.forecasting.planner_schemas import why

NEVER_SOLD = (
    "It was never sold here: this is a guess from the sales of products like it, the same one "
    "elsewhere, else those of its category."
)


class Period(BaseModel):
    """One coming period. quantiles: level -> units."""

    period_start: str
    mean: float
    quantiles: dict[str, float]


class ForecastPart(BaseModel):
    """What the model's mean of a period is made of, in units; the parts add up to it."""

    level: float = Field(description="Usual demand, as sold.")
    stockouts: float = Field(description="What empty shelves hid of it.")
    season: float = Field(description="What the time of the year and the newest sales add.")
    price: float
    promotion: float


class Past(BaseModel):
    """A closed period. quantity: demand; null where the shelf was empty."""

    period_start: str
    quantity: float | None
    sold: float
    lost: float
    correction: str = Field(description="What was corrected and why; empty: nothing.")
    original: float | None = Field(
        None, description="Demand before planners' corrections; `quantity` is after them."
    )
    history_corrections: list[str] = Field([], description="Ids of planners' corrections of it.")


class Window(BaseModel):
    """The sum of the first periods; its quantiles are not the sums of theirs."""

    periods: int
    mean: float
    quantiles: dict[str, float]


class HistoryEvent(BaseModel):
    """What was found in a pair's history, or told of it, and changes how it is read."""

    kind: Literal["pause", "level_shift", "unit_change", "continues", "succeeded"]
    first: str = Field(description="First day of the pause, the new level or the successor.")
    last: str | None = Field(description="Start of the last period of a pause.")
    factor: float | None = Field(description="How many times as much is sold since.")
    product_id: str | None = Field(None, description="The product continued, or its successor.")
    note: str


class Forecast(BaseModel):
    """What will sell of one product from one warehouse."""

    warehouse_id: str
    product_id: str
    frequency: str = Field(description="day, week or month")
    as_of: str = Field(description="Nothing known after this was used.")
    demand_class: str = Field(
        description="smooth, erratic, intermittent or lumpy; new: known for less than 8 periods; "
        "unseen: never sold there; empty without a model."
    )
    note: str | None = Field(None, description="That the forecast is a guess, and from what.")
    abc_xyz: str | None = Field(description="By revenue (A, B, C) and by evenness (X, Y, Z).")
    history: list[Past]
    periods: list[Period]
    windows: list[Window]
    explanation: list[ForecastPart] | None = Field(
        description="Of the model's means, before overrides."
    )
    overrides: list[str] = Field(description="Ids of the overrides that count.")
    history_events: list[HistoryEvent] = Field(
        [], description="Pauses and level shifts that were found, the oldest first."
    )
    model_version: str
    served_by: str = Field(
        description="store; cold_start for what was never sold; recent_sales without a model"
    )
    degraded: bool
    degraded_because: str | None = Field(
        None, description="Why the answer is simpler or older than it should be, and since when."
    )


def told(
    outlook: Outlook, horizon: int, levels: Sequence[float], history: Sequence[Past] = ()
) -> Forecast:
    """The answer for the first `horizon` periods at some levels.

    outlook: the forecast of one pair; horizon: how many periods are told, no more than it reaches;
    levels: of the quantiles, each between 0 and 1; history: closed periods that are told with it.
    """
    single = at_levels(outlook.quantiles[:horizon], outlook.levels, levels)
    window = at_levels(outlook.window_quantiles[:horizon], outlook.levels, levels)
    names = [f"{level:g}" for level in levels]
    return Forecast(
        warehouse_id=outlook.warehouse_id,
        product_id=outlook.product_id,
        frequency=outlook.frequency,
        as_of=outlook.as_of,
        demand_class=outlook.demand_class,
        note=NEVER_SOLD if outlook.demand_class == "unseen" else None,
        abc_xyz=outlook.abc_xyz,
        history=list(history),
        explanation=_parts(outlook, horizon),
        overrides=list(outlook.overrides),
        history_events=[history_event(one) for one in outlook.history_events],
        periods=[
            Period(
                period_start=outlook.period_starts[step],
                mean=round(float(outlook.mean[step]), 6),
                quantiles=named(names, single[step]),
            )
            for step in range(horizon)
        ],
        windows=[
            Window(
                periods=step + 1,
                mean=round(float(outlook.window_mean[step]), 6),
                quantiles=named(names, window[step]),
            )
            for step in range(horizon)
        ],
        model_version=outlook.model_version,
        served_by=outlook.served_by,
        degraded=bool(outlook.degraded),
        degraded_because=outlook.degraded or None,
    )


def history_event(event: Mapping[str, Any]) -> HistoryEvent:
    """An event with what it means as a sentence.

    event: kind, first, last (None but of a pause), factor (None of a pause).
    """
    first, factor = event["first"], event["factor"]
    if event["kind"] == "pause":
        note = (
            f"Nothing was sold from {first} to {event['last']}, between steady sales: demand of "
            "that time is unknown and does not lower the level."
        )
    elif event["kind"] == "continues":
        note = (
            f"Continues {event['product_id']} since {first}{_times(factor)}: it inherits level, "
            "season and weekdays until its own sales say otherwise."
        )
    elif event["kind"] == "succeeded":
        note = (
            f"Succeeded by {event['product_id']} since {first}{_times(factor)}: nothing is "
            "forecast of it from that day on."
        )
    elif event["kind"] == "unit_change":
        note = (
            f"Since {first} quantities are {factor:g} times those before and prices fit: the unit "
            "changed; older quantities and prices are counted in the new unit."
        )
    else:
        note = (
            f"Since {first} about {factor:.2g} times as much is sold: older sales are counted at "
            "the new level."
        )
    return HistoryEvent(**event, note=note)


def _times(factor: float) -> str:
    return "" if factor == 1 else f" (× {factor:g})"


def past_of(demand: pd.DataFrame) -> list[Past]:
    """Rows of a pair's `demand`, with planners' corrections put on, as they are told."""
    return [
        Past(
            period_start=row["period_start"],
            quantity=None if pd.isna(row["quantity"]) else float(row["quantity"]),
            sold=float(row["observed_sold"]),
            lost=round(float(row["lost"]), 4),
            correction=why(row),
            original=None if pd.isna(row["observed"]) else float(row["observed"]),
            history_corrections=(row["history_corrections"] or "").split(",")
            if row["history_corrections"]
            else [],
        )
        for row in demand.to_dict("records")
    ]


def _parts(outlook: Outlook, horizon: int) -> list[ForecastPart] | None:
    if outlook.explanation is None:
        return None
    rows = outlook.explanation.reshape(outlook.horizon, -1)[:horizon]
    return [ForecastPart(**dict(zip(EXPLAINED, map(float, one), strict=True))) for one in rows]


def named(names: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    """Quantiles by the names of their levels.

    names: the levels as text, such as `0.5`; values: the quantiles, in units, one a name; they are
    rounded to four decimals.
    """
    return dict(zip(names, (round(float(value), 4) for value in values), strict=True))
