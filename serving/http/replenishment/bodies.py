"""What the replenishment API is asked with, and what it answers on decisions, orders and moves."""

from datetime import datetime
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, StrictFloat

from data.money import rounded
from data.purchasing import AwaitedApproval, OrderedLine, OrderState, Outcome, order_state
from decisions.replenishment.plan import WhatIfTerms
from serving.http.bodies import WrittenReason
from serving.http.paging import Page
from serving.http.replenishment.answers import Made, Suggestion


class TermsBody(BaseModel):
    """Other terms to plan under; what is not given stays as it is."""

    model_config = ConfigDict(extra="forbid")

    lead_time_days: StrictFloat | None = Field(None, ge=0, le=730)
    lead_time_sd: StrictFloat | None = Field(None, ge=0, le=365)
    service_level: StrictFloat | None = Field(None, gt=0, lt=1)
    duty_rate: StrictFloat | None = Field(
        None, ge=0, le=5, description="The tariff, a share of cost."
    )
    demand_uplift: StrictFloat | None = Field(
        None, ge=-1, le=10, description="Share by which all demand is more."
    )
    budget: StrictFloat | None = Field(
        None, ge=0, description="Money for all orders together, in the base currency."
    )
    weight_kg: StrictFloat | None = Field(None, ge=0, description="What a container bears.")
    volume_m3: StrictFloat | None = Field(None, ge=0, description="What a container holds.")

    def terms(self) -> WhatIfTerms:
        """These terms as the plan takes them."""
        return WhatIfTerms(**self.model_dump(include=set(TermsBody.model_fields)))


class Change(TermsBody):
    """Other terms, for some lines or all; `against`: terms to compare with, else today's."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"warehouse_id": "DE1", "lead_time_days": 21, "budget": 5000}]
        },
    )

    warehouse_id: str | None = None
    product_id: str | None = None
    supplier_id: str | None = None
    against: TermsBody | None = None
    limit: int = Field(100, ge=1, le=1000)


class PlanToApprove(TermsBody):
    """A plan under other terms, of some lines or all, to be approved as it stands."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"warehouse_id": "DE1", "budget": 500}]},
    )

    warehouse_id: str | None = None
    product_id: str | None = None
    supplier_id: str | None = None
    reason: str = Field("", max_length=1000)


class Scenario(TermsBody):
    """Terms to plan under, with a name of one's own."""

    name: str = Field(min_length=1, max_length=100)


class ScenariosToCompare(BaseModel):
    """Plans under several terms, such as budgets or service levels, of some lines or all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "warehouse_id": "DE1",
                    "scenarios": [
                        {"name": "90 %", "service_level": 0.9},
                        {"name": "98 %", "service_level": 0.98},
                    ],
                }
            ]
        },
    )

    warehouse_id: str | None = None
    product_id: str | None = None
    supplier_id: str | None = None
    scenarios: list[Scenario] = Field(min_length=1, max_length=12)


class ScenarioFigures(BaseModel):
    """What a plan comes to; money in the base currency, where it is known."""

    name: str
    lines_ordered: int
    order_value: float
    stock_value: float = Field(description="In what is there, coming and ordered.")
    lost_sales: float = Field(description="Expected to be lost over the cover.")
    service_level: float | None = Field(
        description="Probability of not running out over the cover, lines weighted by demand."
    )


class ScenarioComparison(Made):
    """A row a scenario, in order; nothing is kept. `POST /plan:approve` takes the terms of one."""

    data: list[ScenarioFigures]


class PlanTotals(BaseModel):
    """A plan in a few numbers; value in the base currency, where it is known."""

    lines_ordered: int
    units: float
    value: float
    money_at_risk: float = Field(
        description="Lost sales expected although this is ordered; a smaller budget makes it more."
    )
    transfers: int


class Difference(BaseModel):
    """A line that the two plans order differently."""

    id: str
    now: float
    changed: float


class WhatIf(Made):
    """The plan under other terms beside the plan as it is (or `against`); nothing is kept.

    proven_gap: the share by which the best use of the caps could at most gain more; null: no caps.
    """

    now: PlanTotals
    changed: PlanTotals
    proven_gap: float | None
    differences: list[Difference] = Field(description="The largest first.")
    data: list[Suggestion]


class Item(BaseModel):
    """A line to decide on."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=512)
    quantity: StrictFloat | None = Field(None, gt=0, description="Another than the suggested one.")
    reason: str = Field("", max_length=1000)


class One(BaseModel):
    """A decision on the line in the path."""

    model_config = ConfigDict(extra="forbid")

    quantity: StrictFloat | None = Field(None, gt=0, description="Another than the suggested one.")
    reason: str = Field("", max_length=1000)


class LinesToDecide(BaseModel):
    """Lines to decide on, each for itself."""

    model_config = ConfigDict(extra="forbid")

    items: list[Item] = Field(min_length=1, max_length=5000)


class Decided(BaseModel):
    """What came of one decision. problem: why nothing changed; null when it did."""

    id: str
    state: str
    quantity: float
    problem: str | None


class DecidedAll(BaseModel):
    """One result a line, in order."""

    data: list[Decided]
    changed: int
    refused: int


class Export(BaseModel):
    """Which approved lines to order; nothing given: all."""

    model_config = ConfigDict(extra="forbid")

    warehouse_id: str | None = None
    supplier_id: str | None = None


class OrderToCancel(BaseModel):
    """What of an order is cancelled, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "the supplier is out of stock"}]},
    )

    reason: WrittenReason
    line_nos: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)] | None = Field(
        None, description="Lines of the order; left out: all that has not come."
    )


ORDER_STATE = "Of the lines that stand; `partially_received` where they differ."


class PurchaseLine(BaseModel):
    """A line of a purchase or transfer order, in the columns of the table `purchase_orders`; of a
    transfer unit_cost is what moving a unit costs."""

    line_no: int
    product_id: str
    quantity: float
    unit_cost: float | None
    expected_at: datetime
    cancelled_at: datetime | None
    state: OrderState = Field(
        description="`partially_received` while the rest is still to come; as of the newest plan."
    )


class PurchaseOrder(BaseModel):
    """An order to one supplier for one warehouse. value: landed, where every cost is known."""

    po_id: str
    supplier_id: str
    warehouse_id: str
    ordered_at: datetime
    units: float
    value: float | None
    state: OrderState = Field(description=ORDER_STATE)
    lines: list[PurchaseLine]


class PurchaseOrders(Page[PurchaseOrder]):
    """Purchase orders made here."""


class ExportedOrders(PurchaseOrders):
    """The purchase orders that were made, and what was not ordered."""

    awaiting_second: list[str] = Field(
        description="Lines that were not ordered: with the others of their supplier they come to "
        "more than one person may approve. They wait for a second person."
    )


class LineToSecond(BaseModel):
    """A line that one person approved and another one must approve, too."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "DE1~p1082185~S06",
                    "kind": "order",
                    "planned_at": "2017-12-31T22:21:59Z",
                    "warehouse_id": "DE1",
                    "product_id": "p1082185",
                    "supplier_id": "S06",
                    "quantity": 144,
                    "unit_cost": 41.5,
                    "value": 5976.0,
                    "asked_by": "anna@shop.example",
                    "asked_at": "2018-01-02T09:30:00Z",
                    "reason": "before the price rises",
                }
            ]
        }
    )

    id: str
    kind: Literal["order", "transfer"] = Field(
        description="What is approved: `:approve` of suggestions or of transfers."
    )
    planned_at: datetime = Field(description="The moment of the plan that it belongs to.")
    warehouse_id: str
    product_id: str
    supplier_id: str = Field(description="Of a transfer: the warehouse that sends.")
    quantity: float
    unit_cost: float | None = Field(description="Landed, in the base currency; null: unknown.")
    value: float | None = Field(description="In the base currency; null: unknown.")
    asked_by: str | None = Field(
        description="The owner who approved it: anybody else may approve it, too."
    )
    asked_at: datetime
    reason: str


class LinesToSecond(Page[LineToSecond]):
    """Lines that wait for a second person, of all plans, the longest waiting first."""

    above: float | None = Field(
        description="Orders of more than this take two people (base currency); null: none do."
    )


def decided(outcomes: list[Outcome]) -> DecidedAll:
    """Outcomes as an answer."""
    rows = [
        Decided(id=o.line_id, state=o.state, quantity=o.quantity, problem=o.problem or None)
        for o in outcomes
    ]
    refused = sum(row.problem is not None for row in rows)
    return DecidedAll(data=rows, changed=len(rows) - refused, refused=refused)


def line_to_second(
    waiting: AwaitedApproval, currency: str, *, kind: Literal["order", "transfer"]
) -> LineToSecond:
    """A waiting line as an answer.

    waiting: the line; currency: the base currency, in whose minor units its value is told; kind:
    what it is.
    """
    line, value = waiting.line, waiting.value
    return LineToSecond(
        id=line.line_id,
        kind=kind,
        planned_at=line.planned_at,
        warehouse_id=line.warehouse_id,
        product_id=line.product_id,
        supplier_id=line.supplier_id,
        quantity=waiting.quantity,
        unit_cost=line.unit_cost,
        value=None if value is None else rounded(value, currency),
        asked_by=waiting.asked_by,
        asked_at=waiting.asked_at,
        reason=waiting.reason,
    )


def purchase_orders(lines: list[OrderedLine], currency: str) -> list[PurchaseOrder]:
    """Ordered lines grouped into their orders, in order of appearance.

    lines: of any orders; currency: the base currency, in whose minor units values are told.
    """
    return [_order(group, currency) for group in by_order(lines)]


def by_order(lines: list[OrderedLine]) -> list[list[OrderedLine]]:
    """The lines of each order, in order of appearance. lines: of any orders."""
    groups: dict[str, list[OrderedLine]] = {}
    for line in lines:
        groups.setdefault(line.po_id, []).append(line)
    return list(groups.values())


def _order(lines: list[OrderedLine], currency: str) -> PurchaseOrder:
    return PurchaseOrder(
        po_id=lines[0].po_id,
        supplier_id=lines[0].supplier_id,
        warehouse_id=lines[0].warehouse_id,
        ordered_at=lines[0].ordered_at,
        units=sum(line.quantity for line in lines),
        value=value_of(lines, currency),
        state=order_state([line.state for line in lines]),
        lines=[purchase_line(line) for line in lines],
    )


def value_of(lines: list[OrderedLine], currency: str) -> float | None:
    """What lines cost together; None where a cost is unknown.

    lines: of an order; currency: the base currency, to whose minor unit it is rounded.
    """
    known = [line.unit_cost * line.quantity for line in lines if line.unit_cost is not None]
    return rounded(sum(known), currency) if len(known) == len(lines) else None


def purchase_line(line: OrderedLine) -> PurchaseLine:
    """A line of an order as an answer."""
    return PurchaseLine.model_validate(vars(line), extra="ignore", from_attributes=False)


def in_state(lines: list[OrderedLine], state: OrderState | None) -> list[OrderedLine]:
    """The lines of the orders that are in that state. lines: of any orders; state: None, any."""
    if state is None:
        return lines
    groups = by_order(lines)
    found = [group for group in groups if order_state([each.state for each in group]) == state]
    return [line for group in found for line in group]


def order_table(lines: list[OrderedLine]) -> pd.DataFrame:
    """Lines in the columns of the table `purchase_orders`, and their cost: what `ingest` takes."""
    rows: list[dict[str, Any]] = [vars(line) for line in lines]
    columns = list(OrderedLine.__dataclass_fields__)
    frame = pd.DataFrame(rows, columns=columns).drop(columns="state")
    for name in ("ordered_at", "expected_at", "cancelled_at"):
        frame[name] = [
            value.strftime("%Y-%m-%dT%H:%M:%SZ") if pd.notna(value) else None
            for value in frame[name]
        ]
    return frame
