"""The records themselves: written durably, read back, handed on to the lake."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson
import pandas as pd
import sqlalchemy as sa

from data.decisions import (
    ApiKey,
    Decision,
    KeyExistsError,
    LastDecision,
    RecordsError,
    Remembered,
    contract_row,
    decision_of,
    last_decision,
    row_of,
)
from data.records.alerts import AlertRecords
from data.records.attempts import AttemptRecords
from data.records.audit import AuditLog
from data.records.controls import ControlRecords
from data.records.database import Database
from data.records.decision_digest import DecisionDigest
from data.records.decision_sums import DecisionSums
from data.records.history_corrections import HistoryCorrections
from data.records.journal import Journal
from data.records.measures import MeasureRecords
from data.records.migrations import migrate
from data.records.outbox import Outbox
from data.records.overrides import Overrides
from data.records.purchasing import Purchasing
from data.records.review_records import ReviewRecords
from data.records.storefront import StorefrontRecords
from data.records.tables import tables
from data.settings import Settings
from data.tables import TABLES

UNDER_WAY = 0  # stands for the HTTP status while a key is only reserved
Pending = Literal["events", "chargebacks", "payments"]


def open_records(settings: Settings) -> "Records":
    """The records that the settings name, brought up to this version. Raises DatabaseError."""
    records = Records(settings.database, settings.namespace)
    records.migrate()
    return records


class Records:
    """One database; tables start with `namespace`. Threads may share it, forks may not.

    Every method may raise DatabaseError.
    """

    def __init__(self, url: str, namespace: str = "argosy") -> None:
        self.url = url
        self.namespace = namespace
        self.database = Database(url, namespace)
        self.tables = tables(namespace)
        self.storefront = StorefrontRecords(self.database, self.tables)
        self.outbox = Outbox(self.database, self.tables)
        self.journal = Journal(self.database, self.tables)
        self.purchasing = Purchasing(self.database, self.tables, self.outbox)
        self.transfers = Purchasing(self.database, self.tables, self.outbox, kind="transfer")
        self.overrides = Overrides(self.database, self.tables)
        self.history_corrections = HistoryCorrections(self.database, self.tables)
        self.measures = MeasureRecords(self.database, self.tables)
        self.alerts = AlertRecords(self.database, self.tables, self.outbox)
        self.attempts = AttemptRecords(self.database, self.tables)
        self.decision_digest = DecisionDigest(self.database, self.tables, self.journal)
        self.audit = AuditLog(self.database, self.tables)
        self.controls = ControlRecords(self.database, self.tables, self.decision_digest)
        self.decision_sums = DecisionSums(self.database, self.tables, self.decision_digest)
        self.reviews = ReviewRecords(self.database, self.tables, self.decision_digest)
        self._new_decision = self.database.insert(self.tables.decisions, ("payment_id",)).returning(
            self.tables.decisions.c.decision_id
        )

    def migrate(self) -> None:
        """Bring the database up to this version; several processes may do so at once."""
        migrate(self.database, self.tables)

    def ping(self) -> None:
        """DatabaseError when the database does not answer."""
        self.database.read(lambda connection: connection.execute(sa.select(1)).scalar())

    def database_id(self) -> str:
        """The name this database gave itself when it was made: another one, another name."""
        query = sa.select(self.tables.databases.c.database_id)
        return str(self.database.read(lambda c: c.execute(query).scalar_one()))

    def row_name(self, table: Pending, seq: int) -> str | None:
        """What the row of a number is called: event, payment or decision; None where none is.

        table: events, chargebacks or payments; seq: the number of the row.
        """
        source = self._source(table)
        name = {"events": "event_id", "chargebacks": "payment_id", "payments": "decision_id"}[table]
        query = sa.select(source.c[name]).where(source.c.seq == seq)
        return self.database.read(lambda c: c.execute(query).scalar())

    def newest_number(self, table: Pending) -> int:
        """The number of the newest row of events, chargebacks or payments; 0 where none is."""
        query = sa.select(sa.func.max(self._source(table).c.seq))
        return int(self.database.read(lambda c: c.execute(query).scalar()) or 0)

    def clock(self) -> datetime:
        """The database's own time."""
        query = sa.select(sa.func.current_timestamp())
        now = self.database.read(lambda connection: connection.execute(query).scalar_one())
        moment = now if isinstance(now, datetime) else datetime.fromisoformat(now)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

    def close(self) -> None:
        """Give back all connections."""
        self.database.close()

    # Events and labels ----------------------------------------------------------------------

    def add_events(self, events: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Keep rows of the events contract; for each whether its event_id is new."""
        rows = [contract_row("events", event) for event in events]
        return self._add(self.tables.events, rows, ("event_id",))

    def add_labels(self, labels: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Keep rows of the chargebacks contract; for each whether it says something new."""
        rows = [contract_row("chargebacks", label) for label in labels]
        return self._add(
            self.tables.chargebacks,
            [
                {**row, "reason": row["reason"] or "", "kind": row["kind"] or "chargeback"}
                for row in rows
            ],
            ("payment_id", "kind", "reported_at", "is_fraud", "reason"),
        )

    def labels_of(self, payment_ids: Collection[str]) -> list[Mapping[str, Any]]:
        """The labels kept of some payments, in the order in which they came."""
        table = self.tables.chargebacks
        found: list[Mapping[str, Any]] = []
        for some in _portions(payment_ids):
            query = sa.select(table).where(table.c.payment_id.in_(some)).order_by(table.c.seq)
            found += self._rows(query)
        return found

    def payments_of(self, payment_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """The payments, as they were asked, of the decisions on some payment ids."""
        table = self.tables.decisions
        found: dict[str, dict[str, Any]] = {}
        for some in _portions(payment_ids):
            query = sa.select(table.c.payment_id, table.c.payment)
            rows = self._rows(query.where(table.c.payment_id.in_(some)))
            found |= {row["payment_id"]: orjson.loads(row["payment"]) for row in rows}
        return found

    def recent_events(
        self, visitor_id: str | None, customer_id: str | None, *, limit: int = 50
    ) -> list[Mapping[str, Any]]:
        """Events of a visitor, of a customer, or of either when both are given; newest first.

        visitor_id: a visitor, or None; customer_id: a customer, or None; limit: at most so
        many.
        """
        events = self.tables.events
        whose = {events.c.visitor_id: visitor_id, events.c.customer_id: customer_id}
        queries = [
            sa.select(events)
            .where(column == value)
            .order_by(events.c.occurred_at.desc(), events.c.seq.desc())
            .limit(limit)
            for column, value in whose.items()
            if value is not None
        ]
        found = {row["seq"]: row for query in queries for row in self._rows(query)}
        newest = sorted(found.values(), key=lambda row: (row["occurred_at"], row["seq"]))[::-1]
        return [{name: row[name] for name in TABLES["events"].names} for row in newest[:limit]]

    def pending(
        self, table: Pending, after: int = 0, *, until: datetime | None = None
    ) -> tuple[pd.DataFrame, int]:
        """Rows that came after a watermark, as the lake takes them, and the next watermark.

        payments: the inputs of the decisions, until: of those made by then. Of several labels with
        one key the last counts.

        table: events, chargebacks or payments.
        """
        source = self._source(table)
        last = self.database.alone(lambda connection: _settled(connection, source))
        query = sa.select(source.c.payment) if table == "payments" else sa.select(source)
        query = query.where(source.c.seq > after, source.c.seq <= last).order_by(source.c.seq)
        if until is not None:
            query = query.where(source.c.decided_at <= until)
        rows = self._rows(query)
        if table == "payments":
            frame = pd.DataFrame([orjson.loads(row["payment"]) for row in rows])
            return (frame if rows else pd.DataFrame(columns=list(TABLES[table].names))), last
        names = list(TABLES[table].names)
        frame = pd.DataFrame([[row.get(name) for name in names] for row in rows], columns=names)
        return frame.drop_duplicates(list(TABLES[table].key), keep="last", ignore_index=True), last

    # Decisions ------------------------------------------------------------------------------

    def decision(self, payment_id: str) -> Decision | None:
        """The decision on a payment; None when there is none."""
        decisions = self.tables.decisions
        query = sa.select(decisions).where(decisions.c.payment_id == payment_id)
        row = self.database.read(lambda c: c.execute(query).mappings().one_or_none())
        return decision_of(row) if row is not None else None

    def decisions_on(self, payment_ids: Collection[str]) -> dict[str, Decision]:
        """The decisions on some payments, by payment_id."""
        decisions = self.tables.decisions
        return {
            row["payment_id"]: decision_of(row)
            for some in _portions(payment_ids)
            for row in self._rows(sa.select(decisions).where(decisions.c.payment_id.in_(some)))
        }

    def decisions(
        self,
        *,
        decision: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[Decision]:
        """Decisions, the newest first: those that came out so, or were made since then.

        decision: only of this action; None: any; limit: at most so many; None: all.
        """
        decisions = self.tables.decisions
        query = sa.select(decisions).order_by(decisions.c.seq.desc()).limit(limit)
        if decision is not None:
            query = query.where(decisions.c.decision == decision)
        if since is not None:
            query = query.where(decisions.c.decided_at >= since)
        rows = self.database.read(lambda c: c.execute(query).mappings().all())
        return [decision_of(row) for row in rows]

    def last_decisions(self, count: int) -> list[LastDecision]:
        """The newest decisions, newest first, with as much as a look at their shares needs."""
        table = self.tables.decisions
        query = sa.select(table.c.decision, table.c.rules_hit, table.c.trace)
        query = query.order_by(table.c.seq.desc()).limit(count)
        rows = self.database.read(lambda c: c.execute(query).all())
        return [last_decision(*row) for row in rows]

    def decision_of(self, decision_id: str) -> Decision | None:
        """The decision of this id; None when there is none."""
        decisions = self.tables.decisions
        query = sa.select(decisions).where(decisions.c.decision_id == decision_id)
        row = self.database.read(lambda c: c.execute(query).mappings().one_or_none())
        return decision_of(row) if row is not None else None

    def add_decision(self, decision: Decision) -> Decision:
        """Keep a decision unless its payment has one; returns the one that holds."""
        return self.add_decisions([decision])[0]

    def add_decisions(self, made: Sequence[Decision]) -> list[Decision]:
        """Keep several decisions in one commit; returns those that hold: of two on one payment the
        first."""
        rows = [row_of(decision) for decision in made]
        decisions = self.tables.decisions
        retries = [decision for decision in made if "attempt" in decision.trace]

        def keep(connection: sa.Connection) -> list[Decision]:
            given = rows if len(rows) > 1 else rows[0]
            fresh = set(connection.execute(self._new_decision, given).scalars())
            if retries:
                self.attempts.add_in(connection, [d for d in retries if d.decision_id in fresh])
            if len(fresh) == len(made):
                return list(made)
            old = {each.payment_id for each in made if each.decision_id not in fresh}
            query = sa.select(decisions).where(decisions.c.payment_id.in_(old))
            held = {row.payment_id: row for row in connection.execute(query).mappings()}
            return [
                each if each.decision_id in fresh else decision_of(held[each.payment_id])
                for each in made
            ]

        if retries:  # written by more than the first statement
            return self.database.write(keep)
        return self.database.one(keep) if rows else []

    # Answers and keys -----------------------------------------------------------------------

    def reserve(
        self, scope: str, key: str, body_hash: str, *, stale: timedelta
    ) -> Remembered | None:
        """Reserve an Idempotency-Key for one worker; None: it is this one's to work.

        scope: caller and route that the key belongs to; key: the Idempotency-Key; body_hash: hash
        of the request's body; stale: a reservation older than this is of a worker that died. Else
        what is kept under the key; its status is UNDER_WAY while another worker is at it.
        """
        answers, now = self.tables.answers, datetime.now(UTC)
        row = {"scope": scope, "key": key, "body_hash": body_hash, "status": UNDER_WAY}
        insert = self.database.insert(answers, ("scope", "key")).returning(answers.c.key)
        mine = (answers.c.scope == scope) & (answers.c.key == key)
        left = mine & (answers.c.status == UNDER_WAY) & (answers.c.created_at < now - stale)
        again = sa.update(answers).where(left).values(created_at=now).returning(answers.c.key)
        found = sa.select(answers.c.body_hash, answers.c.status, answers.c.answer).where(mine)

        def work(connection: sa.Connection) -> Remembered | None:
            given = row | {"answer": "", "created_at": now}
            if connection.execute(insert, given).first() or connection.execute(again).first():
                return None
            kept = connection.execute(found).one()
            return Remembered(kept.body_hash, kept.status, kept.answer)

        return self.database.alone(work)

    def release(self, scope: str, key: str) -> None:
        """Give a reserved key back whose work failed.

        scope: caller and route that the key belongs to; key: the Idempotency-Key.
        """
        answers = self.tables.answers
        mine = (answers.c.scope == scope) & (answers.c.key == key)
        statement = sa.delete(answers).where(mine & (answers.c.status == UNDER_WAY))
        self.database.write(lambda connection: connection.execute(statement) and None)

    def remember(self, scope: str, key: str, body_hash: str, status: int, answer: str) -> None:
        """Keep the answer under an Idempotency-Key; the first one stays.

        scope: caller and route that the key belongs to; key: the Idempotency-Key; body_hash:
        hash of the request's body; status: the HTTP status; answer: its body.
        """
        answers = self.tables.answers
        row = {"scope": scope, "key": key, "body_hash": body_hash, "status": status}
        row |= {"answer": answer, "created_at": datetime.now(UTC)}
        insert = self.database.insert(answers, ("scope", "key"))
        mine = (answers.c.scope == scope) & (answers.c.key == key)
        reserved = mine & (answers.c.status == UNDER_WAY)
        fill = sa.update(answers).where(reserved).values(status=status, answer=answer)

        def work(connection: sa.Connection) -> None:
            if connection.execute(fill).rowcount == 0:
                connection.execute(insert, row)

        self.database.write(work)

    def remembered(self, scope: str, key: str) -> Remembered | None:
        """The answer kept for an Idempotency-Key.

        scope: caller and route that the key belongs to; key: the Idempotency-Key.
        """
        answers = self.tables.answers
        query = sa.select(answers.c.body_hash, answers.c.status, answers.c.answer).where(
            answers.c.scope == scope, answers.c.key == key
        )
        row = self.database.read(lambda c: c.execute(query).one_or_none())
        return Remembered(row.body_hash, row.status, row.answer) if row is not None else None

    def forget_answers(self, age: timedelta) -> int:
        """Drop the answers kept for longer than `age`; how many there were."""
        created = self.tables.answers.c.created_at
        statement = sa.delete(self.tables.answers).where(created < datetime.now(UTC) - age)
        return self.database.alone(lambda connection: connection.execute(statement).rowcount)

    def add_key(self, key: ApiKey) -> None:
        """Keep a key; raises KeyExistsError when its name is taken."""
        keys = self.tables.keys
        statement = self.database.insert(keys, ("name",)).returning(keys.c.name)

        def keep(connection: sa.Connection) -> None:
            if connection.execute(statement, _key_row(key)).scalar() is None:
                name = key.name
                raise KeyExistsError(
                    f"there is a key named {name!r}; rotate or drop it, or take another name"
                )

        self.database.write(keep)

    def change_key(self, key: ApiKey) -> None:
        """Put a key in the place of the one of its name; RecordsError when there is none."""
        keys = self.tables.keys
        statement = sa.update(keys).where(keys.c.name == key.name).values(_key_row(key))
        self._one_key(statement, key.name)

    def keys(self) -> list[ApiKey]:
        """All keys by name."""
        query = sa.select(self.tables.keys).order_by(self.tables.keys.c.name)
        return [
            ApiKey(**{**row, "scopes": tuple(row["scopes"].split())}) for row in self._rows(query)
        ]

    def drop_key(self, name: str) -> None:
        """Remove a key; RecordsError when there is none of that name."""
        self._one_key(sa.delete(self.tables.keys).where(self.tables.keys.c.name == name), name)

    def _source(self, table: Pending) -> sa.Table:
        source: sa.Table = getattr(self.tables, "decisions" if table == "payments" else table)
        return source

    def _rows(self, query: sa.Select[Any]) -> Sequence[Mapping[Any, Any]]:
        return self.database.read(lambda connection: connection.execute(query).mappings().all())

    def _one_key(self, statement: Any, name: str) -> None:
        if not self.database.write(lambda connection: connection.execute(statement).rowcount):
            raise RecordsError(f"there is no key named {name!r}; see argosy keys list")

    def _add(
        self, table: sa.Table, rows: Sequence[Mapping[str, Any]], key: tuple[str, ...]
    ) -> list[bool]:
        """Insert what is new, in one transaction; for each row whether it was."""
        if not rows:
            return []
        columns = [table.c[name] for name in key]
        statement = self.database.insert(table, key).returning(*columns)

        def keep(connection: sa.Connection) -> set[tuple[Any, ...]]:
            return {tuple(row) for row in connection.execute(statement, list(rows))}

        fresh = self.database.write(keep)
        answers = []
        for row in rows:
            identity = tuple(row[name] for name in key)
            answers.append(identity in fresh)
            fresh.discard(identity)  # the same row again, in the same call
        return answers


_PORTION = 500  # ids in one question; SQLite takes no more than some thousand


def _portions(ids: Collection[str]) -> Iterator[list[str]]:
    every = list(dict.fromkeys(ids))
    return (every[start : start + _PORTION] for start in range(0, len(every), _PORTION))


def _settled(connection: sa.Connection, source: sa.Table) -> int:
    """The newest number below which no row can appear any more.

    PostgreSQL gives numbers before it commits: a moment's lock waits for those under way.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f'LOCK TABLE "{source.name}" IN SHARE MODE'))
    newest = connection.execute(sa.select(sa.func.max(source.c.seq))).scalar()
    return int(newest or 0)


def _key_row(key: ApiKey) -> dict[str, Any]:
    return {**vars(key), "scopes": " ".join(key.scopes)}
