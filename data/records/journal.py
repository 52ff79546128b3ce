"""The journal: what people change, one row a change, never overwritten: lists, rules, reviews, …"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from data.decisions import Note
from data.records.database import Database
from data.records.tables import Tables

_PORTION = 500  # keys in one question


class Journal:
    """The notes of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._notes = tables.notes

    def add(
        self, kind: str, key: str, *, author: str, body: Mapping[str, Any], once: str | None = None
    ) -> Note:
        """Write a note down. once: the same text again writes nothing and gives the first note.

        kind: which list it belongs to; key: what it is about; author: who; body: what, as JSON
        values.
        """
        notes = self._notes
        row = {"kind": kind, "key": key, "at": datetime.now(UTC), "author": author, "once": once}
        row |= {"body": orjson.dumps(dict(body)).decode()}
        insert = self._database.insert(notes, ("once",)).returning(notes)
        first = sa.select(notes).where(notes.c.once == once)

        def write(connection: sa.Connection) -> Note:
            found = connection.execute(insert, row).mappings().one_or_none()
            return _note(found or connection.execute(first).mappings().one())

        return self._database.write(write)

    def add_in(
        self,
        connection: sa.Connection,
        kind: str,
        key: str,
        *,
        author: str,
        body: Mapping[str, Any],
    ) -> Note:
        """Write a note down in the transaction of the caller.

        connection: of that transaction; kind, key, author, body: as of `add`.
        """
        row = {"kind": kind, "key": key, "at": datetime.now(UTC), "author": author, "once": None}
        row |= {"body": orjson.dumps(dict(body)).decode()}
        insert = sa.insert(self._notes).values(row).returning(self._notes)
        return _note(connection.execute(insert).mappings().one())

    def add_many(
        self, kind: str, bodies: Sequence[tuple[str, Mapping[str, Any]]], *, author: str
    ) -> None:
        """Write several notes down in one transaction.

        kind: which list they belong to; bodies: key and body (JSON values) of each; author: who.
        """
        now = datetime.now(UTC)
        rows = [
            {"kind": kind, "key": key, "at": now, "author": author, "once": None}
            | {"body": orjson.dumps(dict(body)).decode()}
            for key, body in bodies
        ]
        if rows:
            insert = sa.insert(self._notes)
            self._database.write(lambda connection: connection.execute(insert, rows) and None)

    def of(
        self, kind: str, key: str | None = None, *, limit: int | None = None, after: int = 0
    ) -> list[Note]:
        """The notes of a kind, or of one key of it, with numbers above `after`; oldest first; the
        newest `limit` of them."""
        notes = self._notes
        query = sa.select(notes).where(notes.c.kind == kind, notes.c.seq > after)
        if key is not None:
            query = query.where(notes.c.key == key)
        query = query.order_by(notes.c.seq.desc()).limit(limit)
        return self._read(query)[::-1]

    def of_keys(self, kind: str, keys: Collection[str]) -> dict[str, list[Note]]:
        """The notes of a kind on some keys, by key, oldest first.

        kind: which list they belong to; keys: what they are about.
        """
        notes, every = self._notes, list(dict.fromkeys(keys))
        found: dict[str, list[Note]] = {}
        for start in range(0, len(every), _PORTION):
            some = notes.c.key.in_(every[start : start + _PORTION])
            query = sa.select(notes).where(notes.c.kind == kind, some).order_by(notes.c.seq)
            for note in self._read(query):
                found.setdefault(note.key, []).append(note)
        return found

    def newest(self, kind: str) -> list[Note]:
        """The last note of each key of a kind, oldest first."""
        notes = self._notes
        last = sa.select(sa.func.max(notes.c.seq)).where(notes.c.kind == kind).group_by(notes.c.key)
        return self._read(sa.select(notes).where(notes.c.seq.in_(last)).order_by(notes.c.seq))

    def mark(self) -> int:
        """The number of the last note: another number, another state."""
        query = sa.select(sa.func.max(self._notes.c.seq))
        return int(self._database.read(lambda c: c.execute(query).scalar()) or 0)

    def _read(self, query: sa.Select[Any]) -> list[Note]:
        rows = self._database.read(lambda c: c.execute(query).mappings().all())
        return [_note(row) for row in rows]


def _note(row: Mapping[Any, Any]) -> Note:
    names = ("seq", "kind", "key", "at", "author")
    return Note(**{name: row[name] for name in names}, body=orjson.loads(row["body"]))
