"""The planners' overrides of forecasts (`Records.overrides`)."""

from datetime import date, datetime

import sqlalchemy as sa

from data.overrides import Override, checked
from data.records.database import Database
from data.records.tables import Tables


class Overrides:
    """Overrides, kept for good: a dropped one stays on record. Methods may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._table = tables.overrides

    def add(self, override: Override) -> Override:
        """Keep an override; raises OverrideError when it makes no sense. Returns it."""
        row = vars(checked(override)) | {
            "first": override.first.isoformat(),
            "last": override.last.isoformat(),
        }
        insert = self._database.insert(self._table, ("override_id",))
        self._database.write(lambda connection: connection.execute(insert, row))
        return override

    def drop(self, override_id: str, at: datetime) -> Override | None:
        """End an override at a moment; the override, or None when there is none that holds on.

        override_id: which one.
        """
        table = self._table
        mine = (table.c.override_id == override_id) & table.c.dropped_at.is_(None)
        end = sa.update(table).where(mine).values(dropped_at=at).returning(table)
        row = self._database.write(lambda connection: connection.execute(end).one_or_none())
        return _override(row) if row is not None else None

    def all(self, warehouse_id: str | None = None, product_id: str | None = None) -> list[Override]:
        """Overrides that were not dropped, the newest first; of one warehouse, of one product.

        warehouse_id: of this warehouse; None: any; product_id: of this product; None: any.
        """
        table = self._table
        query = sa.select(table).where(table.c.dropped_at.is_(None))
        for name, value in (("warehouse_id", warehouse_id), ("product_id", product_id)):
            if value is not None:
                query = query.where(table.c[name] == value)
        ordered = query.order_by(table.c.created_at.desc(), table.c.override_id)
        rows = self._database.read(lambda connection: connection.execute(ordered).all())
        return [_override(row) for row in rows]


def _override(row: sa.Row[tuple[object, ...]]) -> Override:
    given = {name: row._mapping[name] for name in Override.__dataclass_fields__}
    return Override(
        **given | {"first": date.fromisoformat(row.first), "last": date.fromisoformat(row.last)}
    )
