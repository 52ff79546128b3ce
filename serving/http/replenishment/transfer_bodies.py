"""What the endpoints of transfers are asked with, and what they answer."""

from datetime import UTC, date, datetime, time

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from data.purchasing import OrderedLine, OrderState, PutOffLine, order_state
from serving.http.paging import Page
from serving.http.replenishment.answers import Entry, Made
from serving.http.replenishment.bodies import (
    ORDER_STATE,
    LinesToDecide,
    PurchaseLine,
    by_order,
    order_table,
    purchase_line,
    value_of,
)


class Transfer(BaseModel):
    """Units to move; gain and cost in the base currency."""

    id: str = Field(description="from~product~to")
    product_id: str
    from_warehouse_id: str
    to_warehouse_id: str
    quantity: float
    gain: float = Field(description="Saved against buying, all costs of the move taken off.")
    cost: float = Field(description="Freight and duty.")
    days: float
    state: str = Field("draft", description="As of a line: draft, approved, dismissed, exported, …")
    approved_quantity: float | None = Field(None, description="What was approved or is moved.")
    reason: str


class TransferPage(Made, Page[Transfer]):
    """Transfers, the most gain first, and all that fit the filters in a few numbers."""

    total: int
    gain: float = Field(description="Of all that fit, in the base currency.")
    cost: float = Field(description="Of all that fit, in the base currency.")


class TransferAnswer(Made):
    """One transfer, and what was decided on it in all plans."""

    data: Transfer
    trail: list[Entry]


class TransfersToDismiss(LinesToDecide):
    """Transfers to dismiss, each with its reason."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "items": [{"id": "DE1~p1082185~FR1", "reason": "no truck until February"}],
                    "until": "2018-02-01",
                }
            ]
        },
    )

    until: date | None = Field(
        None,
        description="Not suggested before this day (UTC): plans buy instead, from the next one on; "
        "left out: the next plan may suggest it again.",
    )

    @property
    def moment(self) -> datetime | None:
        """The first moment of `until`."""
        return None if self.until is None else datetime.combine(self.until, time(), UTC)


class TransferPutOff(BaseModel):
    """A transfer that is not suggested before `until`."""

    id: str
    from_warehouse_id: str
    product_id: str
    to_warehouse_id: str
    quantity: float = Field(description="As it was suggested.")
    until: datetime
    reason: str


class TransfersPutOff(Page[TransferPutOff]):
    """Transfers that are put off, the soonest first."""


class TransfersToExport(BaseModel):
    """Which approved transfers to order; nothing given: all."""

    model_config = ConfigDict(extra="forbid")

    from_warehouse_id: str | None = None
    to_warehouse_id: str | None = None


class TransferOrder(BaseModel):
    """Goods that one warehouse sends to another. cost: of moving them, where it is known."""

    transfer_id: str
    from_warehouse_id: str
    to_warehouse_id: str
    sent_at: datetime
    units: float
    cost: float | None
    state: OrderState = Field(description=ORDER_STATE)
    lines: list[PurchaseLine]


class TransferOrders(Page[TransferOrder]):
    """Transfer orders made here."""


class ExportedTransferOrders(TransferOrders):
    """The transfer orders that were made, and what was not ordered."""

    awaiting_second: list[str] = Field(
        description="Transfers that were not ordered: with the others of their sender they cost "
        "more than one person may approve. They wait for a second person."
    )


def put_off_transfer(line: PutOffLine) -> TransferPutOff:
    """A transfer that is put off as an answer."""
    return TransferPutOff(
        id=line.line.line_id,
        from_warehouse_id=line.line.supplier_id,
        product_id=line.line.product_id,
        to_warehouse_id=line.line.warehouse_id,
        quantity=line.line.quantity,
        until=line.until,
        reason=line.reason,
    )


def orders_of_transfers(lines: list[OrderedLine], currency: str) -> list[TransferOrder]:
    """Ordered lines grouped into their transfer orders, in order of appearance.

    lines: of any transfer orders; currency: the base currency, in whose minor units costs are told.
    """
    return [
        TransferOrder(
            transfer_id=group[0].po_id,
            from_warehouse_id=group[0].supplier_id,
            to_warehouse_id=group[0].warehouse_id,
            sent_at=group[0].ordered_at,
            units=sum(line.quantity for line in group),
            cost=value_of(group, currency),
            state=order_state([line.state for line in group]),
            lines=[purchase_line(line) for line in group],
        )
        for group in by_order(lines)
    ]


def transfer_table(lines: list[OrderedLine]) -> pd.DataFrame:
    """Lines in the columns of the table `transfers`: what `ingest` takes."""
    ends = {"supplier_id": "from_warehouse_id", "warehouse_id": "to_warehouse_id"}
    names = {**ends, "po_id": "transfer_id", "ordered_at": "sent_at"}
    return order_table(lines).drop(columns="unit_cost").rename(columns=names)
