"""The sums that KPIs are made from, by day and cell (`Records.measures`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa

from data.records.database import Database
from data.records.tables import Tables

_PORTION = 5_000  # rows of one INSERT


class MeasureRecords:
    """Measures of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.measures

    def newest_day(self, source: str) -> str | None:
        """The newest day (ISO date) that a source has sums of; None while there are none."""
        table = self._table
        query = sa.select(sa.func.max(table.c.day)).where(_is_of(table, source))
        found: str | None = self._database.read(lambda c: c.execute(query).scalar())
        return found

    def first_day(self, measure: str) -> str | None:
        """The first day (ISO date) on which a measure was told; None while it never was."""
        table = self._table
        query = sa.select(sa.func.min(table.c.day)).where(table.c.measure == measure)
        found: str | None = self._database.read(lambda c: c.execute(query).scalar())
        return found

    def replace(self, source: str, sums: pd.DataFrame, since: str | None) -> None:
        """Put sums in the place of those of the source from a day on, in one transaction.

        source: prefix of the measures' names; sums: measure, day (midnights), market,
        warehouse_id, channel, placement, value, rows, unknown; since: ISO date; None: all days.
        """
        table = self._table
        days = pd.to_datetime(sums["day"]).to_numpy(dtype="datetime64[D]")
        told = sums.assign(day=days.astype(str))
        rows: list[dict[str, Any]] = told.to_dict("records")  # type: ignore[assignment]  # names are texts
        gone = _is_of(table, source)
        if since is not None:
            gone = gone & (table.c.day >= since)

        def work(connection: sa.Connection) -> None:
            connection.execute(sa.delete(table).where(gone))
            for start in range(0, len(rows), _PORTION):
                connection.execute(sa.insert(table), rows[start : start + _PORTION])

        self._database.alone(work)

    def sums(
        self,
        measures: Sequence[str],
        *,
        since: str,
        until: str,
        by: Sequence[str] = (),
        only: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Sums of measures by day and by some dimensions.

        measures: their names; since, until: ISO dates, both within; by: the dimensions that split
        the sums; only: dimension -> the one value that counts. Columns: measure, day, those of
        `by`, value, rows, unknown.
        """
        table = self._table
        keys = [table.c[name] for name in ("measure", "day", *by)]
        totals = [sa.func.sum(table.c[name]).label(name) for name in ("value", "rows", "unknown")]
        query = sa.select(*keys, *totals).where(
            table.c.measure.in_(list(measures)), table.c.day >= since, table.c.day <= until
        )
        for name, value in (only or {}).items():
            query = query.where(table.c[name] == value)
        query = query.group_by(*keys).order_by(*keys)
        rows = self._database.read(lambda c: c.execute(query).all())
        columns = ["measure", "day", *by, "value", "rows", "unknown"]
        return pd.DataFrame([tuple(row) for row in rows], columns=columns)


def _is_of(table: sa.Table, source: str) -> "sa.ColumnElement[bool]":
    """The measures of a source: those with its prefix."""
    return table.c.measure.like(f"{source}.%")
