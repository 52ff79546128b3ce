"""Who did what: a log that is only added to, each entry sealed together with the one before it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from data.records.database import Database
from data.records.tables import Tables

START = "0" * 64  # stands for the digest before the first entry


@dataclass(frozen=True)
class AuditEntry:
    """One thing done.

    actor: name of the key, or of the user of the command line; owner: the person or service that
    answers for it; action: such as `POST /v1/fraud/rules` or `argosy promote`; target: what it was
    done to, by name -> id, people only as keyed hashes. digest: SHA-256 of all of it and of the
    digest before.
    """

    seq: int
    at: datetime
    actor: str
    owner: str
    action: str
    target: Mapping[str, str]
    previous: str
    digest: str


@dataclass(frozen=True)
class AuditCheck:
    """What was found. broken_at: number of the first entry that does not fit; None: all fit."""

    entries: int
    head: str
    broken_at: int | None


class AuditLog:
    """The log of one installation; every method may raise DatabaseError."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._audit = tables.audit

    def add(self, actor: str, owner: str, action: str, target: Mapping[str, str]) -> AuditEntry:
        """Write an entry down; of several at once each is sealed with the one before it.

        actor: who; owner: who answers for them; action: what was done; target: to what.
        """
        table = self._audit

        def write(connection: sa.Connection) -> AuditEntry:
            _alone(connection, table.name)
            query = sa.select(table.c.seq, table.c.digest).order_by(table.c.seq.desc()).limit(1)
            last = connection.execute(query).one_or_none()
            at = datetime.now(UTC).replace(microsecond=0)
            text = orjson.dumps(dict(target), option=orjson.OPT_SORT_KEYS).decode()
            previous = last.digest if last else START
            row = {"at": at, "actor": actor, "owner": owner, "action": action, "target": text}
            row |= {"previous": previous, "digest": _digest(row, previous)}
            row["seq"] = (last.seq if last else 0) + 1
            connection.execute(sa.insert(table), row)
            return _entry(row)

        return self._database.alone(write)

    def entries(self, *, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """Entries, the newest first.

        before: only those with a smaller number; limit: at most so many.
        """
        query = sa.select(self._audit).order_by(self._audit.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(self._audit.c.seq < before)
        rows = self._database.read(lambda c: c.execute(query).mappings().all())
        return [_entry(row) for row in rows]

    def check(self) -> AuditCheck:
        """Whether every entry is as it was written and none between them is gone.

        Entries cut off at the end leave a whole chain: keep `head` elsewhere and see whether it is
        still there (`holds`).
        """
        query = sa.select(self._audit).order_by(self._audit.c.seq)
        previous, number = START, 0

        def look(connection: sa.Connection) -> int | None:
            nonlocal previous, number
            for row in connection.execute(query).mappings():
                wanted = _digest(row, previous)
                if (row["seq"], row["previous"], row["digest"]) != (number + 1, previous, wanted):
                    return number + 1
                previous, number = wanted, number + 1
            return None

        broken = self._database.read(look)
        return AuditCheck(number, previous, broken)

    def holds(self, digest: str) -> bool:
        """True if an entry has this digest: the log then still holds all that came before it."""
        query = sa.select(self._audit.c.seq).where(self._audit.c.digest == digest)
        return self._database.read(lambda c: c.execute(query).first()) is not None


def _alone(connection: sa.Connection, name: str) -> None:
    """One writer at a time, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(name))))
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _digest(row: Mapping[Any, Any], previous: str) -> str:
    parts: Sequence[str] = (
        row["at"].astimezone(UTC).isoformat(),
        *(row[name] for name in ("actor", "owner", "action", "target")),
        previous,
    )
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _entry(row: Mapping[Any, Any]) -> AuditEntry:
    names = ("seq", "at", "actor", "owner", "action", "previous", "digest")
    return AuditEntry(**{n: row[n] for n in names}, target=orjson.loads(row["target"]))
