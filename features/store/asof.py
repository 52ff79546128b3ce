"""Point-in-time joins over Parquet files, by DuckDB's ASOF join; no Feast here.

A row in is a row out, in order. A value older than its ttl is unknown (one exactly that old still
counts); of rows with the same key and time the newest created wins, then the last in the file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.store.archive import UNIQUE_BY, engine
from features.store.columns import StoreError, micros


@dataclass(frozen=True)
class AsofSource:
    """A Parquet file (or a folder of them) of values with a time.

    created: the column that says which of two rows with the same key and time is the newer one.
    """

    path: Path
    time: str
    created: str | None = None


@dataclass(frozen=True)
class AsofPart:
    """One source's part in a join.

    keys: the source's key columns -> the entity columns they meet.
    features: columns of the source -> names in the answer.
    ttl: a value older than this is unknown; none or zero: values never expire.
    """

    source: AsofSource
    keys: Mapping[str, str]
    features: Mapping[str, str]
    ttl: timedelta | None = None


def join(entities: pa.Table, time: str, parts: Sequence[AsofPart]) -> pa.Table:
    """The features of every part as of each entity row's time, in the entities' order.

    parts: views with their sources.
    """
    keys = sorted({entity for part in parts for entity in part.keys.values()})
    asked = pa.table(
        {
            "row": pa.array(range(entities.num_rows), pa.int64()),
            "moment": entities[time],
            **{f"k{i}": entities[name] for i, name in enumerate(keys)},
        }
    )
    columns = [
        f"{_alive(f'v{i}', part, column)} as {_name(name)}"
        for i, part in enumerate(parts)
        for column, name in part.features.items()
    ]
    joins = [_asof(f"v{i}", part, keys) for i, part in enumerate(parts)]
    with engine() as duck:
        duck.register("asked", asked)
        duck.execute(
            "create temp table entities as"
            " select * replace (epoch_us(moment::timestamptz) as moment) from asked"
        )
        return duck.sql(
            f"select {', '.join(columns)} from entities e {' '.join(joins)} order by e.row"
        ).to_arrow_table()


def pull(
    source: AsofSource,
    columns: Sequence[str],
    between: tuple[datetime | None, datetime | None],
    *,
    newest_of: Sequence[str] | None = None,
) -> pa.Table:
    """The rows within a time range (bounds included); newest_of: only the newest of these keys.

    A bound without zone is UTC.

    source: the Parquet files of a view; columns: those to give; between: first and last time,
    None: open.
    """
    start, end = (time and (time if time.tzinfo else time.replace(tzinfo=UTC)) for time in between)
    at = f"{_name(source.time)}::timestamptz"
    within = [f"{at} >= make_timestamptz({micros(start)})"] if start else []
    within += [f"{at} <= make_timestamptz({micros(end)})"] if end else []
    newest = "" if newest_of is None else _newest(source, newest_of, _name(source.time))
    query = (
        f"select {_names(columns)} from {_files(source)}"
        f" where {' and '.join(within) or 'true'} {newest}"
    )
    with engine() as duck:
        return duck.sql(query).to_arrow_table()


def _asof(view: str, part: AsofPart, keys: Sequence[str]) -> str:
    """One left join: every entity row, with the newest row of its key at or before its time."""
    meets = [f"e.k{keys.index(entity)} = {view}.{_name(key)}" for key, entity in part.keys.items()]
    meets.append(f"e.moment >= {view}.__at")
    return f"asof left join ({_rows(part)}) {view} on {' and '.join(meets)}"


def _rows(part: AsofPart) -> str:
    """The rows of a source, one for each key and time, its time as microseconds in `__at`."""
    source = part.source
    at = f"epoch_us({_name(source.time)}::timestamptz)"
    rows = f"select {_names({**part.keys, **part.features})}, {at} as __at from {_files(source)}"
    if _is_unique(part):
        return rows
    return f"{rows} {_newest(source, [*part.keys, source.time])}"


def _newest(source: AsofSource, same: Sequence[str], *first: str) -> str:
    """The clause that keeps one row of those that agree in the columns `same`."""
    created = [_name(source.created)] if source.created else []
    order = ", ".join(
        f"{column} desc nulls last" for column in (*first, *created, "filename", "file_row_number")
    )
    return f"qualify row_number() over (partition by {_names(same)} order by {order}) = 1"


def _alive(view: str, part: AsofPart, column: str) -> str:
    """A column, unknown once it is older than the ttl."""
    value = f"{view}.{_name(column)}"
    if not part.ttl:
        return value
    age = part.ttl // timedelta(microseconds=1)
    return f"case when e.moment - {view}.__at <= {age} then {value} end"


def _is_unique(part: AsofPart) -> bool:
    """Whether whoever wrote the file notes that no two rows share key and time."""
    if not part.source.path.is_file():
        return False
    note = (pq.read_schema(part.source.path).metadata or {}).get(UNIQUE_BY, b"").decode()
    return bool(note) and set(note.split(",")) <= {*part.keys, part.source.time}


def _files(source: AsofSource) -> str:
    if not source.path.exists():
        raise StoreError(f"the offline file {source.path} is missing; materialize its view first")
    pattern = source.path / "**/*.parquet" if source.path.is_dir() else source.path
    quoted = str(pattern).replace("'", "''")
    return f"read_parquet('{quoted}', file_row_number = true, filename = true)"


def _name(column: str) -> str:
    escaped = column.replace('"', '""')
    return f'"{escaped}"'


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(_name, columns))
