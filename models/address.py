"""The registry's address: made ready, tried, shown without its password."""

import re
import socket
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit


def make_database(path: Path) -> None:
    """A SQLite file in WAL mode: a server reads it while a training run writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.close()


# Where MLflow keeps addresses of files: absolute ones, whatever it is told.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)


def rehome(database: Path, artifacts: Path, experiments: Sequence[str]) -> None:
    """Follow a folder that was moved: its files are under `artifacts` now.

    experiments: names of ours; the last part of their addresses is a folder of the artifacts.

    database: MLflow's SQLite file.
    """
    here = artifacts.absolute().as_uri()
    marks = ",".join("?" * len(experiments))
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master")}
        if "experiments" not in tables:
            return  # new: MLflow has not been here yet
        query = f"select artifact_location from experiments where name in ({marks})"
        places = {
            str(place).rsplit("/", 1)[0] for (place,) in connection.execute(query, experiments)
        }
        for there in places - {here}:
            if not there.startswith("file://"):
                continue
            for table, column in _ADDRESSES:
                if table in tables:
                    connection.execute(
                        f"update {table} set {column} = ? || substr({column}, ?)"
                        f" where substr({column}, 1, ?) = ?",
                        (here, len(there) + 1, len(there) + 1, f"{there}/"),
                    )


def knock(url: str) -> None:
    """OSError at once when nobody lets us in: MLflow would go on trying for minutes."""
    parts = urlsplit(url)
    if parts.scheme.startswith("postgresql"):
        import psycopg

        try:
            psycopg.connect(re.sub(r"^[^:]+", "postgresql", url), connect_timeout=3).close()
        except psycopg.Error as error:
            raise OSError(str(error)) from error
    else:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "localhost", port), timeout=3).close()


def without_password(text: str) -> str:
    """The text without the password of any URL in it.

    >>> without_password("postgresql://ann:secret@db/mlflow")
    'postgresql://ann:***@db/mlflow'
    """
    return re.sub(r"(://[^:/@\s]+):[^@\s]+@", r"\1:***@", text)
