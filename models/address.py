"""The registry's address: made ready, tried, shown without its password."""

import re
import socket
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit


def make_database(path: Path) -> None:
    """A SQLite file in WAL mode: a server reads it while a training run writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.close()


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
