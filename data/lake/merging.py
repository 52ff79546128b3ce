"""Rows of a file into a table: duplicates found, newer rows over older ones by key (DuckDB)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data.lake.files import ROW
from data.lake.parsing import TAKEN_BACK
from data.tables import Table

_MANY_PARTS = 8
_FEW, _FAR = 0.01, timedelta(days=365)
_OTHERS = 3
_TAKEN_BACK = f"TIMESTAMPTZ '{TAKEN_BACK.isoformat()}'"
_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}


@dataclass(frozen=True)
class Clash:
    """Different rows of one file with one key: the row, and the first others of that key."""

    row: int
    others: tuple[int, ...]


@dataclass(frozen=True)
class Repeats:
    """Rows whose key stands in the file more than once.

    clashing: all rows of a key whose rows differ.
    surplus: all but the first row of a key whose rows are equal.
    """

    clashing: tuple[Clash, ...]
    surplus: tuple[int, ...]


@dataclass(frozen=True)
class Merged:
    """What a merge did; `parts` are the table's files after it."""

    parts: tuple[Path, ...]
    new: int
    replaced: int
    unchanged: int


def no_progress_bar(database: duckdb.DuckDBPyConnection) -> None:
    """Keep DuckDB's own bar off standard output, where an answer may be read by a machine.

    In a notebook without ipywidgets the bar is off already, and DuckDB refuses to set it.
    """
    shown = database.execute("SELECT current_setting('enable_progress_bar')").fetchone()
    if shown is not None and shown[0]:
        database.execute("SET enable_progress_bar = false")


def open_database(staging: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that spills into the staging folder."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET memory_limit = '1GB'")
    database.execute("SET preserve_insertion_order = false")
    no_progress_bar(database)
    database.execute(f"SET temp_directory = {_text(staging / 'spill')}")
    return database


def repeats(database: duckdb.DuckDBPyConnection, table: Table, staged: Path) -> Repeats:
    """Keys that stand in a file more than once: clashing rows, and equal ones to leave out.

    database: an open DuckDB connection; table: the table's contract; staged: the Parquet file
    of good rows.
    """
    key = _names(table.key)
    repeated = f"SELECT {key} FROM {_files([staged])} GROUP BY {key} HAVING count(*) > 1"
    columns = _names([name for name in pq.read_schema(staged).names if name != ROW])
    found = database.execute(
        f"""
        SELECT list({ROW} ORDER BY {ROW}), count(DISTINCT ({columns})) > 1
        FROM {_files([staged])} SEMI JOIN ({repeated}) repeated USING ({key}) GROUP BY {key}
        """
    ).fetchall()
    clashing = [
        Clash(row, tuple(other for other in rows[: _OTHERS + 1] if other != row)[:_OTHERS])
        for rows, differ in found
        if differ
        for row in rows
    ]
    surplus = [row for rows, differ in found if not differ for row in rows[1:]]
    return Repeats(tuple(sorted(clashing, key=lambda clash: clash.row)), tuple(surplus))


def unique(
    database: duckdb.DuckDBPyConnection,
    table: Table,
    *,
    staged: Sequence[Path],
    without: Sequence[Sequence[int]],
    out: Path,
) -> int:
    """Write one row a key: later files over earlier ones, without the given rows; their count.

    database: an open DuckDB connection; table: the table's contract; staged: Parquet files of
    good rows, older first; out: the file written.
    """
    for place, rows in enumerate(without):
        database.register(f"without_{place}", pa.table({ROW: pa.array(rows, type=pa.int64())}))
    query = " UNION ALL BY NAME ".join(
        f"SELECT * EXCLUDE ({ROW}), {place} AS __file FROM {_files([path])} "
        f"ANTI JOIN without_{place} USING ({ROW})"
        for place, path in enumerate(staged)
    )
    if len(staged) > 1:
        newest = f"PARTITION BY {_names(table.key)} ORDER BY __file DESC"
        # Of what becomes known later the newest file counts that has the column of its time.
        told = f"{newest} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
        later = dict.fromkeys(name for columns in table.later.values() for name in columns)
        kept = ", ".join(_newest_told(table, name, told) for name in later)
        given = f"* REPLACE ({kept})" if kept else "*"
        query = f"SELECT {given} FROM ({query}) QUALIFY row_number() OVER ({newest}) = 1"
    return _write(database, query, out)


def _newest_told(table: Table, name: str, told: str) -> str:
    """What the newest file says of a later fact that has its time; else the newest that is told.

    told: the window of a key's rows, the newest file first.
    """
    column = _name(name)
    timed = " OR ".join(f"{_name(time)} IS NOT NULL" for time in table.later_times(name))
    with_time = f"first_value(CASE WHEN {timed} THEN {{'told': {column}}} END IGNORE NULLS)"
    alone = f"{{'told': first_value({column} IGNORE NULLS) OVER ({told})}}"
    return f"struct_extract(coalesce({with_time} OVER ({told}), {alone}), 'told') AS {column}"


def merge(
    database: duckdb.DuckDBPyConnection,
    table: Table,
    *,
    columns: pa.Schema,
    incoming: Path,
    parts: Sequence[Path],
    fresh: Path,
) -> Merged:
    """Upsert by key: parts that hold replaced rows are written again with the incoming rows.

    What became known later (`Table.later`) stays where no incoming file has the column of its time.

    columns: all columns of the table, declared and extra, with their types.
    incoming: one row a key; what differs is written beside it.
    fresh: where the new part goes; not written when nothing changes.

    database: an open DuckDB connection.
    """
    rows = pq.read_metadata(incoming).num_rows
    if not parts:
        if rows:
            first = _told(table, columns, _select(table, columns, [incoming]))
            _write(database, f"{first} {_order(table)}", fresh)
        return Merged((fresh,) if rows else (), rows, 0, 0)
    changed = incoming.with_suffix(".changed")
    new, replaced = _changes(database, table, columns, incoming, parts, changed)
    if not new + replaced:
        return Merged(tuple(parts), 0, 0, rows)
    touched = [
        part
        for part in parts
        if len(parts) >= _MANY_PARTS or (replaced and _holds(database, table, part, changed))
    ]
    query = _select(table, columns, [changed])
    if touched:
        key = _names(table.key)
        gone = f"(SELECT {key} FROM {_files([changed])}) gone"
        kept = f"SELECT * FROM ({_select(table, columns, touched)}) ANTI JOIN {gone} USING ({key})"
        query = f"SELECT * FROM ({query} UNION ALL {kept})"
    _write(database, f"{query} {_order(table)}", fresh)
    left = tuple(part for part in parts if part not in touched)
    return Merged((*left, fresh), new, replaced, rows - new - replaced)


def order(table: Table) -> tuple[str, ...]:
    """How a table is sorted: by the time its facts became known, then by key."""
    known = (table.known_at,) if table.known_at else ()
    return (*known, *(name for name in table.key if name not in known))


def newest_fact(
    database: duckdb.DuckDBPyConnection, table: Table, parts: Sequence[Path]
) -> datetime | None:
    """The time of the table's newest fact; of a table without a clock, of its newest row.

    A few facts that lie more than a year after all others, fewer than one in a hundred, are left
    out: they are a wrong clock or somebody's trial, and would make everything else look old.

    database: an open DuckDB connection; parts: the table's Parquet files.
    """
    held = {name for path in parts for name in pq.read_schema(path).names}
    known = (table.known_at,) if table.known_at else ()
    names = [_name(name) for name in table.clock or known if name in held]
    if not names or not parts:
        return None
    moments = " UNION ALL ".join(f"SELECT {name} AS moment FROM {_files(parts)}" for name in names)
    days = database.execute(
        f"""
        SELECT max(moment), count(*) FROM ({moments}) WHERE moment IS NOT NULL
        GROUP BY moment::DATE ORDER BY 1 DESC
        """
    ).fetchall()
    if not days or not table.clock:
        return days[0][0] if days else None
    return _without_stragglers(days)


def _without_stragglers(days: Sequence[tuple[datetime, int]]) -> datetime:
    """The newest moment once lonely ones are left out.

    days: newest moment and number of facts of each day that has some, newest day first.
    """
    most, later = sum(count for _, count in days) * _FEW, 0
    for (moment, count), (before, _) in pairwise(days):
        later += count
        if later >= most:
            break
        if moment - before > _FAR:
            return before
    return days[0][0]


def _changes(
    database: duckdb.DuckDBPyConnection,
    table: Table,
    columns: pa.Schema,
    incoming: Path,
    parts: Sequence[Path],
    changed: Path,
) -> tuple[int, int]:
    """Write the incoming rows that are new or differ; how many of each."""
    merged = {name: _newer(table, name) for name in columns.names}
    differs = " OR ".join(
        f"{value} IS DISTINCT FROM o.{_name(name)}" for name, value in merged.items()
    )
    same = " AND ".join(f"i.{_name(name)} = o.{_name(name)}" for name in table.key)
    first = f"o.{_name(table.key[0])}"
    listed = ", ".join(f"{value} AS {_name(name)}" for name, value in merged.items())
    query = f"""
        SELECT {listed}, {first} IS NOT NULL AS __old
        FROM ({_select(table, columns, [incoming])}) i
        LEFT JOIN ({_select(table, columns, parts)}) o ON {same}
        WHERE {first} IS NULL OR {differs}
        """
    _write(database, query, changed)
    counts = database.execute(
        f"SELECT count(*) FILTER (NOT __old), count(*) FILTER (__old) FROM {_files([changed])}"
    ).fetchone()
    assert counts is not None
    return int(counts[0]), int(counts[1])


def _newer(table: Table, name: str) -> str:
    """The value of a column of the incoming row i over the one that is there, o."""
    new, times = f"i.{_name(name)}", table.later_times(name)
    if not times:
        return new
    taken_back = " OR ".join(f"i.{_name(time)} = {_TAKEN_BACK}" for time in times)
    kept = f"nullif({new}, {_TAKEN_BACK})" if name in times else new
    return f"CASE WHEN {taken_back} THEN {kept} ELSE coalesce({new}, o.{_name(name)}) END"


def _told(table: Table, columns: pa.Schema, query: str) -> str:
    """The rows of a query without times that were taken back before they were told."""
    if not table.later:
        return query
    listed = (
        f"nullif({_name(name)}, {_TAKEN_BACK}) AS {_name(name)}"
        if name in table.later
        else _name(name)
        for name in columns.names
    )
    return f"SELECT {', '.join(listed)} FROM ({query})"


def _holds(database: duckdb.DuckDBPyConnection, table: Table, part: Path, changed: Path) -> bool:
    query = f"""
        SELECT 1 FROM {_files([part])}
        SEMI JOIN (FROM {_files([changed])} WHERE __old) USING ({_names(table.key)}) LIMIT 1
        """
    return database.execute(query).fetchone() is not None


def _write(database: duckdb.DuckDBPyConnection, query: str, out: Path) -> int:
    done = database.execute(f"COPY ({query}) TO {_text(out)} (FORMAT parquet, COMPRESSION zstd)")
    counted = done.fetchone()
    assert counted is not None
    return int(counted[0])


def _select(table: Table, columns: pa.Schema, files: Sequence[Path]) -> str:
    """The columns of the files in this order; what a file lacks is empty, in a key its default."""
    held = {name for path in files for name in pq.read_schema(path).names}
    listed = ", ".join(
        f"{_value(table, field, field.name in held)} AS {_name(field.name)}" for field in columns
    )
    return f"SELECT {listed} FROM {_files(files)}"


def _value(table: Table, field: pa.Field, is_held: bool) -> str:
    kind = _SQL_TYPES[field.type]
    found = _name(field.name) if is_held else f"CAST(NULL AS {kind})"
    if field.name not in table.optional_key:
        return found
    # Older files may lack a part of the key that was declared since.
    return f"coalesce({found}, CAST('{table.optional_key[field.name]}' AS {kind}))"


def _order(table: Table) -> str:
    return f"ORDER BY {_names(order(table))}"


def _names(names: Sequence[str]) -> str:
    return ", ".join(_name(name) for name in names)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _files(files: Sequence[Path]) -> str:
    # hive_partitioning off: a folder named a=b must not become a column
    listed = ", ".join(_text(path) for path in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
