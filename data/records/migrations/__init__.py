"""Bringing a database up to this version: Alembic's revisions, then whatever table is new.

A table that is new needs no revision. A change of one that was released does; see `versions`. The
tables of 0.1.0 bore no version: they are what revision 0001 stands for.
"""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from data.records.database import Database, DatabaseError
from data.records.tables import Tables

FIRST, NEWEST = "0001", "0009"

# Milliseconds that a migration of SQLite waits for others to end theirs.
_PATIENCE_MS = 60_000


def migrate(database: Database, tables: Tables) -> None:
    """Create what is missing, change what is older; several processes may do so at once.

    database: the connections; tables: the tables as declared.
    """
    engine = database.engine
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    database.alone(lambda connection: _migrate(connection, database.namespace, tables))


def version(database: Database) -> str | None:
    """The revision the database stands at; None when it is empty or of 0.1.0."""
    return database.read(lambda connection: _version(connection, database.namespace))


def _migrate(connection: sa.Connection, namespace: str, tables: Tables) -> None:
    _lock(connection, namespace)
    found = _version(connection, namespace)
    if found is None and sa.inspect(connection).has_table(tables.decisions.name):
        found = FIRST
    if found is not None and found > NEWEST:
        raise DatabaseError(
            f"the database is of revision {found}, this version of Argosy knows {NEWEST} at most; "
            "install the newer Argosy, or restore the database from before its upgrade"
        )
    if found is not None and found < NEWEST:
        _upgrade(connection, namespace, found)
    for table in tables.metadata.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            connection.execute(CreateIndex(index, if_not_exists=True))
    if found is None or found < NEWEST:
        _stamp(connection, namespace)
    _name(connection, tables)


def _name(connection: sa.Connection, tables: Tables) -> None:
    """Give the database a name of its own, once."""
    named = sa.select(sa.func.count()).select_from(tables.databases)
    if not connection.execute(named).scalar():
        row = {"database_id": uuid.uuid4().hex, "created_at": datetime.now(UTC)}
        connection.execute(sa.insert(tables.databases), row)


def _lock(connection: sa.Connection, namespace: str) -> None:
    """One at a time, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(namespace))))
    else:
        # The others make their tables first, which takes its time on a busy machine.
        usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {usual}")


def _ledger(namespace: str) -> sa.Table:
    """Alembic's own table of one row."""
    return sa.Table(
        f"{namespace}_schema",
        sa.MetaData(),
        sa.Column("version_num", sa.String(32), primary_key=True),
    )


def _version(connection: sa.Connection, namespace: str) -> str | None:
    ledger = _ledger(namespace)
    if not sa.inspect(connection).has_table(ledger.name):
        return None
    return connection.execute(sa.select(ledger.c.version_num)).scalar()


def _stamp(connection: sa.Connection, namespace: str) -> None:
    ledger = _ledger(namespace)
    connection.execute(CreateTable(ledger, if_not_exists=True))
    connection.execute(sa.delete(ledger))
    connection.execute(sa.insert(ledger), {"version_num": NEWEST})


def _upgrade(connection: sa.Connection, namespace: str, found: str) -> None:
    """Run the revisions after `found`."""
    from alembic.operations import Operations  # a third of a second that most starts do not need
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    context = MigrationContext.configure(connection, opts={"version_table": f"{namespace}_schema"})
    scripts = ScriptDirectory(str(Path(__file__).parent))
    with Operations.context(context) as operations:
        for revision in reversed(list(scripts.iterate_revisions(NEWEST, found))):
            revision.module.upgrade(operations, namespace)
