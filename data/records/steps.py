"""Which scheduled steps were done for which window, and the lock by which only one does a work."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from data.records.records import Records


def is_done(records: Records, name: str, window: datetime) -> bool:
    """Whether the step was done for the window.

    records: the database of the service; name: the step's name.
    """
    steps = records.tables.steps
    query = sa.select(steps.c.finished_at).where(steps.c.name == name, steps.c.window == window)
    return records.database.read(lambda c: c.execute(query).scalar()) is not None


def note_done(records: Records, name: str, window: datetime) -> None:
    """The step is done for the window.

    records: the database of the service; name: the step's name.
    """
    row = {"name": name, "window": window, "finished_at": datetime.now(UTC)}
    statement = records.database.insert(records.tables.steps, ("name", "window"))
    records.database.write(lambda connection: connection.execute(statement, row) and None)


@contextmanager
def only_one(records: Records, work: str = "steps") -> Iterator[bool]:
    """Whether this process may do the work: no other one, on whatever machine, does meanwhile.

    The lock ends with the process, or with its connection to the database.

    records: the database of the service.
    """
    engine, name = records.database.engine, f"{records.namespace}:{work}"
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            ask = sa.select(sa.func.pg_try_advisory_lock(sa.func.hashtext(name)))
            mine = bool(connection.execute(ask).scalar())
            try:
                yield mine
            finally:
                if mine:
                    give = sa.select(sa.func.pg_advisory_unlock(sa.func.hashtext(name)))
                    connection.execute(give)
        return
    with Path(f"{engine.url.database}.{work}").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
