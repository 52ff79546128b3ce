"""The planners' corrections of history (`Records.history_corrections`)."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from data.history_corrections import HistoryCorrection, check_chain, checked_correction
from data.records.database import Database, take_turn
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
        """Keep a correction; raises HistoryCorrectionError when it makes no sense, or is a
        succession that does not fit those that hold. Returns it."""
        given = checked_correction(correction)
        row = {name: getattr(given, name) for name in _NAMES} | {
            "first": given.first.isoformat(),
            "last": given.last.isoformat(),
        }
        insert = self._database.insert(self._table, ("correction_id",))

        def work(connection: sa.Connection) -> None:
            if given.action == "continue":  # of two that are told at once the second is refused
                take_turn(connection, f"{self._table.name} continue")
            connection.execute(insert, row)
            if given.action == "continue":
                rows = connection.execute(self._holding()).all()
                others = [_correction(each) for each in rows]
                check_chain(
                    given, [each for each in others if each.correction_id != given.correction_id]
                )

        self._database.write(work)
        return correction

    def _holding(self) -> sa.Select[Any]:
        table = self._table
        return sa.select(table).where(table.c.dropped_at.is_(None)).order_by(table.c.seq.desc())

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
