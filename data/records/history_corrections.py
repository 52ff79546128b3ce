"""The planners' corrections of history (`Records.history_corrections`)."""

from datetime import date, datetime

import sqlalchemy as sa

from data.history_corrections import HistoryCorrection, checked_correction
from data.records.database import Database
from data.records.tables import Tables

_NAMES = tuple(name for name in HistoryCorrection.__dataclass_fields__ if name != "brand")


class HistoryCorrections:
    """Corrections, kept for good: what was undone stays on record, so that what was known at a past
    moment can be told. Methods may raise DatabaseError.
    """

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.history_corrections

    def add(self, correction: HistoryCorrection) -> HistoryCorrection:
        """Keep a correction; raises HistoryCorrectionError when it makes no sense. Returns it."""
        given = checked_correction(correction)
        row = {name: getattr(given, name) for name in _NAMES} | {
            "first": given.first.isoformat(),
            "last": given.last.isoformat(),
        }
        insert = self._database.insert(self._table, ("correction_id",))
        self._database.write(lambda connection: connection.execute(insert, row))
        return correction

    def drop(self, correction_id: str, at: datetime) -> HistoryCorrection | None:
        """Undo a correction from a moment on; None when there is none that holds on.

        correction_id: which one; at: the moment.
        """
        table = self._table
        mine = (table.c.correction_id == correction_id) & table.c.dropped_at.is_(None)
        end = sa.update(table).where(mine).values(dropped_at=at).returning(table)
        row = self._database.write(lambda connection: connection.execute(end).one_or_none())
        return _correction(row) if row is not None else None

    def known_at(self, moment: datetime) -> list[HistoryCorrection]:
        """Corrections that were made, and not yet undone, at a moment, the newest first."""
        table = self._table
        query = sa.select(table).where(table.c.created_at <= moment)
        query = query.where(table.c.dropped_at.is_(None) | (table.c.dropped_at > moment))
        ordered = query.order_by(table.c.seq.desc())
        rows = self._database.read(lambda connection: connection.execute(ordered).all())
        return [_correction(row) for row in rows]


def _correction(row: sa.Row[tuple[object, ...]]) -> HistoryCorrection:
    given = {name: row._mapping[name] for name in _NAMES}
    days = {"first": date.fromisoformat(row.first), "last": date.fromisoformat(row.last)}
    return HistoryCorrection(**given | days)
