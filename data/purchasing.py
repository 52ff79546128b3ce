"""From a suggested line to goods on the shelf: the states of a line, and what was ordered.

draft → approved | changed | dismissed → exported → partially_received → received | cancelled.
Before it is exported a decision may be taken back by another one; what is exported is an order, and
ends as one. Where orders above an amount need two people, what one of them approved is
`awaiting_second` until another one approves it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from data.errors import ArgosyError

State = Literal[
    "draft",
    "awaiting_second",
    "approved",
    "changed",
    "dismissed",
    "exported",
    "partially_received",
    "received",
    "cancelled",
]
OrderState = Literal["exported", "partially_received", "received", "cancelled"]
ON_THE_WAY: tuple[State, ...] = ("exported", "partially_received")

_DECIDED: tuple[State, ...] = ("awaiting_second", "approved", "changed", "dismissed")
TRANSITIONS: Mapping[State, tuple[State, ...]] = {
    "draft": _DECIDED,
    "awaiting_second": ("draft", *_DECIDED),
    "approved": ("draft", "awaiting_second", "changed", "dismissed", "exported"),
    "changed": ("draft", "awaiting_second", "approved", "changed", "dismissed", "exported"),
    "dismissed": ("draft", *_DECIDED),
    "exported": ("partially_received", "received", "cancelled"),
    "partially_received": ("received", "cancelled"),
    "received": (),
    "cancelled": (),
}
# Goods that are or will be ordered, and are not yet known to the lake.
AWAITED: tuple[State, ...] = ("awaiting_second", "approved", "changed", "exported")
# How a refusal begins where a second person is wanted and the first one asks again.
SECOND_PERSON = "it waits for a second person"


class PurchasingError(ArgosyError):
    """A decision on a line or an order that its state does not allow."""


@dataclass(frozen=True)
class Suggested:
    """A line as the plan of `planned_at` suggests it.

    supplier_id: for a transfer the warehouse that sends; quantity: units; unit_cost: landed, in the
    base currency, None: unknown, for a transfer what moving a unit costs; lead_days: until it would
    arrive.
    """

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
    """What somebody decides on a line. actor: the name of their key; quantity: None leaves the
    suggested one; owner: the person or service that answers for the key; until: before which a
    transfer that is dismissed is not suggested again, None: in the next plan."""

    line: Suggested
    to: State
    actor: str
    at: datetime
    quantity: float | None = None
    reason: str = ""
    owner: str = ""
    until: datetime | None = None

    @property
    def person(self) -> str:
        """Who decides: the owner of the key, or the key where none is told."""
        return self.owner or self.actor


@dataclass(frozen=True)
class Outcome:
    """What came of a step. problem: why nothing changed, "" when the line is in `state` now."""

    line_id: str
    state: State
    quantity: float
    problem: str = ""


@dataclass(frozen=True)
class LineAudit:
    """One entry of the audit trail. owner: who answers for the key `actor`; None: not told."""

    at: datetime
    actor: str
    before: State
    after: State
    quantity: float
    reason: str
    owner: str | None


@dataclass(frozen=True)
class OrderedLine:
    """A line of a purchase order, in the columns of the `purchase_orders` table and its cost, or of
    a transfer order: its number is in po_id then, the sender in supplier_id.

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


@dataclass(frozen=True)
class AwaitedApproval:
    """A line that one person approved and another one must approve, too.

    line: as its plan suggested it; quantity: units that were approved; asked_by: the owner who
    approved them, None: not known; asked_at: when, by the wall clock; reason: why.
    """

    line: Suggested
    quantity: float
    asked_by: str | None
    asked_at: datetime
    reason: str

    @property
    def value(self) -> float | None:
        """Landed, in the base currency; None: unknown."""
        return line_value(self.quantity, self.line.unit_cost)


@dataclass(frozen=True)
class PutOffLine:
    """A transfer that is not suggested before `until`. line: as its plan suggested it; reason: why
    it was dismissed."""

    line: Suggested
    until: datetime
    reason: str


@dataclass(frozen=True)
class ExportedLines:
    """What came of an export. ordered: the lines of the new purchase orders; awaiting_second: ids
    of lines that were not ordered, since their supplier's come to more than one person may order.
    """

    ordered: Sequence[OrderedLine]
    awaiting_second: Sequence[str]


def line_value(quantity: float, unit_cost: float | None) -> float | None:
    """What units of a line cost; None where that is not known.

    quantity: units; unit_cost: landed, in the base currency.

    >>> line_value(12.0, 2.5), line_value(12.0, None)
    (30.0, None)
    """
    return None if unit_cost is None else quantity * unit_cost


def needs_second(values: Sequence[float | None], above: float | None) -> bool:
    """Whether lines that are ordered from one supplier together take two people.

    values: of each line, in the base currency, None: unknown, which takes two people; above: the
    most that one may order, None: any amount.

    >>> needs_second([30.0, 30.0], 50.0), needs_second([None], 50.0), needs_second([None], None)
    (True, True, False)
    """
    if above is None:
        return False
    known = [value for value in values if value is not None]
    return len(known) < len(values) or sum(known) > above


def is_same_person(one: str | None, other: str | None) -> bool:
    """Whether two owners' names mean the same person; case and blanks around them say nothing.

    one, other: the names; None is nobody's.

    >>> is_same_person("Anna@shop.example ", "anna@shop.example"), is_same_person(None, "anna")
    (True, False)
    """
    if one is None or other is None:
        return False
    return one.strip().casefold() == other.strip().casefold()


def order_state(states: Collection[State]) -> State:
    """The state of an order: that of its lines that stand, `partially_received` where they differ.

    states: of its lines, at least one.

    >>> order_state(["received", "exported"]), order_state(["cancelled", "received"])
    ('partially_received', 'received')
    """
    standing = set(states) - {"cancelled"} or set(states)
    return next(iter(standing)) if len(standing) == 1 else "partially_received"


def allowed(before: State, after: State) -> bool:
    """Whether a line may go from one state to the other; staying as decided changes nothing.

    before: the state it is in; after: the state it shall have.

    >>> allowed("draft", "approved"), allowed("exported", "dismissed")
    (True, False)
    """
    return after in TRANSITIONS[before]
