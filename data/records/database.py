"""The database under the records: connections, joint commits, and what it means when it is away."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from data.decisions import RecordsError
from data.errors import ArgosyError

Result = TypeVar("Result")
Connection = sa.Connection
Work = Callable[[sa.Connection], Any]

CONNECT_SECONDS = 2
TURN_SECONDS = 4.0  # how long a write waits for those before it
_MOST_TOGETHER = 64  # writes in one commit


class DatabaseError(ArgosyError):
    """The database does not answer, or cannot write (a full disk); nothing was changed."""


class _LostError(DatabaseError):
    """The connection was lost: it may have died while it lay idle, so one more try is worth it."""


@dataclass
class _Write:
    """One caller's work, and what came of it."""

    work: Work
    done: bool = False
    result: Any = None
    error: Exception | None = field(default=None)


class Database:
    """One SQLite file or PostgreSQL database. Threads may share it, forks may not.

    What it raises when it is away, restarts or is full is DatabaseError.
    """

    def __init__(self, url: str, namespace: str) -> None:
        self.url = url
        self.namespace = namespace
        self.engine = _engine(url)
        self._unchained = self.engine
        if self.engine.dialect.name != "sqlite":  # which opens no transaction to select anyway
            self._unchained = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._waiting: list[_Write] = []
        self._queue = threading.Lock()
        self._turn = threading.Lock()

    def read(self, work: Callable[[sa.Connection], Result]) -> Result:
        """The result of `work`, which only selects; each statement stands for itself."""

        def once() -> Result:
            with self._unchained.connect() as connection:
                return work(connection)

        return _twice(once)

    def write(self, work: Callable[[sa.Connection], Result]) -> Result:
        """The result of `work`, on disk when it is returned.

        What threads ask for at the same time is committed together: a disk makes some hundred
        commits a second, however small. `work` must be safe to be done again.
        """
        mine = _Write(work)
        with self._queue:
            self._waiting.append(mine)
        if not self._turn.acquire(timeout=TURN_SECONDS):
            self._give_up(mine)
        else:
            try:
                while not mine.done:
                    self._commit_waiting()
            finally:
                self._turn.release()
        if mine.error is not None:
            raise mine.error
        return cast(Result, mine.result)

    def one(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Like `write`, for work that writes by its first statement only: where the server itself
        commits together what comes together (PostgreSQL), one round trip does it."""
        return self.write(work) if self.engine.dialect.name == "sqlite" else self.read(work)

    def alone(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Like `write`, in a transaction of its own: for work that takes its time or locks."""

        def once() -> Result:
            with self.engine.begin() as connection:
                return work(connection)

        return _twice(once)

    def insert(self, table: sa.Table, key: Sequence[str]) -> Any:
        """INSERT that leaves the row that is there.

        table: the SQL table; key: columns that make a row known.
        """
        return self.insertion(table).on_conflict_do_nothing(index_elements=list(key))

    def insertion(self, table: sa.Table) -> Any:
        """The INSERT of the database's own kind, for ON CONFLICT."""
        insert = sqlite.insert if self.engine.dialect.name == "sqlite" else postgresql.insert
        return insert(table)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def _give_up(self, mine: _Write) -> None:
        with self._queue:
            if mine in self._waiting:
                self._waiting.remove(mine)
        if not mine.done:
            mine.error = DatabaseError(
                f"the database is busy: no turn to write within {TURN_SECONDS:.0f} s; try again"
            )

    def _commit_waiting(self) -> None:
        """Do what waits, in one transaction."""
        with self._queue:
            batch = self._waiting[:_MOST_TOGETHER]
            del self._waiting[:_MOST_TOGETHER]
        try:
            for each, result in zip(batch, self.alone(_all([b.work for b in batch])), strict=True):
                each.result = result
        except DatabaseError as error:
            for each in batch:
                each.error = error
        except Exception as error:  # one of them is at fault: each for itself, to find out whose
            if len(batch) == 1:
                batch[0].error = error
            else:
                self._one_by_one(batch)
        finally:
            for each in batch:
                each.done = True

    def _one_by_one(self, batch: Sequence[_Write]) -> None:
        for each in batch:
            try:
                each.result = self.alone(each.work)
            except Exception as error:  # told to whoever asked
                each.error = error


def take_turn(connection: sa.Connection, name: str) -> None:
    """Wait until no other transaction holds the turn of this name.

    The turn belongs to the transaction of ``connection`` and ends with it. SQLite has one
    writer at a time: what writes first there needs none, and takes none.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(name))))


def _all(works: Sequence[Work]) -> Callable[[sa.Connection], list[Any]]:
    return lambda connection: [work(connection) for work in works]


def _twice(once: Callable[[], Result]) -> Result:
    """Once more after a lost connection: with a restart of the server all idle ones die."""
    try:
        return once()
    except _LostError:
        return once()


def _engine(url: str) -> sa.Engine:
    address = sa.make_url(url)
    kind = address.get_backend_name()
    # More than a server has threads: nobody waits for a connection.
    size: dict[str, Any] = {"pool_size": 16, "max_overflow": 48}
    if kind == "sqlite":
        engine = sa.create_engine(address, **size)
        sa.event.listen(engine, "connect", _prepare_sqlite)
    elif kind == "postgresql":
        given = {"connect_timeout": CONNECT_SECONDS, "keepalives_idle": 30}
        engine = sa.create_engine(address, connect_args=given, **size)
    else:
        raise RecordsError(f"{kind} is not supported; use sqlite:///… or postgresql+psycopg://…")
    sa.event.listen(engine, "handle_error", _translate)
    return engine


def _translate(context: Any) -> None:
    """SQLAlchemy's error becomes ours where the database is at fault; else it stays a defect."""
    error = context.sqlalchemy_exception
    if not isinstance(
        error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.InternalError
    ):
        return
    reason = str(context.original_exception).splitlines()[0]
    kind = _LostError if context.is_disconnect else DatabaseError
    raise kind(
        f"the database does not answer or cannot write: {reason}. Nothing was changed; try again, "
        "and see ARGOSY_DATABASE_URL and the free space of its disk"
    ) from context.original_exception


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Durable at each commit, readers beside one writer, writers wait for each other; what is
    deleted is overwritten."""
    del record
    for setting in (
        "busy_timeout = 4000",
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {setting}")
