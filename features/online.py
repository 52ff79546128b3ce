"""The newest values online, in SQLite or Redis, laid out as Feast lays them out.

Feast's `get_online_features` reads what is written here. Two things it does not do itself: a value
never takes the place of a newer one, on either store, and times keep their microseconds.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import mmh3

from features.contracts import View
from features.encoding import decode, read_stamp, stamp, whole

STAMP = "_ts"
MICROS = 1_000_000
_TABLE = (
    "create table if not exists {table} (entity_key blob, feature_name text, value blob,"
    " value_text text, vector_value blob, event_ts timestamp, created_ts timestamp,"
    " primary key (entity_key, feature_name))"
)


@dataclass(frozen=True)
class Batch:
    """Newest values of one view, serialized, ready to be written.

    keys: serialized entity keys; micros: event times; columns: one list of values a feature.
    horizon: a stored value up to this time (or not newer than the row itself) is replaced.
    """

    view: View
    keys: list[bytes]
    micros: list[int]
    columns: list[list[bytes]]
    horizon: int = 0


Stored = tuple[int, Sequence[bytes | None]]  # event time in microseconds, a value a feature
Asked = Sequence[tuple[View, Sequence[bytes]]]


class Online(Protocol):
    """What both stores do."""

    def write(self, batch: Batch) -> int:
        """Put values in the place of older ones; returns how many keys were written."""
        ...

    def forget(self, view: View, keys: Sequence[bytes], horizon: int) -> None:
        """Drop the values of keys, unless they are newer than the horizon."""
        ...

    def read(self, asked: Asked) -> list[list[Stored | None]]:
        """For each view, what is stored for each key; None when nothing is."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


# KEYS: the hashes. ARGV: the time's field, the number of features, their fields; then for each key
# the horizon (microseconds), the time (empty: drop the values) and the values.
_SCRIPT = """
local function micros(data)
  local fields, at = {[8] = 0, [16] = 0}, 1
  while at <= #data do
    local tag, number, scale = data:byte(at), 0, 1
    repeat
      at = at + 1
      local byte = data:byte(at)
      number = number + (byte % 128) * scale
      scale = scale * 128
    until byte < 128
    fields[tag] = number
    at = at + 1
  end
  return fields[8] * 1000000 + math.floor(fields[16] / 1000)
end
local time, count, written = ARGV[1], tonumber(ARGV[2]), 0
for i, key in ipairs(KEYS) do
  local at = 3 + count + (i - 1) * (count + 2)
  local stored = redis.call('HGET', key, time)
  if not stored or micros(stored) <= tonumber(ARGV[at]) then
    local parts = {time}
    if ARGV[at + 1] == '' then
      for j = 1, count do parts[j + 1] = ARGV[2 + j] end
      redis.call('HDEL', key, unpack(parts))
    else
      parts[2] = ARGV[at + 1]
      for j = 1, count do
        parts[2 * j + 1] = ARGV[2 + j]
        parts[2 * j + 2] = ARGV[at + 1 + j]
      end
      redis.call('HSET', key, unpack(parts))
    end
    written = written + 1
  end
end
return written
"""


class RedisOnline:
    """Feast's Redis layout: a hash for each entity key, a field for each feature and view's time.

    client: a redis.Redis; project: Feast's project, the end of every key.
    """

    _rows = 200  # keys in one script call: about a millisecond of the server's time

    def __init__(self, client: Any, project: str) -> None:
        self._client = client
        self._project = project.encode()
        self._script = client.register_script(_SCRIPT)

    def write(self, batch: Batch) -> int:
        """Compare and set in the server: no other writer gets in between."""
        horizons = (max(batch.horizon, micros) for micros in batch.micros)
        rows = zip(horizons, map(stamp, batch.micros), *batch.columns, strict=True)
        return self._run(batch.view, batch.keys, rows)

    def forget(self, view: View, keys: Sequence[bytes], horizon: int) -> None:
        """Drop the values of keys, unless they are newer than the horizon."""
        nothing = (b"",) * (len(view.features) + 1)
        self._run(view, keys, ((horizon, *nothing) for _ in keys))

    def read(self, asked: Asked) -> list[list[Stored | None]]:
        """All views and keys in one round trip."""
        with self._client.pipeline(transaction=False) as pipe:
            for view, keys in asked:
                fields = [*_fields(view), _time(view)]
                for key in keys:
                    pipe.hmget(key + self._project, fields)
            answers = iter(pipe.execute())
        return [[_stored(next(answers)) for _ in keys] for _, keys in asked]

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _run(self, view: View, keys: Sequence[bytes], rows: Iterator[tuple[Any, ...]]) -> int:
        head = [_time(view), len(view.features), *_fields(view)]
        written = 0
        for start in range(0, len(keys), self._rows):
            names = [key + self._project for key in keys[start : start + self._rows]]
            values = [value for row in islice(rows, len(names)) for value in row]
            written += self._script(keys=names, args=[*head, *values])
        return written


def _time(view: View) -> bytes:
    return f"_ts:{view.name}".encode()


def _fields(view: View) -> list[bytes]:
    return [_field(f"{view.name}:{name}") for name in view.features]


def _field(name: str) -> bytes:
    return mmh3.hash(name, signed=False).to_bytes(4, "little")


def _stored(answer: list[bytes | None]) -> Stored | None:
    *values, time = answer
    return None if time is None else (read_stamp(time), values)


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

    def write(self, batch: Batch) -> int:
        """Compare and set in one transaction."""
        bounds = (max(batch.horizon, micros) for micros in batch.micros)
        seconds = {micros: _feast_second(micros // MICROS) for micros in set(batch.micros)}
        names = [STAMP, *batch.view.features]
        with self._writing(batch.view) as (connection, table):
            newer = _newer(connection, table, dict(zip(batch.keys, bounds, strict=True)))
            rows = sorted(
                (key, name, value, seconds[micros])
                for key, micros, *values in zip(
                    batch.keys, batch.micros, *batch.columns, strict=True
                )
                if key not in newer
                for name, value in zip(names, [whole(micros), *values], strict=True)
            )
            connection.executemany(
                f"insert into {table} (entity_key, feature_name, value, event_ts)"
                " values (?, ?, ?, ?) on conflict (entity_key, feature_name)"
                " do update set value = excluded.value, event_ts = excluded.event_ts",
                rows,
            )
        return len(rows) // len(names)

    def forget(self, view: View, keys: Sequence[bytes], horizon: int) -> None:
        """Drop the values of keys, unless they are newer than the horizon."""
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
            connection.execute("begin immediate")
            with connection:
                connection.execute(_TABLE.format(table=self._table(view)))
                yield connection, self._table(view)


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
