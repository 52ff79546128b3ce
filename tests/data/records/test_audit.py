"""The audit log holds who did what, in a chain that shows what was changed."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.records import Records


@pytest.fixture(params=["sqlite", "postgres"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path}/a.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with closing(Records(url, namespace)) as records:
        records.migrate()
        for number in range(5):
            records.audit.add("ann", "Ann Lee", "POST /v1/fraud/rules", {"rule": f"r{number}"})
        yield records


def test_a_whole_log_is_told_as_whole(records: Records) -> None:
    found = records.audit.check()
    newest = records.audit.entries(limit=2)
    assert (found.entries, found.broken_at) == (5, None)
    assert [entry.target for entry in newest] == [{"rule": "r4"}, {"rule": "r3"}]
    assert newest[0].digest == found.head
    assert [entry.seq for entry in records.audit.entries(before=4)] == [3, 2, 1]


@pytest.mark.parametrize("column", ["actor", "owner", "action", "target", "at", "previous"])
def test_any_change_is_found(records: Records, column: str) -> None:
    table = records.tables.audit
    other = {"at": datetime(2020, 1, 1, tzinfo=UTC), "target": "{}"}
    change = {column: other.get(column, "bob")}
    statement = sa.update(table).where(table.c.seq == 3).values(change)
    records.database.alone(lambda c: c.execute(statement) and None)
    assert records.audit.check().broken_at == 3


def test_an_entry_taken_away_is_found(records: Records) -> None:
    table, head = records.tables.audit, records.audit.check().head
    gone = sa.delete(table).where(table.c.seq == 5)
    records.database.alone(lambda c: c.execute(gone) and None)
    assert records.audit.check().broken_at is None  # a shorter chain is whole
    assert not records.audit.holds(head)  # but the head that was kept is not in it
    gone = sa.delete(table).where(table.c.seq == 2)
    records.database.alone(lambda c: c.execute(gone) and None)
    assert records.audit.check().broken_at == 2


def test_entries_at_the_same_time_are_one_chain(records: Records) -> None:
    def write(name: str) -> None:
        for _ in range(5):
            records.audit.add(name, name, "DELETE /v1/placements/{placement}", {})

    writers = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    found = records.audit.check()
    assert (found.entries, found.broken_at) == (25, None)
