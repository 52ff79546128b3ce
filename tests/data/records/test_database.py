"""Joint commits: many writers share one transaction, each gets its own answer."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.records import Database, DatabaseError

NUMBERS = sa.Table("numbers", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'd.db'}", "t")
    NUMBERS.metadata.create_all(made.engine)
    yield made
    made.close()


def add(number: int) -> object:
    def work(connection: sa.Connection) -> int:
        connection.execute(sa.insert(NUMBERS), {"n": number})
        return number

    return work


def numbers(database: Database) -> set[int]:
    return set(database.read(lambda c: c.execute(sa.select(NUMBERS.c.n)).scalars().all()))


def commits(database: Database) -> list[object]:
    seen: list[object] = []
    sa.event.listen(database.engine, "commit", seen.append)
    return seen


def test_writes_that_wait_are_committed_together(database: Database) -> None:
    seen, holding, held = commits(database), threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> None:
        held.set()
        holding.wait(10)

    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(database.write, slow)
        held.wait(10)
        others = [pool.submit(database.write, add(n)) for n in range(20)]
        while len(database._waiting) < 20:
            threading.Event().wait(0.001)
        holding.set()
        first.result()
        assert [other.result() for other in others] == list(range(20))
    assert numbers(database) == set(range(20))
    assert len(seen) == 2


def test_each_statement_of_a_reader_stands_for_itself(database: Database) -> None:
    def twice(connection: sa.Connection) -> list[int]:
        before = connection.execute(sa.select(NUMBERS.c.n)).all()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(database.write, add(1)).result(timeout=3)
        return [len(before), len(connection.execute(sa.select(NUMBERS.c.n)).all())]

    assert database.read(twice) == [0, 1]


def test_one_that_fails_does_not_take_the_others_with_it(database: Database) -> None:
    database.write(add(7))

    def try_to(number: int) -> str:
        try:
            database.write(add(number))
        except sa.exc.IntegrityError:
            return "twice"
        return "new"

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(try_to, range(10)))
    assert answers == ["twice" if n == 7 else "new" for n in range(10)]
    assert numbers(database) == set(range(10))


def test_a_full_disk_is_told_and_changes_nothing(database: Database) -> None:
    database.read(lambda c: c.exec_driver_sql("pragma max_page_count = 3"))

    def many(connection: sa.Connection) -> None:
        connection.exec_driver_sql("pragma max_page_count = 3")
        connection.execute(sa.insert(NUMBERS), [{"n": n} for n in range(10_000)])

    with pytest.raises(DatabaseError, match="full"):
        database.write(many)
    assert numbers(database) == set()
