"""Decisions on suggested lines and the purchase orders made of them, with an audit trail.

One database with the other records (`Records.purchasing`). Each step writes before it reads, so
that two processes never decide on one line at a time.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from data.messages import OutgoingMessage
from data.purchasing import (
    AWAITED,
    LineAudit,
    OrderedLine,
    Outcome,
    PurchasingError,
    State,
    Step,
    Suggested,
    allowed,
)
from data.records.database import Database
from data.records.outbox import Outbox
from data.records.tables import Tables

_OPEN: tuple[State, ...] = ("approved", "changed")


class Purchasing:
    """The purchasing records; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self._lines = tables.purchase_lines
        self._audit = tables.purchase_audit

    def decide(self, steps: Sequence[Step]) -> list[Outcome]:
        """Take the steps, each for itself, in one commit: an outcome a step, in order."""
        return self._database.write(lambda connection: [self._step(connection, s) for s in steps])

    def states(self, planned_at: datetime) -> Mapping[str, tuple[State, float]]:
        """State and quantity of every line of a plan that somebody decided on."""
        lines = self._lines
        query = sa.select(lines.c.line_id, lines.c.state, lines.c.quantity).where(
            lines.c.planned_at == planned_at, lines.c.state != "draft"
        )
        return {row.line_id: (row.state, row.quantity) for row in self._rows(query)}

    def awaited(self, *, before: datetime) -> list[OrderedLine]:
        """What was approved in plans of before that time and has not been received."""
        lines = self._lines
        where = lines.c.state.in_(AWAITED) & (lines.c.planned_at < before)
        return [_ordered(row) for row in self._rows(sa.select(lines).where(where))]

    def export(
        self, *, actor: str, at: datetime, ordered_at: datetime, **only: str | None
    ) -> list[OrderedLine]:
        """Turn what is approved into purchase orders, one for each supplier and warehouse.

        at: by the wall clock; ordered_at: by the merchant's. only: warehouse_id, supplier_id.
        A second call finds nothing left to order.

        actor: who does it.
        """
        where: Any = self._lines.c.state.in_(_OPEN)
        for name, value in only.items():
            where = where & (self._lines.c[name] == value) if value is not None else where
        return self._database.write(
            lambda connection: self._export(connection, where, actor, at, ordered_at)
        )

    def orders(self, po_id: str | None = None) -> list[OrderedLine]:
        """The lines of all purchase orders made here, or of one; the newest order first."""
        lines = self._lines
        query = sa.select(lines).where(lines.c.po_id.is_not(None))
        if po_id is not None:
            query = query.where(lines.c.po_id == po_id)
        order = (lines.c.ordered_at.desc(), lines.c.po_id, lines.c.line_no)
        return [_ordered(row) for row in self._rows(query.order_by(*order))]

    def received(self, po_ids: Iterable[str], *, at: datetime) -> int:
        """The goods of these orders came; how many lines that is news for.

        po_ids: ids of the orders; at: when they came.
        """
        wanted = sorted(set(po_ids))
        lines = self._lines
        where = lines.c.po_id.in_(wanted) & (lines.c.state == "exported")

        def work(connection: sa.Connection) -> int:
            rows = self._changed(connection, where, state="received", updated_at=at)
            for row in rows:
                self._note(connection, row, "exported", actor="lake", reason="received")
            self._outbox.post(connection, _order_messages("order.received", rows))
            return len(rows)

        return self._database.write(work) if wanted else 0

    def cancel(
        self, po_id: str, line_nos: Collection[int] | None, *, actor: str, reason: str, at: datetime
    ) -> list[OrderedLine]:
        """Cancel what has not come of an order; its lines, as they are then.

        A line that is cancelled already stays so. Raises PurchasingError where there is no such
        order or line, or where one that is named was received, or all were.

        po_id: which order; line_nos: which of its lines, None: all; actor: who does it; reason: why
        it is; at: when, by the wall clock.
        """
        lines = self._lines
        mine = lines.c.po_id == po_id

        def work(connection: sa.Connection) -> list[OrderedLine]:
            query = sa.select(lines).where(mine).order_by(lines.c.line_no)
            found = list(connection.execute(query.with_for_update()).all())
            chosen = _cancellable(po_id, found, line_nos)
            where = mine & lines.c.line_no.in_(chosen) & (lines.c.state == "exported")
            rows = self._changed(connection, where, state="cancelled", updated_at=at)
            for row in rows:
                self._note(connection, row, "exported", actor=actor, reason=reason)
            self._outbox.post(connection, _order_messages("order.cancelled", rows))
            return [_ordered(row) for row in connection.execute(query).all()]

        return self._database.write(work)

    def last_cancelled(self) -> datetime | None:
        """When an order was last cancelled; None: never. Plans made before still count it."""
        lines = self._lines
        query = sa.select(sa.func.max(lines.c.updated_at)).where(lines.c.state == "cancelled")
        (row,) = self._rows(query)
        return row[0]  # type: ignore[no-any-return]  # the column's own type

    def trail(self, line_id: str, *, limit: int = 50) -> list[LineAudit]:
        """What happened to a line, in all plans; the newest first.

        line_id: which line; limit: at most so many.
        """
        audit = self._audit
        query = sa.select(audit).where(audit.c.line_id == line_id).order_by(audit.c.seq.desc())
        return [
            LineAudit(row.at, row.actor, row.before, row.after, row.quantity, row.reason)
            for row in self._rows(query.limit(limit))
        ]

    # One step -------------------------------------------------------------------------------

    def _step(self, connection: sa.Connection, step: Step) -> Outcome:
        lines, line = self._lines, step.line
        connection.execute(
            self._database.insert(lines, ("line_id", "planned_at")),
            {**_row(line), "state": "draft", "reason": "", "updated_at": step.at},
        )
        mine = (lines.c.line_id == line.line_id) & (lines.c.planned_at == line.planned_at)
        found = connection.execute(sa.select(lines).where(mine).with_for_update()).one()
        quantity = line.quantity if step.quantity is None else step.quantity
        same = (found.state, found.quantity) == (step.to, quantity)
        if same and found.state != "draft":
            return Outcome(line.line_id, found.state, found.quantity)
        if problem := self._refused(connection, found, step.to):
            return Outcome(line.line_id, found.state, found.quantity, problem)
        values = {"state": step.to, "quantity": quantity, "reason": step.reason}
        (row,) = self._changed(connection, mine, **values, updated_at=step.at)
        self._note(connection, row, found.state, actor=step.actor, reason=step.reason)
        told = {"line_id": line.line_id, "planned_at": line.planned_at, "before": found.state}
        told |= {"after": step.to, "quantity": quantity, "actor": step.actor}
        told |= {"reason": step.reason}
        message = OutgoingMessage("decision.changed", line.line_id, told)
        self._outbox.post(connection, [message])
        return Outcome(line.line_id, step.to, quantity)

    def _refused(self, connection: sa.Connection, found: Any, to: State) -> str:
        """Why a line cannot go to that state; "" where it can."""
        if not allowed(found.state, to):
            return f"the line is {found.state}; it cannot become {to}"
        lines = self._lines
        other = (lines.c.line_id == found.line_id) & (lines.c.planned_at != found.planned_at)
        waiting = sa.select(lines.c.planned_at).where(other & lines.c.state.in_(_OPEN))
        plan = connection.execute(waiting.limit(1)).scalar()
        if to in _OPEN and plan is not None:
            return f"it is already approved in the plan of {plan:%Y-%m-%d %H:%M}; export that first"
        return ""

    def _export(
        self,
        connection: sa.Connection,
        where: Any,
        actor: str,
        at: datetime,
        ordered_at: datetime,
    ) -> list[OrderedLine]:
        lines = self._lines
        rows = self._changed(connection, where, state="exported", updated_at=at)
        exported = []
        for group in _by_supplier(rows):
            po_id = _po_id(group, ordered_at)
            for number, row in enumerate(group, start=1):
                mine = (lines.c.line_id == row.line_id) & (lines.c.planned_at == row.planned_at)
                given = {"po_id": po_id, "line_no": number, "ordered_at": ordered_at}
                (done,) = self._changed(connection, mine, **given)
                before: State = "approved" if row.quantity == row.suggested else "changed"
                self._note(connection, done, before, actor=actor, reason=po_id)
                exported.append(done)
        self._outbox.post(connection, _order_messages("order.exported", exported))
        return [_ordered(row) for row in exported]

    def _changed(self, connection: sa.Connection, where: Any, **values: Any) -> list[Any]:
        """Update rows and read them as they are then."""
        statement = sa.update(self._lines).where(where).values(**values).returning(self._lines)
        return list(connection.execute(statement).all())

    def _note(
        self, connection: sa.Connection, row: Any, before: State, *, actor: str, reason: str
    ) -> None:
        entry = {"line_id": row.line_id, "planned_at": row.planned_at, "at": row.updated_at}
        entry |= {"actor": actor, "before": before, "after": row.state}
        entry |= {"quantity": row.quantity, "reason": reason}
        connection.execute(sa.insert(self._audit), entry)

    def _rows(self, query: sa.Select[Any]) -> list[Any]:
        return self._database.read(lambda connection: list(connection.execute(query).all()))


def _order_messages(
    kind: Literal["order.exported", "order.received", "order.cancelled"], rows: Sequence[Any]
) -> list[OutgoingMessage]:
    """A message for each purchase order among the rows."""
    orders: dict[str, list[Any]] = {}
    for row in rows:
        orders.setdefault(row.po_id, []).append(row)
    return [
        OutgoingMessage(
            kind,
            po_id,
            {
                "po_id": po_id,
                "warehouse_id": lines[0].warehouse_id,
                "supplier_id": lines[0].supplier_id,
                "lines": [
                    {"line_no": row.line_no, "product_id": row.product_id, "quantity": row.quantity}
                    for row in lines
                ],
            },
        )
        for po_id, lines in orders.items()
    ]


def _cancellable(po_id: str, found: Sequence[Any], line_nos: Collection[int] | None) -> list[int]:
    """The numbers of the lines to cancel; PurchasingError where that cannot be."""
    if not found:
        raise PurchasingError(f"No purchase order {po_id!r} was made here.")
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


def _by_supplier(rows: Sequence[Any]) -> list[list[Any]]:
    """The rows of each supplier and warehouse, in order of the products."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in sorted(rows, key=lambda row: (row.supplier_id, row.warehouse_id, row.product_id)):
        groups.setdefault((row.supplier_id, row.warehouse_id), []).append(row)
    return list(groups.values())


def _po_id(rows: Sequence[Any], at: datetime) -> str:
    """A name that no other order has: of the lines and the plans they are from."""
    text = "\n".join(f"{row.line_id} {row.planned_at.isoformat()}" for row in rows)
    return f"A{at:%Y%m%d}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


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
