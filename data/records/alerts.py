"""Alerts: one row each, open until resolved (`Records.alerts`)."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from data.alerts import Alert, AlertError, Contribution, KpiFinding
from data.messages import OutgoingMessage
from data.records.database import Database
from data.records.outbox import Outbox
from data.records.tables import Tables


class AlertRecords:
    """The alerts of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables, outbox: Outbox) -> None:
        self._database = database
        self._table = tables.alerts
        self._outbox = outbox

    def open(self) -> list[Alert]:
        """Those that are not resolved, the newest first."""
        return self._found(self._table.c.resolved_at.is_(None))

    def all(self, since: datetime | None = None) -> list[Alert]:
        """All alerts, or those raised since a moment; the newest first."""
        return self._found(sa.true() if since is None else self._table.c.raised_at >= since)

    def raise_alert(self, finding: KpiFinding, at: datetime) -> bool:
        """Open an alert, and tell of it in the same transaction; False where it is open already.

        finding: what is wrong; at: the moment.
        """
        table = self._table
        row = _row(finding) | {"alert_id": f"alert-{uuid.uuid4().hex[:12]}", "raised_at": at}
        insert = self._database.insertion(table).on_conflict_do_nothing()
        told = {name: value for name, value in row.items() if name != "raised_at"}
        told |= {"place": dict(finding.place), "raised_at": at.isoformat()}
        told |= {"contributions": [asdict(one) for one in finding.contributions]}

        def work(connection: sa.Connection) -> bool:
            statement = insert.returning(table.c.alert_id)
            if connection.execute(statement, row).scalar() is None:
                return False
            message = OutgoingMessage("alert.raised", finding.cause, told, (row["alert_id"],))
            self._outbox.post(connection, [message])
            return True

        return self._database.write(work)

    def refresh(self, alert: Alert, finding: KpiFinding) -> None:
        """The alert goes on: its newest day, value and severity; the first day and place stay.

        alert: an open one; finding: of a later day.
        """
        self._change(
            alert.alert_id,
            last_day=finding.day.isoformat(),
            value=finding.value,
            expected=finding.expected,
            severity=finding.severity,
        )

    def resolve(self, alert_ids: Collection[str], at: datetime) -> None:
        """End alerts that no longer hold; alert_ids: of open ones; at: the moment."""
        for alert_id in alert_ids:
            self._change(alert_id, resolved_at=at)

    def acknowledge(self, alert_id: str, *, author: str, note: str, at: datetime) -> Alert:
        """Somebody has seen to it. Raises AlertError when there is no such alert.

        alert_id: which one; author: who; note: what they say; at: the moment. The first one to
        acknowledge it stays.
        """
        table = self._table
        first = (table.c.alert_id == alert_id) & table.c.acknowledged_at.is_(None)
        values = {"acknowledged_at": at, "acknowledged_by": author, "note": note}
        update = sa.update(table).where(first).values(**values)
        self._database.write(lambda connection: connection.execute(update) and None)
        found = self._found(table.c.alert_id == alert_id)
        if not found:
            raise AlertError(f"there is no alert {alert_id!r}; see GET /v1/alerts")
        return found[0]

    def _change(self, alert_id: str, **values: Any) -> None:
        update = sa.update(self._table).where(self._table.c.alert_id == alert_id).values(**values)
        self._database.write(lambda connection: connection.execute(update) and None)

    def _found(self, where: Any) -> list[Alert]:
        table = self._table
        query = sa.select(table).where(where).order_by(table.c.raised_at.desc(), table.c.alert_id)
        rows: Sequence[Mapping[Any, Any]] = self._database.read(
            lambda c: c.execute(query).mappings().all()
        )
        return [_alert(row) for row in rows]


def _row(finding: KpiFinding) -> dict[str, Any]:
    names = ("cause", "kpi", "kind", "severity", "value", "expected", "text")
    contributions = [asdict(one) for one in finding.contributions]
    return {
        **{name: getattr(finding, name) for name in names},
        "place": orjson.dumps(dict(finding.place), option=orjson.OPT_SORT_KEYS).decode(),
        "first_day": finding.day.isoformat(),
        "last_day": finding.day.isoformat(),
        "contributions": orjson.dumps(contributions).decode(),
    }


def _alert(row: Mapping[Any, Any]) -> Alert:
    given = dict(row)
    return Alert(
        **given
        | {name: date.fromisoformat(given[name]) for name in ("first_day", "last_day")}
        | {"place": orjson.loads(given["place"])}
        | {
            "contributions": tuple(
                Contribution(**one) for one in orjson.loads(given["contributions"])
            )
        }
    )
