"""The newest values in SQLite, laid out as Feast lays them out; see `features.store.online`."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from data.views import View
from features.store.encoding import decode, whole
from features.store.online import MICROS, Asked, OnlineBatch, Stored

STAMP = "_ts"
_TABLE = (
    "create table if not exists {table} (entity_key blob, feature_name text, value blob,"
    " value_text text, vector_value blob, event_ts timestamp, created_ts timestamp,"
    " primary key (entity_key, feature_name))"
)


class SqliteOnline:
    """Feast's SQLite layout: a table for each view, a row for each entity key and feature.

    Feast keeps whole seconds; a row of our own for each key, named like no feature, keeps the
    microseconds. It counts as long as it agrees with Feast's second.
    """

    _asked = 500  # keys in one query

    def __init__(self, path: Path, project: str) -> None:
        self._path = path
        self._project = project
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []

    def write(self, batch: OnlineBatch) -> int:
        """Compare and set in one transaction."""
        bounds = (max(batch.horizon, micros) for micros in batch.micros)
        # A batch has few times: each is encoded once.
        times = {
            micros: (whole(micros), _feast_second(micros // MICROS)) for micros in set(batch.micros)
        }
        names = [STAMP, *batch.view.features]
        with self._writing(batch.view) as (connection, table):
            newer = _newer(connection, table, dict(zip(batch.keys, bounds, strict=True)))
            # In the order of the table's own key, so that neighbours are written one after another.
            kept = [place for place, key in enumerate(batch.keys) if key not in newer]
            kept.sort(key=batch.keys.__getitem__)
            columns = sorted(zip(names, range(-1, len(batch.columns)), strict=True))
            rows = (
                (key, name, exact if column < 0 else batch.columns[column][place], second)
                for place in kept
                for key, (exact, second) in ((batch.keys[place], times[batch.micros[place]]),)
                for name, column in columns
            )
            connection.executemany(
                f"insert into {table} (entity_key, feature_name, value, event_ts)"
                " values (?, ?, ?, ?) on conflict (entity_key, feature_name)"
                " do update set value = excluded.value, event_ts = excluded.event_ts",
                rows,
            )
        return len(kept)

    def forget(self, view: View, keys: Sequence[bytes], horizon: int) -> None:
        """Drop the values of keys, unless they are newer than the horizon.

        view: the view's contract.
        """
        with self._writing(view) as (connection, table):
            newer = _newer(connection, table, dict.fromkeys(keys, horizon))
            connection.executemany(
                f"delete from {table} where entity_key = ?",
                [(key,) for key in keys if key not in newer],
            )

    def read(self, asked: Asked) -> list[list[Stored | None]]:
        """One query a view; what was never written is None."""
        connection = self._reading()
        if connection is None:
            return [[None] * len(keys) for _, keys in asked]
        there = {name for (name,) in connection.execute("select name from sqlite_master")}
        return [
            self._read(connection, view, keys)
            if self._table(view).strip('"') in there
            else [None] * len(keys)
            for view, keys in asked
        ]

    def close(self) -> None:
        """Let go of connections."""
        while self._open:
            self._open.pop().close()
        self._local = threading.local()

    def _read(
        self, connection: sqlite3.Connection, view: View, keys: Sequence[bytes]
    ) -> list[Stored | None]:
        found: dict[bytes, dict[str, bytes]] = {}
        seconds: dict[bytes, int] = {}
        unique = list(dict.fromkeys(keys))
        for start in range(0, len(unique), self._asked):
            part = unique[start : start + self._asked]
            query = (
                f"select entity_key, feature_name, value, event_ts from {self._table(view)}"
                f" where entity_key in ({','.join('?' * len(part))})"
            )
            for key, name, value, second in connection.execute(query, part):
                found.setdefault(key, {})[name] = value
                seconds[key] = max(second, seconds.get(key, second))
        stored = {
            key: (_micros(values.get(STAMP), seconds[key]), [*map(values.get, view.features)])
            for key, values in found.items()
        }
        return [stored.get(key) for key in keys]

    def _table(self, view: View) -> str:
        return f'"{self._project}_{view.name}"'

    def _reading(self) -> sqlite3.Connection | None:
        """This thread's connection; None while there is no store."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None and self._path.exists():
            connection = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
            )
            self._local.connection = connection
            self._open.append(connection)
        return connection

    @contextmanager
    def _writing(self, view: View) -> Iterator[tuple[sqlite3.Connection, str]]:
        """A connection in a transaction of its own: all of it is written or nothing."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=60, isolation_level=None)) as connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.execute("pragma cache_size = -131072")  # KiB, for as long as it is written
            connection.execute("pragma temp_store = memory")
            connection.execute("pragma secure_delete = on")  # what is erased is overwritten
            connection.execute("begin immediate")
            with connection:
                connection.execute(_TABLE.format(table=self._table(view)))
                yield connection, self._table(view)
            connection.execute("pragma wal_checkpoint(passive)")


def _newer(connection: sqlite3.Connection, table: str, bounds: Mapping[bytes, int]) -> set[bytes]:
    """The keys whose stored values are newer than their bounds."""
    connection.execute("create temp table bounds (entity_key blob primary key, bound int)")
    connection.executemany("insert into bounds values (?, ?)", bounds.items())
    rows = connection.execute(
        "select entity_key, bound, max(event_ts),"
        f" max(case feature_name when '{STAMP}' then value end)"
        f" from bounds join {table} using (entity_key) group by entity_key, bound"
    )
    return {key for key, bound, second, exact in rows if _micros(exact, second) > bound}


def _micros(exact: bytes | None, feast_second: int) -> int:
    """The event time: ours where it tells Feast's second more exactly, else Feast's."""
    second = _second(feast_second)
    micros = decode(exact, "int") or 0
    return micros if micros // MICROS == second else second * MICROS


def _feast_second(second: int) -> int:
    """A second since 1970 as Feast stores it: UTC's clock face taken for local time."""
    return int(datetime.fromtimestamp(second, UTC).replace(tzinfo=None).timestamp())


def _second(feast_second: int) -> int:
    local = datetime.fromtimestamp(feast_second)  # noqa: DTZ006  # Feast's convention, see above
    return int(local.replace(tzinfo=UTC).timestamp())
