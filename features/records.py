"""What the running service must not lose: decisions, events, labels, answers given, API keys.

SQLite (WAL) or PostgreSQL by URL. Every method that writes has written durably when it returns, and
may be called again with the same rows without doubling them. The lake takes events, labels and
payments from here (`pending`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from features.contracts import TABLES
from features.decisions import (
    ApiKey,
    Decision,
    KeyExistsError,
    Reason,
    RecordsError,
    Remembered,
    contract_row,
    decision_of,
    row_of,
)

__all__ = [
    "ApiKey",
    "Decision",
    "KeyExistsError",
    "Reason",
    "Records",
    "RecordsError",
    "Remembered",
]

Pending = Literal["events", "chargebacks", "payments"]


class _Utc(sa.types.TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps no zone, so it gets none and UTC is put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value if value is None else value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


class Records:
    """One database; tables start with `namespace`. Threads may share it, forks may not."""

    def __init__(self, url: str, namespace: str = "argosy") -> None:
        self.url = url
        self.namespace = namespace
        self._engine = _engine(url)
        self._tables = _tables(namespace)

    def migrate(self) -> None:
        """Create what is missing; several processes may do so at once."""
        if self._engine.dialect.name == "sqlite" and self._engine.url.database:
            Path(self._engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(
                    sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(self.namespace)))
                )
            for table in self._tables.metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(CreateIndex(index, if_not_exists=True))

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    # Events and labels ----------------------------------------------------------------------

    def add_events(self, events: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Keep rows of the events contract; for each whether its event_id is new."""
        rows = [contract_row("events", event) for event in events]
        return self._add(self._tables.events, rows, ("event_id",))

    def add_labels(self, labels: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Keep rows of the chargebacks contract; for each whether it says something new."""
        rows = [contract_row("chargebacks", label) for label in labels]
        return self._add(
            self._tables.chargebacks,
            [{**row, "reason": row["reason"] or ""} for row in rows],
            ("payment_id", "reported_at", "is_fraud", "reason"),
        )

    def recent_events(
        self, visitor_id: str | None, customer_id: str | None, *, limit: int = 50
    ) -> list[Mapping[str, Any]]:
        """Events of a visitor, of a customer, or of either when both are given; newest first."""
        events = self._tables.events
        whose = {events.c.visitor_id: visitor_id, events.c.customer_id: customer_id}
        found: dict[int, Mapping[str, Any]] = {}
        with self._engine.connect() as connection:
            for column, value in whose.items():
                if value is None:
                    continue
                query = (
                    sa.select(events)
                    .where(column == value)
                    .order_by(events.c.occurred_at.desc(), events.c.seq.desc())
                    .limit(limit)
                )
                found |= {row["seq"]: dict(row) for row in connection.execute(query).mappings()}
        newest = sorted(found.values(), key=lambda row: (row["occurred_at"], row["seq"]))[::-1]
        return [{name: row[name] for name in TABLES["events"].names} for row in newest[:limit]]

    def pending(self, table: Pending, after: int = 0) -> tuple[pd.DataFrame, int]:
        """Rows that came after a watermark, as the lake takes them, and the next watermark.

        payments: the inputs of the decisions. Of several labels with one key the last counts.
        """
        source = self._tables.decisions if table == "payments" else getattr(self._tables, table)
        with self._engine.begin() as connection:
            last = self._settled(connection, source)
        query = sa.select(source).where(source.c.seq > after, source.c.seq <= last)
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query.order_by("seq")).mappings()]
        if table == "payments":
            frame = pd.DataFrame([orjson.loads(row["payment"]) for row in rows])
            return (frame if rows else pd.DataFrame(columns=list(TABLES[table].names))), last
        names = list(TABLES[table].names)
        frame = pd.DataFrame([[row[name] for name in names] for row in rows], columns=names)
        return frame.drop_duplicates(list(TABLES[table].key), keep="last", ignore_index=True), last

    def _settled(self, connection: sa.Connection, source: sa.Table) -> int:
        """The newest number below which no row can appear any more.

        PostgreSQL gives numbers before it commits: a moment's lock waits for those under way.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f'LOCK TABLE "{source.name}" IN SHARE MODE'))
        newest = connection.execute(sa.select(sa.func.max(source.c.seq))).scalar()
        return int(newest or 0)

    # Decisions ------------------------------------------------------------------------------

    def decision(self, payment_id: str) -> Decision | None:
        """The decision on a payment; None when there is none."""
        decisions = self._tables.decisions
        query = sa.select(decisions).where(decisions.c.payment_id == payment_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return decision_of(row) if row is not None else None

    def add_decision(self, decision: Decision) -> Decision:
        """Keep a decision unless its payment has one; returns the one that holds."""
        decisions = self._tables.decisions
        row = row_of(decision)
        with self._engine.begin() as connection:
            fresh = connection.execute(
                self._insert(decisions, ("payment_id",)).returning(decisions.c.seq), row
            ).scalar()
            if fresh is not None:
                return decision_of(row)
            query = sa.select(decisions).where(decisions.c.payment_id == decision.payment_id)
            return decision_of(connection.execute(query).mappings().one())

    # Answers and keys -----------------------------------------------------------------------

    def remember(self, scope: str, key: str, body_hash: str, status: int, answer: str) -> None:
        """Keep the answer to an Idempotency-Key; the first one stays."""
        answers = self._tables.answers
        row = {"scope": scope, "key": key, "body_hash": body_hash, "status": status}
        row |= {"answer": answer, "created_at": datetime.now(UTC)}
        with self._engine.begin() as connection:
            connection.execute(self._insert(answers, ("scope", "key")), row)

    def remembered(self, scope: str, key: str) -> Remembered | None:
        """The answer kept for an Idempotency-Key."""
        answers = self._tables.answers
        query = sa.select(answers.c.body_hash, answers.c.status, answers.c.answer).where(
            answers.c.scope == scope, answers.c.key == key
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return Remembered(row.body_hash, row.status, row.answer) if row is not None else None

    def add_key(self, name: str, digest: str, scopes: Sequence[str]) -> None:
        """Keep a key's digest under a name; raises KeyExistsError when the name is taken."""
        keys = self._tables.keys
        row: dict[str, object] = {"name": name, "digest": digest, "scopes": " ".join(scopes)}
        row |= {"created_at": datetime.now(UTC)}
        with self._engine.begin() as connection:
            statement = self._insert(keys, ("name",)).returning(keys.c.name)
            if connection.execute(statement, row).scalar() is None:
                raise KeyExistsError(f"there is a key named {name!r}; drop it or take another name")

    def keys(self) -> list[ApiKey]:
        """All keys by name."""
        keys = self._tables.keys
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(keys).order_by(keys.c.name)).all()
        return [
            ApiKey(row.name, row.digest, tuple(row.scopes.split()), row.created_at) for row in rows
        ]

    def drop_key(self, name: str) -> None:
        """Remove a key; RecordsError when there is none of that name."""
        keys = self._tables.keys
        with self._engine.begin() as connection:
            if not connection.execute(sa.delete(keys).where(keys.c.name == name)).rowcount:
                raise RecordsError(f"there is no key named {name!r}; see argosy keys list")

    def _add(
        self, table: sa.Table, rows: Sequence[Mapping[str, Any]], key: tuple[str, ...]
    ) -> list[bool]:
        """Insert what is new, in one transaction; for each row whether it was."""
        if not rows:
            return []
        columns = [table.c[name] for name in key]
        with self._engine.begin() as connection:
            statement = self._insert(table, key).returning(*columns)
            fresh = {tuple(row) for row in connection.execute(statement, list(rows))}
        answers = []
        for row in rows:
            identity = tuple(row[name] for name in key)
            answers.append(identity in fresh)
            fresh.discard(identity)  # the same row again, in the same call
        return answers

    def _insert(self, table: sa.Table, key: tuple[str, ...]) -> Any:
        """INSERT that leaves the row that is there."""
        insert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        return insert(table).on_conflict_do_nothing(index_elements=list(key))


@dataclass(frozen=True)
class _Tables:
    metadata: sa.MetaData
    events: sa.Table
    chargebacks: sa.Table
    decisions: sa.Table
    answers: sa.Table
    keys: sa.Table


def _tables(namespace: str) -> _Tables:
    metadata = sa.MetaData()

    def table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
        return sa.Table(f"{namespace}_{name}", metadata, *columns, sqlite_autoincrement=True)

    def numbered() -> "sa.Column[int]":
        return sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True
        )

    events = table(
        "events",
        numbered(),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("occurred_at", _Utc, nullable=False),
        *(
            _text(name)
            for name in TABLES["events"].names
            if name not in {"event_id", "occurred_at"}
        ),
        sa.Index(f"{namespace}_events_visitor", "visitor_id", "occurred_at"),
        sa.Index(f"{namespace}_events_customer", "customer_id", "occurred_at"),
    )
    chargebacks = table(
        "chargebacks",
        numbered(),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("reported_at", _Utc, nullable=False),
        sa.Column("is_fraud", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.UniqueConstraint("payment_id", "reported_at", "is_fraud", "reason"),
    )
    decisions = table(
        "decisions",
        numbered(),
        sa.Column("payment_id", sa.Text, nullable=False, unique=True),
        sa.Column("decision_id", sa.Text, nullable=False),
        sa.Column("decided_at", _Utc, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        *(_text(name) for name in ("reasons", "rules_hit", "model_version", "policy_version")),
        sa.Column("degraded", sa.Boolean, nullable=False),
        *(_text(name) for name in ("payment", "features")),
    )
    answers = table(
        "answers",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("body_hash", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created_at", _Utc, nullable=False),
    )
    keys = table(
        "keys",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", _Utc, nullable=False),
    )
    return _Tables(metadata, events, chargebacks, decisions, answers, keys)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text)


def _engine(url: str) -> sa.Engine:
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        engine = sa.create_engine(address, pool_size=16, max_overflow=32)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if address.get_backend_name() == "postgresql":
        # A connection that died with a restart of the server is noticed before it is used.
        return sa.create_engine(address, pool_size=16, max_overflow=32, pool_pre_ping=True)
    raise RecordsError(
        f"{address.get_backend_name()} is not supported; use sqlite:///… or postgresql+psycopg://…"
    )


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Durable at each commit, readers beside one writer, writers wait for each other."""
    del record
    for setting in ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {setting}")
