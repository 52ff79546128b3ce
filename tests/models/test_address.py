"""The registry's address."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from models.address import knock, make_database, rehome, without_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ann:secret@db/x", "postgresql://ann:***@db/x"),
        ("http://host:5000/path", "http://host:5000/path"),
        ("redis://:pw@h", "redis://:pw@h"),
        ("two http://a:b@c and http://d:e@f", "two http://a:***@c and http://d:***@f"),
    ],
)
def test_a_password_is_not_shown(text: str, shown: str) -> None:
    assert without_password(text) == shown


def test_a_database_is_read_while_it_is_written(tmp_path: Path) -> None:
    make_database(tmp_path / "new" / "mlflow.db")
    with closing(sqlite3.connect(tmp_path / "new" / "mlflow.db")) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)


def test_addresses_follow_a_folder_that_was_moved(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    rehome(database, tmp_path / "new", ["fraud"])  # MLflow has not been here yet
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table experiments (name text, artifact_location text)")
        connection.execute("create table runs (artifact_uri text)")
        connection.execute("insert into experiments values ('fraud', 'file:///old/fraud')")
        connection.execute("insert into experiments values ('theirs', 's3://bucket/theirs')")
        connection.execute("insert into runs values ('file:///old/fraud/1'), ('file:///older/2')")
    rehome(database, tmp_path / "new", ["fraud"])
    here = (tmp_path / "new").as_uri()
    with closing(sqlite3.connect(database)) as connection:
        places = connection.execute("select artifact_location from experiments").fetchall()
        runs = connection.execute("select artifact_uri from runs").fetchall()
    assert places == [(f"{here}/fraud",), ("s3://bucket/theirs",)]
    assert runs == [(f"{here}/fraud/1",), ("file:///older/2",)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "postgresql+psycopg://127.0.0.1:9/x"])
def test_nobody_there_is_told_at_once(url: str) -> None:
    with pytest.raises(OSError, match=r"refused|failed"):
        knock(url)
