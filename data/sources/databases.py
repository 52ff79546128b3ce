"""Tables, views and queries of a database, by SQLAlchemy address, in chunks of rows."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa

from data.lake.workbooks import cell_text
from data.sources.locations import SourceError

CHUNK_ROWS = 50_000
# A driver for addresses that name none: ours for PostgreSQL, a pure one for MySQL and MariaDB.
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXTRAS = {"pymysql": "mariadb"}


@dataclass(frozen=True)
class Selection:
    """What is read of a database: a table (or view) or a query, its columns, and from where on.

    watermark: the column that grows with every change; rows before `since` are not read.
    """

    name: str
    query: str | None
    columns: tuple[str, ...]
    watermark: str | None = None
    since: Any = None


@contextmanager
def connected(address: str) -> Iterator[sa.Engine]:
    """An engine for a SQLAlchemy address.

    address: such as `postgresql://user@host/shop`; a driver need not be named. Raises SourceError
    when there is no such dialect, its driver is not installed or nobody answers.
    """
    shown = without_password(address)
    try:
        engine = sa.create_engine(_with_driver(address))
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as error:
        raise SourceError(f"{shown} is no database address: {error}") from error
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(str(error.name))
        remedy = f"pip install 'argosy[{extra}]'" if extra else f"pip install {error.name}"
        raise SourceError(f"{shown} needs the driver {error.name}; {remedy}") from error
    try:
        with engine.connect():
            pass
        yield engine
    except sa.exc.DBAPIError as error:
        raise SourceError(f"{shown}: {error.orig}; is it right, and is the server up?") from error
    finally:
        engine.dispose()


def without_password(address: str) -> str:
    """The address as it may be shown."""
    try:
        return sa.make_url(address).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return address.partition("://")[0] + "://…"


def table_names(engine: sa.Engine) -> list[str]:
    """Tables and views of the address's own schema, by name."""
    looked = sa.inspect(engine)
    return sorted({*looked.get_table_names(), *looked.get_view_names()})


def column_names_of(engine: sa.Engine, name: str, query: str | None) -> tuple[str, ...]:
    """The columns of a table or a query.

    engine: the database. name: of the table. query: SQL in its stead, or None.
    """
    with engine.connect() as connection:
        return tuple(connection.execute(_statement(name, query, None).limit(0)).keys())


def read_chunks(engine: sa.Engine, selection: Selection) -> Iterator[pd.DataFrame]:
    """Rows as frames of typed values, a chunk at a time, in the order of the watermark.

    engine: the database. selection: what to read.
    """
    columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in selection.columns]
    statement = _statement(selection.name, selection.query, columns)
    if selection.watermark is not None:
        mark: sa.ColumnElement[Any] = sa.column(selection.watermark)
        if selection.since is not None:
            # Not "later than": rows may share the last mark; a row read again changes nothing.
            statement = statement.where(mark >= selection.since)
        statement = statement.order_by(mark)
    with engine.connect().execution_options(
        stream_results=True, yield_per=CHUNK_ROWS
    ) as connection:
        for rows in connection.execute(statement).partitions(CHUNK_ROWS):
            yield pd.DataFrame(
                [tuple(row) for row in rows], columns=list(selection.columns), dtype=object
            )


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Typed values as text that reads the same anywhere, None where empty."""
    return pd.DataFrame(
        {name: [cell_text(value) for value in frame[name]] for name in frame.columns}, dtype=object
    )


def fingerprint(address: str, selection: Mapping[str, Any]) -> str:
    """Names what is read of which database, whoever connects (16 hex digits).

    address: with or without password. selection: whatever makes a difference to what is read.
    """
    url = sa.make_url(address)
    place = [url.get_backend_name(), url.host, url.port, url.database]
    text = json.dumps([place, selection], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _with_driver(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    return f"{_DRIVERS.get(scheme, scheme)}{mark}{rest}"


def _statement(
    name: str, query: str | None, columns: "Sequence[sa.ColumnElement[Any]] | None"
) -> "sa.Select[Any]":
    everything: Any = sa.text("*")
    chosen: Sequence[Any] = columns or [everything]
    if query is not None:
        inner = sa.text(query.strip().rstrip(";")).columns().subquery("asked")
        return sa.select(*chosen).select_from(inner)
    schema, _, plain = name.rpartition(".")
    return sa.select(*chosen).select_from(sa.table(plain, schema=schema or None))
