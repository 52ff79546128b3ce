"""Databases of every released version come up to this one, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from data.records import ApiKey, Records, migrations
from data.records.migrations import NEWEST, version
from tests.features.forecasting.test_history_corrections import NOW, correction

# The tables of 0.1.0 whose columns have changed since.
KEYS_0_1_0 = """create table {0}_keys (
    name text not null, digest text not null, scopes text not null, created_at {1} not null,
    primary key (name), unique (digest))"""
DECISIONS_0_1_0 = """create table {0}_decisions (
    seq {2}, payment_id text not null, decision_id text not null, decided_at {1} not null,
    decision text not null, probability {3} not null, score {3} not null, reasons text,
    rules_hit text, model_version text, policy_version text, degraded boolean not null,
    payment text, features text, unique (payment_id))"""


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path}/r.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = Records(url, namespace)
    yield made
    made.close()


def make_0_1_0(records: Records) -> None:
    sqlite = records.database.engine.dialect.name == "sqlite"
    words = (
        ("datetime", "integer not null primary key autoincrement", "double")
        if sqlite
        else ("timestamptz", "bigserial primary key", "double precision")
    )

    def make(connection: sa.Connection) -> None:
        for statement in (KEYS_0_1_0, DECISIONS_0_1_0):
            connection.exec_driver_sql(statement.format(records.namespace, *words))
        connection.execute(
            sa.text(f"insert into {records.namespace}_keys values ('shop', '00', 'plan', :now)"),
            {"now": "2026-01-01 00:00:00.000000"},
        )

    records.database.alone(make)


def differences(records: Records) -> list[object]:
    def compare(connection: sa.Connection) -> list[object]:
        ours = {table.name for table in records.tables.metadata.sorted_tables}
        context = MigrationContext.configure(
            connection,
            # Tables of other tests come and go meanwhile: they are not even looked at.
            opts={"include_name": lambda name, kind, _: kind != "table" or name in ours},
        )
        return list(compare_metadata(context, records.tables.metadata))

    return records.database.alone(compare)


def test_a_new_database_is_at_the_newest_revision(records: Records) -> None:
    assert version(records.database) is None
    records.migrate()
    assert version(records.database) == NEWEST
    assert differences(records) == []


def test_a_database_of_0_1_0_keeps_its_rows_and_gets_the_new_columns(records: Records) -> None:
    make_0_1_0(records)
    assert differences(records) != []
    records.migrate()
    records.migrate()
    assert version(records.database) == NEWEST
    assert differences(records) == []
    created = datetime(2026, 1, 1, tzinfo=UTC)
    assert records.keys() == [ApiKey("shop", "00", ("plan",), created)]


def test_corrections_of_before_successors_stay(records: Records) -> None:
    name = f"{records.namespace}_history_corrections"

    def make_older(connection: sa.Connection) -> None:
        for column in ("predecessor_id", "factor"):
            connection.exec_driver_sql(f"alter table {name} drop column {column}")
        connection.exec_driver_sql(f"update {records.namespace}_schema set version_num = '0008'")

    records.migrate()
    records.history_corrections.add(correction())
    records.database.alone(make_older)
    records.migrate()
    assert differences(records) == []
    assert records.history_corrections.known_at(NOW) == [correction()]


def test_the_newest_revision_is_the_one_that_is_named() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == NEWEST
