"""What planners send and get: overrides, exceptions, forecast value added, corrections."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pandas as pd
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictFloat

from features.forecasting import EVERY, Override
from serving.http.paging import Page

_COUNTED = (
    "sold",
    "quantity",
    "in_stock",
    "closed",
    "lost",
    "cancelled",
    "fraudulent",
    "returned",
    "bulk",
)
Id = Annotated[str, Field(min_length=1, max_length=128)]


class OverrideRequest(BaseModel):
    """A planner's view for a while, of one pair, or of all of a warehouse, a product, a category, a
    brand or a country: quantity or added (units a period, of several pairs together) or factor.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "warehouse_id": "DE1",
                    "product_id": "p1082185",
                    "first": "2018-01-01",
                    "last": "2018-01-31",
                    "factor": 1.5,
                    "author": "m.lang",
                    "reason": "television spot in January",
                    "expires_at": "2018-02-01T00:00:00Z",
                }
            ]
        },
    )

    warehouse_id: Id | None = Field(None, description="Left out: every warehouse.")
    product_id: Id | None = Field(None, description="Left out: every product.")
    category: Id | None = Field(None, description="Its products, and those of categories in it.")
    brand: Id | None = None
    country: Id | None = Field(None, description="Of the warehouses.")
    first: date = Field(description="Periods that start from this day …")
    last: date = Field(description="… to this day.")
    quantity: StrictFloat | None = Field(
        None, ge=0, allow_inf_nan=False, description="Units a period in place of the forecast."
    )
    factor: StrictFloat | None = Field(
        None, ge=0, le=1000, allow_inf_nan=False, description="What the forecast is multiplied by."
    )
    added: StrictFloat | None = Field(
        None, allow_inf_nan=False, description="Units a period beside the forecast."
    )
    author: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    expires_at: AwareDatetime


class OverrideAnswer(BaseModel):
    """An override as it is kept. applied: whether a forecast in the store bears it; note: why it
    does not."""

    override_id: str
    warehouse_id: str = Field(description="* for every warehouse.")
    product_id: str = Field(description="* for every product.")
    category: str | None = None
    brand: str | None = None
    country: str | None = None
    first: date
    last: date
    quantity: float | None
    factor: float | None
    added: float | None = None
    author: str
    reason: str
    created_at: datetime
    expires_at: datetime
    holds: bool
    applied: bool | None = None
    note: str | None = None


class OverridePage(Page[OverrideAnswer]):
    """Overrides, the newest first."""


class ErringPair(BaseModel):
    """A pair whose forecasts err to one side."""

    warehouse_id: str
    product_id: str
    periods: int
    actual: float
    forecast: float
    bias: float = Field(description="Units a period; above 0 is too high.")
    tracking_signal: float = Field(description="Beyond ±4 is no chance.")
    money_at_stake: float | None = Field(
        description="|sum of errors| × the newest price, in base currency; null: no price is known."
    )


class Value(BaseModel):
    """How one way to forecast did on closed periods."""

    way: str
    periods: int
    wape: float
    bias: float
    value_added: float = Field(description="WAPE under that of the naive forecast.")


class ExceptionPage(Page[ErringPair]):
    """Exceptions, the most money first."""


class ValuePage(Page[Value]):
    """Forecast value added: naive, seasonal naive, the model, and what was planned with."""


class Correction(BaseModel):
    """A period whose demand is not what was sold, and why."""

    period_start: str
    sold: float
    quantity: float | None = Field(description="Demand; null: unknown, there was nothing to sell.")
    in_stock: float | None
    closed: float | None = Field(description="Share of the time that the warehouse was closed.")
    lost: float
    cancelled: float
    fraudulent: float
    returned: float
    bulk: float
    reason: str


class CorrectionPage(Page[Correction]):
    """Corrections of one pair, the newest first."""


def told(
    override: Override, now: datetime, applied: bool | None = None, note: str | None = None
) -> OverrideAnswer:
    """An override as an answer.

    now: when it is asked whether it holds. applied: whether a stored forecast bears it, None where
    that was not looked up; note: why it does not.
    """
    holds = override.holds(now)
    return OverrideAnswer(**vars(override), holds=holds, applied=applied, note=note)


def asked(body: OverrideRequest, override_id: str, now: datetime) -> Override:
    """The override a request asks for, from now on.

    body: the request; override_id: the id it is kept under; now: the moment it holds from.
    """
    given = body.model_dump() | {"expires_at": body.expires_at.astimezone(UTC)}
    given |= {name: given[name] or EVERY for name in ("warehouse_id", "product_id")}
    return Override(override_id=override_id, created_at=now, **given)


def corrections(demand: pd.DataFrame) -> Iterator[Correction]:
    """The corrected rows of a pair's demand, the newest first."""
    rows = demand.sort_values("event_timestamp", ascending=False, kind="stable")
    for row in rows.to_dict("records"):
        if reason := why(row):
            units: dict[str, Any] = {name: known_number(row.get(name)) for name in _COUNTED}
            yield Correction(period_start=row["period_start"], reason=reason, **units)


def why(row: Mapping[Any, Any]) -> str:
    """What was corrected in a row of `demand`, in words; empty when nothing was."""
    lost, share = known_number(row["lost"]) or 0.0, known_number(row["in_stock"])
    closed = known_number(row.get("closed")) or 0.0
    parts = []
    # What a planner excluded or replaced is no shelf's doing.
    by_planner = bool(row.get("history_corrections"))
    continued = row.get("continues")
    if by_planner and not isinstance(continued, str):
        parts.append("corrected by a planner")
    elif by_planner:
        parts.append(f"continues {continued}: its demand")
    if by_planner:
        row = {**row, "censored": False}
    if known_number(row.get("paused")):
        parts.append("paused, sold steadily before and after: demand unknown")
    elif known_number(row["quantity"]) is None and not by_planner:
        empty = ["warehouse closed"] * (closed > 0) + ["shelf empty"] * (closed < 1)
        parts.append(f"{' and '.join(empty)}: demand unknown, about {lost:.1f} lost")
    elif bool(row["censored"]):
        known = (
            f"in stock {share:.0%} of the time" if share is not None and share < 1 else "sold out"
        )
        known = f"warehouse closed {closed:.0%} of the time, {known}" if closed > 0 else known
        parts.append(f"{known}: demand at least this, about {lost:.1f} lost")
    units = {
        name: known_number(row.get(name)) or 0.0 for name in ("cancelled", "fraudulent", "bulk")
    }
    parts += [f"{count:g} {name}, not counted" for name, count in units.items() if count > 0]
    if (known_number(row["returned"]) or 0.0) > 0:
        parts.append(f"{known_number(row['returned']):g} returned, counted")
    return "; ".join(parts)


def known_number(value: Any) -> float | None:
    """A number as JSON has it: None where it is not known."""
    return None if pd.isna(value) else float(value)
