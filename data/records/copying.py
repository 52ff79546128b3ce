"""The records as one SQLite file, consistent while others write; and back into any database."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from data.decisions import RecordsError
from data.records.records import Records

_ROWS = 2_000  # in one statement


def copy_sqlite(source: Path, target: Path) -> None:
    """A SQLite file as of one moment, whoever writes meanwhile; nobody waits for it.

    source: the file in use; target: the new file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)  # all pages in one step: one read transaction
        new.execute("pragma journal_mode = delete")  # one file, no -wal beside it


def save_records(records: Records, target: Path) -> None:
    """All records as of one moment as a SQLite file, from whichever database they lie in.

    records: the database of the service, of this version; target: the new file.
    """
    if records.database.engine.dialect.name == "sqlite":
        copy_sqlite(Path(str(records.database.engine.url.database)), target)
        return
    with closing(Records(f"sqlite:///{target}", records.namespace)) as copy:
        copy.migrate()
        with _one_moment(records) as source, copy.database.engine.begin() as sink:
            _copy_rows(source, sink, records.tables.metadata.sorted_tables)


def load_records(records: Records, source: Path) -> None:
    """Put saved records into a database that holds none.

    records: where they go; source: the file of `save_records`. Raises RecordsError where the
    database holds some already.
    """
    records.migrate()
    tables = records.tables
    if any(records.newest_number(name) for name in ("events", "chargebacks", "payments")):
        raise RecordsError(
            "the database holds records already: name an empty one with ARGOSY_DATABASE_URL, or "
            "another ARGOSY_NAMESPACE"
        )
    with closing(Records(f"sqlite:///{source}", records.namespace)) as saved:
        saved.migrate()
        with saved.database.engine.connect() as old, records.database.engine.begin() as new:
            _copy_rows(old, new, tables.metadata.sorted_tables)
            if new.dialect.name == "postgresql":
                _set_sequences(new, tables.metadata.sorted_tables)


@contextmanager
def _one_moment(records: Records) -> Iterator[sa.Connection]:
    """A connection whose questions all see the database as it was at the first."""
    engine = records.database.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        yield connection


def _copy_rows(source: sa.Connection, sink: sa.Connection, tables: Sequence[sa.Table]) -> None:
    for table in tables:
        sink.execute(sa.delete(table))  # what `migrate` wrote: the name of the new database
        for rows in source.execute(sa.select(table)).mappings().partitions(_ROWS):
            sink.execute(sa.insert(table), [dict(row) for row in rows])


def _set_sequences(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """The next row of a numbered table gets the number after the last."""
    for table in tables:
        if "seq" in table.c:
            newest = f'SELECT max(seq) FROM "{table.name}"'
            connection.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'seq'), "
                    f"coalesce(({newest}), 0) + 1, false)"
                )
            )
