"""What the replenishment API answers with."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from data.purchasing import LineAudit
from data.records import DatabaseError
from data.records.purchasing import Purchasing
from decisions.replenishment.line_ids import identity
from decisions.replenishment.plan import Plan
from models.replenishment.curve import waterfall
from models.replenishment.projection import Projection
from serving.http.paging import Page

Row = TypeVar("Row", bound=BaseModel)

EXAMPLE: dict[str, str | float | None] = {
    "id": "DE1~p1029504~S01",
    "warehouse_id": "DE1",
    "product_id": "p1029504",
    "supplier_id": "S01",
    "order_quantity": 18,
    "order_value": 31.5,
    "demand_mean": 12.4,
    "promotion_lift": 0,
    "safety_stock": 7.1,
    "display_stock": 0,
    "promotion_buffer": 0,
    "lot_stock": 0,
    "reorder_point": 19.5,
    "order_up_to": 19.5,
    "on_hand": 3,
    "reserved": 0,
    "on_order": 0,
    "inventory_position": 3,
    "transferred": 0,
    "surplus": 0,
    "waiting": 0,
    "minimum": 0,
    "rounding": 1.5,
    "maximum_cut": 0,
    "capacity_cut": 0,
    "budget_cut": 0,
    "lost_before_arrival": 0.9,
    "order_on": "2017-12-25",
    "lead_time_days": 3.4,
    "lead_time_sd": 0.9,
    "review_period_days": 7,
    "target_quantile": 0.9634,
    "stockout_probability": 0.021,
    "stockout_probability_unordered": 0.94,
    "money_at_risk": 17.2,
    "lost_sales_expected": 0.2,
    "overdue_quantity": 0,
    "unit_cost": 1.75,
    "stockout_on": "2017-12-30",
    "decide_by": "2017-12-27",
    "stock_cover_days": 2.5,
    "on_order_later": 0,
    "demand_class": "smooth",
    "proposal": None,
    "proposal_value": None,
    "not_ordered_reason": None,
    "planned_by": "OrderUpTo",
    "reason": "Order 18: 12.4 expected to sell in 10.4 days (lead time 3.4 + review 7) and 7.1 for "
    "safety make 19.5; 3 are there or coming; rounded by 1.5.",
}


class Suggestion(BaseModel):
    """One line of the plan. demand_mean + promotion_lift + safety_stock + display_stock
    + promotion_buffer + lot_stock − on_hand + reserved − on_order − transferred + surplus − waiting
    + minimum + rounding − maximum_cut − capacity_cut − budget_cut = order_quantity."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(EXAMPLE)]})

    id: str
    warehouse_id: str
    product_id: str
    supplier_id: str | None
    order_quantity: float
    order_value: float | None = Field(description="Landed, in the base currency; null: unknown.")
    demand_mean: float | None = Field(description="Expected over lead time + review period.")
    promotion_lift: float | None = Field(description="What planned promotions add to it.")
    safety_stock: float | None
    display_stock: float | None = Field(description="For the display minimum, beyond the safety.")
    promotion_buffer: float | None = Field(description="For a promotion of uncertain lift.")
    lot_stock: float | None = Field(
        description="Beyond the level: because an order costs money or more at once is cheaper."
    )
    reorder_point: float | None = Field(
        description="At or below this position an order is made; null: no order pays."
    )
    order_up_to: float | None = Field(description="Where an order brings the position.")
    on_hand: float | None = Field(
        description="null: stock was never observed; 0 is assumed, as the reason says."
    )
    reserved: float
    on_order: float = Field(description="Due within the cover, or not long overdue.")
    inventory_position: float | None = Field(
        description="On hand less reserved, and what is on order; null: stock was never observed."
    )
    transferred: float = Field(description="From another warehouse; below 0: to another.")
    surplus: float | None = Field(description="Units above the level.")
    waiting: float | None = Field(
        description="Units below the level that are not ordered yet: waiting costs less."
    )
    minimum: float = Field(description="Units added for the supplier's smallest order.")
    rounding: float | None
    maximum_cut: float = Field(description="Taken off by the supplier's largest order.")
    capacity_cut: float
    budget_cut: float = Field(description="Taken off by a cap on money, weight or volume.")
    lost_before_arrival: float | None = Field(
        description="Demand no order can meet any more: the shelf will be empty before it comes."
    )
    order_on: str | None = Field(
        description="The next day on which the supplier takes orders; null: no supply terms."
    )
    lead_time_days: float | None
    lead_time_sd: float | None
    review_period_days: float | None
    target_quantile: float | None
    stockout_probability: float | None = Field(description="Over the cover, with this order.")
    stockout_probability_unordered: float | None
    money_at_risk: float | None = Field(description="Lost sales expected if nothing is ordered.")
    lost_sales_expected: float | None = Field(
        description="Lost sales expected although this is ordered, in the base currency."
    )
    overdue_quantity: float = Field(
        description="On order, more than 28 days late: not counted. Will it still come?"
    )
    unit_cost: float | None = Field(description="Landed, in the base currency, at this quantity.")
    stockout_on: str | None = Field(
        description="When expected stock is at its minimum; null: later."
    )
    decide_by: str | None = Field(
        description="The last order day before the position falls to the reorder point."
    )
    stock_cover_days: float | None = Field(
        description="How long stock on hand lasts; red above 90."
    )
    on_order_later: float
    demand_class: str
    state: str = Field(
        "draft", description="draft, awaiting_second, approved, changed, dismissed, exported, …"
    )
    approved_quantity: float | None = Field(None, description="What was approved or ordered.")
    proposal: str | None = Field(
        description="For stock of more than 90 days: markdown, stop ordering, transfer or keep."
    )
    proposal_value: float | None = Field(description="Its money effect.")
    not_ordered_reason: str | None
    planned_by: str = Field(description="The policy that planned the line.")
    reason: str


class Made(BaseModel):
    """By whom, when and how well an answer was made."""

    as_of: datetime
    model_version: str | None
    served_by: str
    degraded: bool


class WaterfallPart(BaseModel):
    """A step of the waterfall; the units add up to order_quantity, the money to order_value."""

    part: str
    units: float
    money: float | None


class CurvePoint(BaseModel):
    """What another quantity is expected to cost until it is sold, in the base currency. The least
    total is that of the suggested quantity, before caps."""

    quantity: float
    holding: float | None
    shortage: float | None
    ordering: float | None
    later: float | None = Field(
        description="Holding and orders of later periods, beside the quantity that makes it least."
    )
    total: float | None


class Ahead(BaseModel):
    """Stock expected on a day if nothing more is ordered; low and high: one time in ten each."""

    day: date
    mean: float
    low: float
    high: float
    broken: float = Field(description="Probability that the minimum was reached by then.")


class Entry(BaseModel):
    """Something that happened to the line. owner: who answers for the key `actor`; null: nobody is
    told."""

    at: datetime
    actor: str
    owner: str | None = None
    before: str
    after: str
    quantity: float
    reason: str


class SuggestionAnswer(Made):
    """One line in depth; waterfall, cost_curve, projection: null where it cannot be planned."""

    data: Suggestion
    waterfall: list[WaterfallPart] | None
    cost_curve: list[CurvePoint] | None
    projection: list[Ahead] | None
    trail: list[Entry]


class SuggestionPage(Made, Page[Suggestion]):
    """A page of lines; the most money at risk first."""


States = Mapping[str, tuple[str, float]]


def decided_on(
    records: Purchasing, plan: Plan, line_id: str = ""
) -> tuple[States, list[LineAudit]]:
    """What was decided on a plan's lines, and one line's history; nothing while the database is
    away: the plan itself can be read without it.

    records: of what is bought or moved; plan: whose lines; line_id: whose history, "": nobody's.
    """
    try:
        return records.states(plan.as_of), records.trail(line_id) if line_id else []
    except DatabaseError:
        return {}, []


def suggestions(lines: pd.DataFrame, states: States) -> list[Suggestion]:
    """Lines as answers, with what was decided on them; what is missing is null.

    lines: rows of a plan; states: id of a line -> its state and the quantity decided on; a line
    without one is a draft.
    """
    rows = _records(lines.assign(id=identity(lines)))
    for row in rows:
        row["state"], row["approved_quantity"] = states.get(row["id"], ("draft", None))
    return [Suggestion.model_validate(row) for row in rows]


def depth(
    plan: Plan, line: pd.Series, states: States, *, trail: Sequence[LineAudit]
) -> SuggestionAnswer:
    """One line with its waterfall, cost curve, projection and history.

    plan: the plan it belongs to; line: its row; states: id of a line -> its state and the quantity
    decided on; trail: what happened to the line.
    """
    own = plan.frame[
        (plan.frame["warehouse_id"] == line["warehouse_id"])
        & (plan.frame["product_id"] == line["product_id"])
    ]
    found = None
    if pd.notna(line["demand_mean"]):
        found = plan.model.depth(
            own, float(line["order_quantity"]), moved=float(line["transferred"])
        )
    return SuggestionAnswer(
        **made(plan),
        data=suggestions(line.to_frame().T, states)[0],
        waterfall=_parts(WaterfallPart, waterfall(line, digits=plan.digits)) if found else None,
        cost_curve=_parts(CurvePoint, found.curve) if found else None,
        projection=_ahead(plan.local_times(own).iloc[0], found.projection) if found else None,
        trail=[Entry(**vars(each)) for each in trail],
    )


def _ahead(now: pd.Timestamp, found: Projection) -> list[Ahead]:
    return [
        Ahead(
            day=(now + pd.Timedelta(days=float(day))).date(),
            mean=round(float(found.mean[0, n]), 3),
            low=round(float(found.low[0, n]), 3),
            high=round(float(found.high[0, n]), 3),
            broken=round(float(found.broken[0, n]), 4),
        )
        for n, day in enumerate(found.days)
    ]


def _parts(kind: type[Row], frame: pd.DataFrame) -> list[Row]:
    return [kind.model_validate(row) for row in _records(frame)]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts, None for what is missing."""
    rows = frame.to_dict("records")
    return [{str(k): None if pd.isna(v) else v for k, v in row.items()} for row in rows]


def made(plan: Plan) -> dict[str, Any]:
    """The fields of `Made`."""
    return {
        "as_of": plan.as_of,
        "model_version": plan.model_version,
        "served_by": plan.served_by,
        "degraded": bool(plan.degraded),
    }
