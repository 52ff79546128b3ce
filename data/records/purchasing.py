"""Decisions on suggested lines and the orders made of them, with an audit trail.

One database with the other records: `Records.purchasing` for what is bought, and for what is moved
between warehouses `Records.transfers`, where the sender stands for the supplier. Each step writes
before it reads, so that two processes never decide on one line at a time.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from data.messages import MessageKind, OutgoingMessage
from data.purchasing import (
    AWAITED,
    ON_THE_WAY,
    SECOND_PERSON,
    AwaitedApproval,
    ExportedLines,
    LineAudit,
    OrderedLine,
    Outcome,
    PurchasingError,
    PutOffLine,
    State,
    Step,
    Suggested,
    allowed,
    is_same_person,
    line_value,
    needs_second,
)
from data.records.database import Database, take_turn
from data.records.outbox import Outbox
from data.records.tables import Tables

_OPEN: tuple[State, ...] = ("approved", "changed")
Moved = Literal["order", "transfer"]
# How the number of an order made here begins, and what it is called.
_PREFIX: Mapping[Moved, str] = {"order": "A", "transfer": "T"}
_NAME: Mapping[Moved, str] = {"order": "purchase order", "transfer": "transfer order"}
_KINDS: Mapping[tuple[Moved, str], MessageKind] = {
    ("order", "exported"): "order.exported",
    ("order", "received"): "order.received",
    ("order", "cancelled"): "order.cancelled",
    ("transfer", "exported"): "transfer.exported",
    ("transfer", "received"): "transfer.received",
    ("transfer", "cancelled"): "transfer.cancelled",
}


@dataclass(frozen=True)
class _Hand:
    """Who acts, and when. actor: the key's name; owner: who answers for it, "" not told."""

    actor: str
    owner: str
    at: datetime

    @property
    def person(self) -> str:
        return self.owner or self.actor


class Purchasing:
    """The records of what is ordered; every method may raise DatabaseError.

    database: the connections; tables: as declared; outbox: takes what others are told; kind:
    whether suppliers are ordered from, or other warehouses.
    """

    def __init__(
        self, database: Database, tables: Tables, outbox: Outbox, *, kind: Moved = "order"
    ) -> None:
        self._database = database
        self._outbox = outbox
        self.kind = kind
        of_kind = {
            "order": (tables.purchase_lines, tables.purchase_audit),
            "transfer": (tables.transfer_lines, tables.transfer_audit),
        }
        self._lines, self._audit = of_kind[kind]

    def decide(self, steps: Sequence[Step], *, above: float | None = None) -> list[Outcome]:
        """Take the steps, each for itself, in one commit: an outcome a step, in order.

        steps: what is decided on which line; above: where the lines of one supplier that are
        approved together come to more than this (base currency), or to an unknown value, they wait
        for a second person; None: one is enough.
        """
        return self._database.write(lambda connection: self._decide(connection, steps, above))

    def states(self, planned_at: datetime) -> Mapping[str, tuple[State, float]]:
        """State and quantity of every line of a plan that somebody decided on, and of those that
        wait for a second person since an earlier plan."""
        lines = self._lines
        decided = (lines.c.planned_at == planned_at) & (lines.c.state != "draft")
        query = sa.select(lines.c.line_id, lines.c.state, lines.c.quantity).where(
            decided | (lines.c.state == "awaiting_second")
        )
        waiting_last = query.order_by(lines.c.state == "awaiting_second")
        return {row.line_id: (row.state, row.quantity) for row in self._rows(waiting_last)}

    def awaiting_second(self) -> list[AwaitedApproval]:
        """The lines of all plans that wait for a second person, the longest waiting first."""
        lines = self._lines
        query = sa.select(lines).where(lines.c.state == "awaiting_second")
        return [
            AwaitedApproval(
                _suggested(row), row.quantity, row.approved_by, row.updated_at, row.reason
            )
            for row in self._rows(query.order_by(lines.c.updated_at, lines.c.line_id))
        ]

    def put_off(self, at: datetime) -> list[PutOffLine]:
        """Transfers that were dismissed until a time after this one, the soonest first; of two
        decisions on the same one the newer plan's holds. at: the moment of a plan."""
        lines = self._lines
        if "put_off_until" not in lines.c:
            return []
        query = sa.select(lines).where(lines.c.put_off_until > at, lines.c.planned_at <= at)
        newest = {row.line_id: row for row in self._rows(query.order_by(lines.c.planned_at))}
        return [
            PutOffLine(_suggested(row), row.put_off_until, row.reason)
            for row in sorted(newest.values(), key=lambda row: (row.put_off_until, row.line_id))
        ]

    def awaited(self, *, before: datetime) -> list[OrderedLine]:
        """What was approved in plans of before that time and has not been received whole."""
        lines = self._lines
        where = lines.c.state.in_((*AWAITED, "partially_received")) & (lines.c.planned_at < before)
        return [_ordered(row) for row in self._rows(sa.select(lines).where(where))]

    def export(
        self,
        *,
        actor: str,
        at: datetime,
        ordered_at: datetime,
        owner: str = "",
        above: float | None = None,
        **only: str | None,
    ) -> ExportedLines:
        """Turn what is approved into orders, one for each supplier and warehouse.

        at: by the wall clock; ordered_at: by the merchant's. only: warehouse_id, supplier_id.
        A second call finds nothing left to order. Lines that one person approved, and that with
        what was ordered of the same plan on one person's word come to more than `above` (base
        currency) from their supplier, are not ordered: they wait for a second person.

        actor: the name of the key; owner: who answers for it; above: None, one person is enough.
        """
        where: Any = self._lines.c.state.in_(_OPEN)
        for name, value in only.items():
            where = where & (self._lines.c[name] == value) if value is not None else where
        return self._database.write(
            lambda connection: self._export(
                connection, where, _Hand(actor, owner, at), ordered_at, above
            )
        )

    def orders(self, po_id: str | None = None) -> list[OrderedLine]:
        """The lines of all orders made here, or of one; the newest order first."""
        lines = self._lines
        query = sa.select(lines).where(lines.c.po_id.is_not(None))
        if po_id is not None:
            query = query.where(lines.c.po_id == po_id)
        order = (lines.c.ordered_at.desc(), lines.c.po_id, lines.c.line_no)
        return [_ordered(row) for row in self._rows(query.order_by(*order))]

    def note_receipts(self, receipts: Mapping[tuple[str, str], State], *, at: datetime) -> int:
        """Goods of orders came; how many lines that is news for.

        receipts: id of an order and product -> `received`, or `partially_received` where the rest
        is still to come; at: when that was known.
        """
        wanted = sorted({po_id for po_id, _ in receipts})
        lines = self._lines
        where = lines.c.po_id.in_(wanted) & lines.c.state.in_(ON_THE_WAY)

        def work(connection: sa.Connection) -> int:
            found = connection.execute(sa.select(lines).where(where).with_for_update()).all()
            news = []
            for before in found:
                state = receipts.get((before.po_id, before.product_id), before.state)
                if state != before.state and allowed(before.state, state):
                    where_ = self._is(before)
                    (row,) = self._changed(connection, where_, state=state, updated_at=at)
                    self._note(connection, row, before.state, actor="lake", reason=state)
                    news.append(row)
            whole = [row for row in news if row.state == "received"]
            self._outbox.post(connection, _order_messages(self.kind, "received", whole))
            return len(news)

        return self._database.write(work) if wanted else 0

    def cancel(
        self,
        po_id: str,
        line_nos: Collection[int] | None,
        *,
        actor: str,
        reason: str,
        at: datetime,
        owner: str = "",
    ) -> list[OrderedLine]:
        """Cancel what has not come of an order; its lines, as they are then.

        A line that is cancelled already stays so. Raises PurchasingError where there is no such
        order or line, or where one that is named was received, or all were.

        po_id: which order; line_nos: which of its lines, None: all; actor: who does it; reason: why
        it is; at: when, by the wall clock; owner: who answers for the actor's key.
        """
        lines = self._lines
        mine = lines.c.po_id == po_id

        def work(connection: sa.Connection) -> list[OrderedLine]:
            query = sa.select(lines).where(mine).order_by(lines.c.line_no)
            found = list(connection.execute(query.with_for_update()).all())
            chosen = _cancellable(_NAME[self.kind], po_id, found, line_nos)
            where = mine & lines.c.line_no.in_(chosen) & (lines.c.state == "exported")
            rows = self._changed(connection, where, state="cancelled", updated_at=at)
            for row in rows:
                person = owner or actor
                self._note(connection, row, "exported", actor=actor, reason=reason, owner=person)
            self._outbox.post(connection, _order_messages(self.kind, "cancelled", rows))
            return [_ordered(row) for row in connection.execute(query).all()]

        return self._database.write(work)

    def last_freed(self, planned_at: datetime) -> datetime | None:
        """When something that a plan counts as on order was last taken back; None: never. An order
        was cancelled, or a line that waited since an earlier plan was dismissed or reopened.

        planned_at: the moment of the plan.
        """
        lines = self._lines
        of_before = lines.c.state.in_(("draft", "dismissed")) & (lines.c.planned_at < planned_at)
        query = sa.select(sa.func.max(lines.c.updated_at)).where(
            (lines.c.state == "cancelled") | of_before
        )
        (row,) = self._rows(query)
        return row[0]  # type: ignore[no-any-return]  # the column's own type

    def trail(self, line_id: str, *, limit: int = 50) -> list[LineAudit]:
        """What happened to a line, in all plans; the newest first.

        line_id: which line; limit: at most so many.
        """
        audit = self._audit
        query = sa.select(audit).where(audit.c.line_id == line_id).order_by(audit.c.seq.desc())
        return [
            LineAudit(row.at, row.actor, row.before, row.after, row.quantity, row.reason, row.owner)
            for row in self._rows(query.limit(limit))
        ]

    # One step -------------------------------------------------------------------------------

    def _decide(
        self, connection: sa.Connection, steps: Sequence[Step], above: float | None
    ) -> list[Outcome]:
        if not steps:
            return []
        connection.execute(
            self._database.insert(self._lines, ("line_id", "planned_at")),
            [
                {**_row(step.line), "state": "draft", "reason": "", "updated_at": step.at}
                for step in steps
            ],
        )
        wide = None if above is None else self._wide(connection, steps, above)
        return [self._step(connection, step, wide) for step in steps]

    def _wide(
        self, connection: sa.Connection, steps: Sequence[Step], above: float
    ) -> frozenset[str]:
        """The suppliers whose lines in these steps take two people; what a step confirms that
        somebody else approved before does not count, nor what two have approved."""
        values: dict[str, list[float | None]] = {}
        for step in steps:
            found = self._found(connection, step.line)
            quantity = _quantity(step, found)
            confirmed = found.state == "awaiting_second" or found.seconded_by is not None
            if step.to not in _OPEN or (confirmed and quantity == found.quantity):
                continue
            value = line_value(quantity, step.line.unit_cost)
            values.setdefault(step.line.supplier_id, []).append(value)
        return frozenset(each for each, some in values.items() if needs_second(some, above))

    def _found(self, connection: sa.Connection, line: Suggested) -> Any:
        """The line as it is kept; nobody else changes it until the end of the transaction."""
        query = sa.select(self._lines).where(self._is(line))
        return connection.execute(query.with_for_update()).one()

    def _step(self, connection: sa.Connection, step: Step, wide: Collection[str] | None) -> Outcome:
        """Take one step. wide: suppliers whose lines take two people; None: nobody's do."""
        line, found = step.line, self._found(connection, step.line)
        quantity = _quantity(step, found)
        same = (found.state, found.quantity) == (step.to, quantity)
        same = same and step.until == getattr(found, "put_off_until", None)
        if same and found.state != "draft":
            return Outcome(line.line_id, found.state, found.quantity)
        to, approvers = _approvals(step, found, quantity, wide)
        confirms = wide is not None and _confirms(step, found, quantity)
        problem = self._refused(connection, found, to) or (_own(step, found) if confirms else "")
        if problem:
            return Outcome(line.line_id, found.state, found.quantity, problem)
        values: dict[str, Any] = {"state": to, "quantity": quantity, "reason": step.reason}
        values |= approvers
        if "put_off_until" in self._lines.c:
            values["put_off_until"] = step.until if to == "dismissed" else None
        (row,) = self._changed(connection, self._is(line), **values, updated_at=step.at)
        self._note(
            connection, row, found.state, actor=step.actor, reason=step.reason, owner=step.person
        )
        told = {"line_id": line.line_id, "planned_at": line.planned_at, "before": found.state}
        told |= {"after": to, "quantity": quantity, "actor": step.actor}
        told |= {"reason": step.reason, "kind": self.kind}
        message = OutgoingMessage("decision.changed", line.line_id, told)
        self._outbox.post(connection, [message])
        return Outcome(line.line_id, to, quantity)

    def _is(self, line: Any) -> Any:
        """Which row a line is. line: with line_id and planned_at."""
        lines = self._lines
        return (lines.c.line_id == line.line_id) & (lines.c.planned_at == line.planned_at)

    def _refused(self, connection: sa.Connection, found: Any, to: State) -> str:
        """Why a line cannot go to that state; "" where it can."""
        if not allowed(found.state, to):
            return f"the line is {found.state}; it cannot become {to}"
        lines = self._lines
        other = (lines.c.line_id == found.line_id) & (lines.c.planned_at != found.planned_at)
        open_ = lines.c.state.in_((*_OPEN, "awaiting_second"))
        waiting = sa.select(lines.c.planned_at, lines.c.state).where(other & open_)
        before = connection.execute(waiting.limit(1)).one_or_none()
        if to not in (*_OPEN, "awaiting_second") or before is None:
            return ""
        plan = f"in the plan of {before.planned_at:%Y-%m-%d %H:%M}"
        if before.state == "awaiting_second":
            return f"{SECOND_PERSON} {plan}; approve it there as it is, or dismiss it first"
        return f"it is already approved {plan}; export that first"

    def _export(
        self,
        connection: sa.Connection,
        where: Any,
        hand: "_Hand",
        ordered_at: datetime,
        above: float | None,
    ) -> ExportedLines:
        # Written first, so that nobody else exports these meanwhile.
        rows = self._changed(connection, where, updated_at=hand.at)
        waiting = self._held_back(connection, rows, above)
        for row in waiting:
            self._hold(connection, row, hand)
        held = {(row.line_id, row.planned_at) for row in waiting}
        exported = []
        for group in _by_supplier([r for r in rows if (r.line_id, r.planned_at) not in held]):
            po_id = _po_id(_PREFIX[self.kind], group, ordered_at)
            for number, row in enumerate(group, start=1):
                given = {"po_id": po_id, "line_no": number, "ordered_at": ordered_at}
                (done,) = self._changed(connection, self._is(row), state="exported", **given)
                self._note(
                    connection, done, row.state, actor=hand.actor, reason=po_id, owner=hand.person
                )
                exported.append(done)
        self._outbox.post(connection, _order_messages(self.kind, "exported", exported))
        return ExportedLines([_ordered(row) for row in exported], [row.line_id for row in waiting])

    def _held_back(
        self, connection: sa.Connection, rows: Sequence[Any], above: float | None
    ) -> list[Any]:
        """Of the lines to export, those that take a second person."""
        single = [row for row in rows if row.seconded_by is None]
        if above is None or not single:
            return []
        lines = self._lines
        take_turn(connection, f"{lines.name} export")
        plans = {row.planned_at for row in single}
        before = sa.select(lines).where(
            lines.c.planned_at.in_(plans)
            & lines.c.state.in_((*ON_THE_WAY, "received"))
            & lines.c.seconded_by.is_(None)
        )
        values: dict[str, list[float | None]] = {}
        for row in (*single, *connection.execute(before).all()):
            value = line_value(row.quantity, row.unit_cost)
            values.setdefault(row.supplier_id, []).append(value)
        return [row for row in single if needs_second(values[row.supplier_id], above)]

    def _hold(self, connection: sa.Connection, row: Any, hand: "_Hand") -> None:
        """An approved line waits for a second person instead of being ordered."""
        asked = row.approved_by or hand.person
        given: dict[str, Any] = {"state": "awaiting_second", "approved_by": asked}
        (held,) = self._changed(connection, self._is(row), **given)
        source = "supplier" if self.kind == "order" else "sender"
        reason = f"ordered with others of its {source} it takes two people"
        self._note(connection, held, row.state, actor=hand.actor, reason=reason, owner=hand.person)

    def _changed(self, connection: sa.Connection, where: Any, **values: Any) -> list[Any]:
        """Update rows and read them as they are then."""
        statement = sa.update(self._lines).where(where).values(**values).returning(self._lines)
        return list(connection.execute(statement).all())

    def _note(
        self,
        connection: sa.Connection,
        row: Any,
        before: State,
        *,
        actor: str,
        reason: str,
        owner: str | None = None,
    ) -> None:
        entry = {"line_id": row.line_id, "planned_at": row.planned_at, "at": row.updated_at}
        entry |= {"actor": actor, "owner": owner, "before": before, "after": row.state}
        entry |= {"quantity": row.quantity, "reason": reason}
        connection.execute(sa.insert(self._audit), entry)

    def _rows(self, query: sa.Select[Any]) -> list[Any]:
        return self._database.read(lambda connection: list(connection.execute(query).all()))


def _order_messages(
    kind: Moved, what: Literal["exported", "received", "cancelled"], rows: Sequence[Any]
) -> list[OutgoingMessage]:
    """A message for each order among the rows."""
    orders: dict[str, list[Any]] = {}
    for row in rows:
        orders.setdefault(row.po_id, []).append(row)
    return [
        OutgoingMessage(
            _KINDS[kind, what],
            po_id,
            {
                **_ends(kind, lines[0]),
                "lines": [
                    {"line_no": row.line_no, "product_id": row.product_id, "quantity": row.quantity}
                    for row in lines
                ],
            },
        )
        for po_id, lines in orders.items()
    ]


def _ends(kind: Moved, row: Any) -> dict[str, str]:
    """What an order is called, and between whom it is."""
    if kind == "order":
        ends = {"warehouse_id": row.warehouse_id, "supplier_id": row.supplier_id}
        return {"po_id": row.po_id, **ends}
    ends = {"from_warehouse_id": row.supplier_id, "to_warehouse_id": row.warehouse_id}
    return {"transfer_id": row.po_id, **ends}


def _cancellable(
    name: str, po_id: str, found: Sequence[Any], line_nos: Collection[int] | None
) -> list[int]:
    """The numbers of the lines to cancel; PurchasingError where that cannot be."""
    if not found:
        raise PurchasingError(f"No {name} {po_id!r} was made here.")
    states: Mapping[int, State] = {row.line_no: row.state for row in found}
    received = sorted(number for number, state in states.items() if state == "received")
    if line_nos is None:
        if len(received) == len(states):
            raise PurchasingError(f"The goods of {po_id} came: nothing is left to cancel.")
        return sorted(states.keys() - received)
    if unknown := sorted(set(line_nos) - states.keys()):
        raise PurchasingError(
            f"{po_id} has no line {unknown[0]}; its lines are 1 to {max(states)}."
        )
    if came := sorted(set(line_nos) & set(received)):
        raise PurchasingError(f"The goods of line {came[0]} of {po_id} came; leave that line out.")
    return sorted(set(line_nos))


def _row(line: Suggested) -> dict[str, Any]:
    return vars(line) | {"suggested": line.quantity}


def _suggested(row: Any) -> Suggested:
    """The line of a row as its plan suggested it."""
    names = (name for name in Suggested.__dataclass_fields__ if name != "quantity")
    return Suggested(**{name: getattr(row, name) for name in names}, quantity=row.suggested)


def _quantity(step: Step, found: Any) -> float:
    """The units that a step means: those it tells, those that wait, or those suggested."""
    if step.quantity is not None:
        return step.quantity
    waits = found.state == "awaiting_second" and step.to in _OPEN
    return float(found.quantity) if waits else step.line.quantity


def _confirms(step: Step, found: Any, quantity: float) -> bool:
    """True where a step approves what waits for a second person, as it is."""
    waits = found.state == "awaiting_second"
    return waits and step.to in _OPEN and quantity == found.quantity


def _own(step: Step, found: Any) -> str:
    """Why somebody cannot be the second person; "" where they can."""
    if not is_same_person(found.approved_by, step.person):
        return ""
    return (
        f"{SECOND_PERSON}: {found.approved_by} approved it; somebody else must approve it, too, "
        "with a key of another owner that has the scope approve"
    )


def _approvals(
    step: Step, found: Any, quantity: float, wide: Collection[str] | None
) -> tuple[State, dict[str, str | None]]:
    """The state that a step leads to, and who has approved the line then."""
    if step.to not in _OPEN:
        return step.to, {"approved_by": None, "seconded_by": None}
    to: State = "approved" if quantity == found.suggested else "changed"
    if wide is not None and _confirms(step, found, quantity):
        return to, {"approved_by": found.approved_by, "seconded_by": step.person}
    if step.line.supplier_id in (wide or ()):
        to = "awaiting_second"
    return to, {"approved_by": step.person, "seconded_by": None}


def _by_supplier(rows: Sequence[Any]) -> list[list[Any]]:
    """The rows of each supplier and warehouse, in order of the products."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in sorted(rows, key=lambda row: (row.supplier_id, row.warehouse_id, row.product_id)):
        groups.setdefault((row.supplier_id, row.warehouse_id), []).append(row)
    return list(groups.values())


def _po_id(prefix: str, rows: Sequence[Any], at: datetime) -> str:
    """A name that no other order has: of the lines and the plans they are from."""
    text = "\n".join(f"{row.line_id} {row.planned_at.isoformat()}" for row in rows)
    return f"{prefix}{at:%Y%m%d}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _ordered(row: Any) -> OrderedLine:
    since = row.ordered_at or row.planned_at
    return OrderedLine(
        po_id=row.po_id or "",
        line_no=row.line_no or 0,
        warehouse_id=row.warehouse_id,
        product_id=row.product_id,
        supplier_id=row.supplier_id,
        ordered_at=since,
        quantity=row.quantity,
        expected_at=since + timedelta(days=row.lead_days),
        unit_cost=row.unit_cost,
        cancelled_at=row.updated_at if row.state == "cancelled" else None,
        state=row.state,
    )
