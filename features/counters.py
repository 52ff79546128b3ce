"""Velocity, online: the state of every key, updated and read in one step, on SQLite or Redis.

What the values mean is said in `features.windows`; this is its second driver. One `observe` is one
transaction (SQLite) or one script call (Redis): it reads the keys' states, answers from them, adds
the event and remembers the answer by the event's id, so an event that is sent again is not counted
again and gets the answer of the first time. Memory a key is bounded by the windows' buckets and
PARTNER_CAP; keys expire after IDLE_DAYS, ids after REMEMBER_DAYS.
"""

import hashlib
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import orjson
import redis
from numpy.typing import NDArray

from data.errors import ArgosyError
from data.redis_client import Circuit, open_redis
from features.windows import (
    IDLE_DAYS,
    MISSING,
    Key,
    State,
    VelocityEvent,
    VelocityPlan,
    advance,
    after_streak,
    digest,
    fresh,
)
from features.windows.script import LAYOUT, LOAD, laid, observe_script

Item = TypeVar("Item")

DAY_MS = 86_400_000
REMEMBER_DAYS = 7
KEEP_STATE_MS = (IDLE_DAYS + 2) * DAY_MS
LOAD_BATCH = 1_000
ATTEMPTS = 4  # at a Redis that was started again, or whose filling was replaced
ANSWER_SECONDS, LOAD_SECONDS = 0.25, 10.0  # how long a payment waits, and a filling


class CountersError(ArgosyError):
    """The counters cannot be reached."""


class Counters(Protocol):
    """The live state. Safe under threads and processes. Every method may raise CountersError."""

    def observe(self, event: VelocityEvent) -> NDArray[np.float64]:
        """The values before the event, in the order of `plan.names`; the event then counts."""
        ...

    def observe_all(self, events: Sequence[VelocityEvent]) -> list[NDArray[np.float64]]:
        """`observe` of one after the other, in one go."""
        ...

    def load(
        self, states: Iterable[tuple[Key, str, State]], ids: Iterable[str], version: str
    ) -> None:
        """Put states, and the ids of events they hold, in the place of all that is there.

        states: of each key, which key it is, the digest of its values and its state; ids: of the
        events; version: what `version` answers from then on.

        Events go on being counted meanwhile, into what was there: what was observed since the
        states were made must be observed again.
        """
        ...

    def version(self) -> str:
        """The version of the last `load`; empty when there was none."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


def open_counters(
    url: str | None,
    folder: Path,
    plan: VelocityPlan,
    *,
    namespace: str = "argosy",
    seconds: float = ANSWER_SECONDS,
) -> Counters:
    """Counters on Redis at `url`, or on SQLite in `folder` when there is none.

    url: of Redis, or None; folder: made where it is not there; plan: what is counted; namespace:
    what the names of all keys on Redis begin with; seconds: how long Redis may take for a payment.
    """
    if url:
        return RedisCounters(url, plan, namespace=namespace, seconds=seconds)
    folder.mkdir(parents=True, exist_ok=True)
    return SqliteCounters(folder / "counters.db", plan)


def _digests(
    plan: VelocityPlan, event: VelocityEvent, named: Mapping[str, str]
) -> list[str | None]:
    """The digest of each key of the plan; None where the event lacks a column of it.

    named: the digest of each value of the event.
    """
    tags = event.tags
    return [
        named.get(key.columns[0])
        if len(key.columns) == 1
        else digest(*[tags[column] for column in key.columns])
        if all(column in tags for column in key.columns)
        else None
        for key in plan.keys
    ]


def _named(event: VelocityEvent) -> dict[str, str]:
    return {column: digest(value) for column, value in event.tags.items()}


def _streak_name(plan: VelocityPlan, event: VelocityEvent) -> str | None:
    """What the streak of an event is kept under; None where there is none."""
    value = event.tags.get(plan.streak.column) if plan.streak is not None else None
    return (
        None if value is None or plan.streak is None else f"{plan.streak.key.name}:{digest(value)}"
    )


def _scaled(whole: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    values = whole / scale
    values[whole == MISSING] = np.nan
    return values


def _away(where: str, why: object) -> CountersError:
    return CountersError(
        f"the fraud counters on {where} do not answer: {why}; see ARGOSY_COUNTERS_URL"
    )


@contextmanager
def _reached(failure: type[Exception], where: str) -> Iterator[None]:
    try:
        yield
    except failure as error:
        raise _away(where, error) from error


_SCHEMA = """
create table if not exists state (key text primary key, state blob not null, touched integer)
    without rowid;
create table if not exists seen (id text primary key, answer blob not null, touched integer)
    without rowid;
create index if not exists seen_touched on seen (touched);
create index if not exists state_touched on state (touched);
create table if not exists loaded (one integer primary key, version text not null);
"""
_FORGET = "delete from {0} where {1} in (select {1} from {0} where touched < ? limit 4)"


class SqliteCounters:
    """Counters in one SQLite file (WAL); one writer at a time, any number of processes."""

    def __init__(self, path: Path | str, plan: VelocityPlan) -> None:
        self.plan = plan
        self._scale = plan.scale()
        self._slots = [(plan.slots(key), plan.spans(key)) for key in plan.keys]
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            path, timeout=30.0, isolation_level=None, check_same_thread=False
        )
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_SCHEMA)

    def observe(self, event: VelocityEvent) -> NDArray[np.float64]:
        """The values before the event, in the order of `plan.names`; the event then counts."""
        return self.observe_all([event])[0]

    def observe_all(self, events: Sequence[VelocityEvent]) -> list[NDArray[np.float64]]:
        """`observe` of one event after the other, in one immediate transaction."""
        with self._transaction():
            answers = [self._answer(event) for event in events]
        return [_scaled(np.array(each, dtype=np.float64), self._scale) for each in answers]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, _reached(sqlite3.Error, "SQLite"):
            self._db.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def _answer(self, event: VelocityEvent) -> list[int]:
        found = self._db.execute("select answer from seen where id = ?", (event.id,)).fetchone()
        if found and found[0]:
            known: list[int] = orjson.loads(found[0])
            return known
        digests = _digests(self.plan, event, _named(event))
        names = [f"{k.name}:{d}" for k, d in zip(self.plan.keys, digests, strict=True) if d]
        streak = _streak_name(self.plan, event)
        if streak is not None:
            names.append(streak)
        marks = ",".join("?" * len(names))
        query = f"select key, state from state where key in ({marks})"
        stored = dict(self._db.execute(query, names).fetchall())
        answer: list[int] = []
        changed = []
        now = int(time.time() * 1000)
        for key, name, (slots, spans) in zip(self.plan.keys, digests, self._slots, strict=True):
            if name is None:
                answer += [MISSING] * len(slots)
                continue
            row = stored.get(f"{key.name}:{name}")
            flat, after = advance(orjson.loads(row) if row else fresh(key), key, event, spans)
            answer += [flat[place] for place in slots]
            if not found:
                changed.append((f"{key.name}:{name}", orjson.dumps(after), now))
        if streak is not None:
            run = orjson.loads(stored.get(streak, b"[0, 0]"))
            answer += run
            if not found:
                changed.append((streak, orjson.dumps(after_streak(run, event)), now))
        elif self.plan.streak is not None:
            answer += [MISSING, MISSING]
        self._db.executemany("insert or replace into state values (?, ?, ?)", changed)
        self._db.execute(
            "insert or replace into seen values (?, ?, ?)", (event.id, orjson.dumps(answer), now)
        )
        for table, column, keep in (
            ("seen", "id", REMEMBER_DAYS * DAY_MS),
            ("state", "key", KEEP_STATE_MS),
        ):
            self._db.execute(_FORGET.format(table, column), (now - keep,))
        return answer

    def load(
        self, states: Iterable[tuple[Key, str, State]], ids: Iterable[str], version: str
    ) -> None:
        """Put states, and the ids of events they hold, in the place of all that is there, in one
        transaction.

        states: of each key, which key it is, the digest of its values and its state; ids: of the
        events that the states hold; version: what `version` answers from then on.
        """
        now = int(time.time() * 1000)
        rows = [(f"{key.name}:{name}", orjson.dumps(state), now) for key, name, state in states]
        known = [(name, now) for name in ids]
        with self._transaction():
            self._db.execute("delete from state")
            self._db.execute("delete from seen")
            self._db.executemany("insert into state values (?, ?, ?)", rows)
            self._db.executemany("insert or ignore into seen values (?, x'', ?)", known)
            self._db.execute("insert or replace into loaded values (1, ?)", (version,))

    def version(self) -> str:
        """The version of the last `load`; empty when there was none."""
        with self._transaction():
            row = self._db.execute("select version from loaded").fetchone()
        return str(row[0]) if row else ""

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, LOAD_BATCH)):
        yield batch


class RedisCounters:
    """Counters on Redis: one script call an event; keys share a hash tag, so a cluster works.

    A filling lies beside the one in use until it is whole; its name, part of every key, is then
    put in the other's place, and every process follows with its next event.
    """

    def __init__(
        self,
        url: str,
        plan: VelocityPlan,
        *,
        namespace: str = "argosy",
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.plan = plan
        self._scale = plan.scale()
        self._prefix = f"{{{namespace}}}:velocity{LAYOUT}:"
        self._spans = {key: plan.spans(key) for key in plan.keys}
        self._filling = ""  # as last seen
        self._redis = open_redis(url, seconds)
        self._loader = open_redis(url, LOAD_SECONDS)
        self._circuit = Circuit(lambda: (redis.RedisError,))
        self._script = observe_script(plan)
        self._sha = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()
        self._load = self._loader.register_script(LOAD)

    def observe(self, event: VelocityEvent) -> NDArray[np.float64]:
        """The values before the event, in the order of `plan.names`; the event then counts."""
        return self.observe_all([event])[0]

    def observe_all(self, events: Sequence[VelocityEvent]) -> list[NDArray[np.float64]]:
        """`observe` of one event after the other: a script call each, in one round trip."""
        with self._circuit.asking(partial(_away, "Redis")):  # to ask once more is safe
            for _ in range(ATTEMPTS):
                try:
                    texts = self._ask([self._call(event) for event in events])
                except redis.exceptions.NoScriptError:  # a Redis that was started again
                    self._redis.script_load(self._script)
                    continue
                known = [text for text in texts if text is not None]
                if len(known) == len(texts):
                    return [_scaled(np.frombuffer(text, "<f8"), self._scale) for text in known]
                self._filling = self._text("filling")
        raise _away("Redis", "they are filled again and again")

    def _ask(self, calls: Sequence[tuple[list[str], bytes]]) -> list[bytes | None]:
        if len(calls) == 1:  # a pipeline would cost as much again
            keys, given = calls[0]
            return [self._redis.evalsha(self._sha, len(keys), *keys, given, self._filling)]
        with self._redis.pipeline(transaction=False) as pipe:
            for keys, given in calls:
                pipe.evalsha(self._sha, len(keys), *keys, given, self._filling)
            answers: list[bytes | None] = pipe.execute()
        return answers

    def _call(self, event: VelocityEvent) -> tuple[list[str], bytes]:
        """The keys and the argument of the script."""
        named = _named(event)
        digests = _digests(self.plan, event, named)
        prefix = f"{self._prefix}{self._filling}:"
        keys = [
            f"{prefix}{key.name}:{name}" for key, name in zip(self.plan.keys, digests, strict=True)
        ]
        columns = [named.get(column, "") for column in self.plan.columns]
        given = [event.at, event.measures, columns, KEEP_STATE_MS, REMEMBER_DAYS * DAY_MS]
        if self.plan.streak is not None:
            streak = self.plan.streak
            keys.append(f"{prefix}{streak.key.name}:{named.get(streak.column)}")
            given.append(event.ends)
        return [f"{self._prefix}filling", f"{prefix}id:{event.id}", *keys], orjson.dumps(given)

    def load(
        self, states: Iterable[tuple[Key, str, State]], ids: Iterable[str], version: str
    ) -> None:
        """Put states, and the ids of events they hold, in the place of all that is there, by a
        script call for each LOAD_BATCH keys.

        states: of each key, which key it is, the digest of its values and its state; ids: of the
        events that the states hold; version: what `version` answers from then on.
        """
        filling = uuid.uuid4().hex[:8]
        prefix = f"{self._prefix}{filling}:"
        with _reached(redis.RedisError, "Redis"):
            for batch in _batches(states):
                keys = [f"{prefix}{key.name}:{name}" for key, name, _ in batch]
                packed = [
                    orjson.dumps(laid(state, self._spans.get(key, ()))) for key, _, state in batch
                ]
                self._load(keys=keys, args=[*packed, KEEP_STATE_MS])
            for some in _batches(ids):
                pipe = self._loader.pipeline(transaction=False)
                for name in some:
                    pipe.set(f"{prefix}id:{name}", "", px=REMEMBER_DAYS * DAY_MS)
                pipe.execute()
            swap = self._loader.pipeline(transaction=True)
            swap.getset(f"{self._prefix}filling", filling)
            swap.set(f"{self._prefix}version", version)
            former = swap.execute()[0] or b""
            old = self._loader.scan_iter(f"{self._prefix}{former.decode()}:*", count=LOAD_BATCH)
            for gone in _batches(old):
                self._loader.unlink(*gone)

    def version(self) -> str:
        """The version of the last `load`; empty when there was none."""
        with self._circuit.asking(partial(_away, "Redis")):
            return self._text("version")

    def _text(self, name: str) -> str:
        stored = self._redis.get(f"{self._prefix}{name}")
        return stored.decode() if isinstance(stored, bytes) else ""

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()
        self._loader.close()
