"""Decided payments that a control group might let through, and those that it did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from data.records.database import Database
from data.records.decision_digest import DecisionDigest
from data.records.tables import Tables


@dataclass(frozen=True)
class ControlledPayment:
    """A payment that the model alone would stop. action: what it would do; share: of such payments
    that are let through; is_let_through: whether this one was; probability: of fraud."""

    payment_id: str
    decided_at: datetime
    action: str
    share: float
    is_let_through: bool
    probability: float


class ControlRecords:
    """The control groups of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables, digest: DecisionDigest) -> None:
        self._database = database
        self._controls = tables.control_payments
        self._attempts = tables.payment_attempts
        self._digest = digest

    def since(self, moment: datetime) -> list[ControlledPayment]:
        """Those decided since a moment; of the attempts of one purchase the last."""
        self._digest.catch_up()
        table, followed = self._controls, self._attempts.c.supersedes
        later = sa.select(followed).where(followed == table.c.payment_id)
        query = sa.select(table).where(table.c.decided_at >= moment, ~later.exists())
        rows = self._database.read(lambda c: c.execute(query).mappings().all())
        return [_controlled(row) for row in rows]

    def let_through_by_day(self, since: datetime) -> dict[str, int]:
        """How many were let through, by day (UTC), since a moment."""
        days: dict[str, int] = {}
        for each in self.since(since):
            if each.is_let_through:
                day = each.decided_at.astimezone(UTC).date().isoformat()
                days[day] = days.get(day, 0) + 1
        return days


def _controlled(row: Mapping[Any, Any]) -> ControlledPayment:
    return ControlledPayment(**{str(name): value for name, value in row.items()})
