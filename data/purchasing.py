"""From a suggested line to goods on the shelf: the states of a line, and what was ordered.

draft → approved | changed | dismissed → exported → received | cancelled. Before it is exported a
decision may be taken back by another one; what is exported is an order, and ends as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from data.errors import ArgosyError

State = Literal["draft", "approved", "changed", "dismissed", "exported", "received", "cancelled"]

_DECIDED: tuple[State, ...] = ("approved", "changed", "dismissed")
TRANSITIONS: Mapping[State, tuple[State, ...]] = {
    "draft": _DECIDED,
    "approved": ("draft", "changed", "dismissed", "exported"),
    "changed": ("draft", "approved", "changed", "dismissed", "exported"),
    "dismissed": ("draft", "approved", "changed"),
    "exported": ("received", "cancelled"),
    "received": (),
    "cancelled": (),
}
# Goods that are or will be ordered, and are not yet known to the lake.
AWAITED: tuple[State, ...] = ("approved", "changed", "exported")


class PurchasingError(ArgosyError):
    """A decision on a line or an order that its state does not allow."""


@dataclass(frozen=True)
class Suggested:
    """A line as the plan of `planned_at` suggests it. quantity: units; unit_cost: landed, in the
    base currency, None: unknown; lead_days: until it would arrive."""

    line_id: str
    planned_at: datetime
    warehouse_id: str
    product_id: str
    supplier_id: str
    quantity: float
    unit_cost: float | None
    lead_days: float


@dataclass(frozen=True)
class Step:
    """What somebody decides on a line. quantity: None leaves the suggested one."""

    line: Suggested
    to: State
    actor: str
    at: datetime
    quantity: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of a step. problem: why nothing changed, "" when the line is in `state` now."""

    line_id: str
    state: State
    quantity: float
    problem: str = ""


@dataclass(frozen=True)
class LineAudit:
    """One entry of the audit trail."""

    at: datetime
    actor: str
    before: State
    after: State
    quantity: float
    reason: str


@dataclass(frozen=True)
class OrderedLine:
    """A line of a purchase order, in the columns of the `purchase_orders` table and its cost.

    cancelled_at: None while it stands.
    """

    po_id: str
    line_no: int
    warehouse_id: str
    product_id: str
    supplier_id: str
    ordered_at: datetime
    quantity: float
    expected_at: datetime
    unit_cost: float | None
    cancelled_at: datetime | None
    state: State


def allowed(before: State, after: State) -> bool:
    """Whether a line may go from one state to the other; staying as decided changes nothing.

    before: the state it is in; after: the state it shall have.

    >>> allowed("draft", "approved"), allowed("exported", "dismissed")
    (True, False)
    """
    return after in TRANSITIONS[before]
