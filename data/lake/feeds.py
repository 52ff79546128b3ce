"""Where tables come from: files of a folder, CSV or Parquet, read in batches with row numbers."""

import difflib
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from data.lake.files import (
    BATCH_ROWS,
    RowBatch,
    UnreadableError,
    csv_batches,
    csv_header,
    file_digest,
    parquet_batches,
    parquet_header,
    short,
)
from data.lake.text_format import UNPACK, find_text_format, is_packed
from data.lake.workbooks import WORKBOOKS, sheet_names, workbook_sheets
from data.tables import TABLES, WHERE_THERE_IS_NONE, Table

_LONGEST_NAME = 128
_NAMED = 5  # of the files in a folder without tables
_OPEN_NAME = re.compile(r"[a-z]_[a-z0-9_]{1,60}$")
_TEXTS = (".csv", ".txt", ".tsv", ".tab")
_SUFFIXES = (*_TEXTS, ".parquet", *WORKBOOKS)


# (wanted columns) -> their rows, batch by batch.
ReadBatches = Callable[[Sequence[str]], Iterator[RowBatch]]


@dataclass(frozen=True)
class Feed:
    """One file (or frame) of one table: its name for people, its columns, its rows on demand.

    numbers: of the rows in the file, for people; None where the batches' own numbers are those. (A
    row of an export may hold several of ours.)
    """

    table: str
    name: str
    columns: tuple[str, ...]
    digest: Callable[[], str]
    batches: ReadBatches
    numbers: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Found:
    """What a folder holds: feeds in table and name order, other names, and structural faults."""

    feeds: tuple[Feed, ...]
    others: tuple[str, ...]
    faults: tuple[str, ...]


def find(source: Path) -> Found:
    """The tables in a folder: `orders.csv`, `orders.parquet`, a folder `orders` of such, or a sheet
    `orders` of a workbook that is named for no table.

    source: the folder, or one file named for its table.
    """
    if not source.exists():
        return Found((), (), (f"{source} is not there; name the folder that holds the tables",))
    folder = source if source.is_dir() else source.parent
    listed = folder.iterdir() if source.is_dir() else [source]
    visible = sorted(path for path in listed if not path.name.startswith((".", "~$")))
    feeds: list[Feed] = []
    faults: list[str] = []
    known: set[Path] = set()
    for name, table in TABLES.items():
        homes = [path for path in visible if path.stem == name and _may_hold(path)]
        known.update(homes)
        if len(homes) > 1:
            both = " and ".join(_label(path) for path in homes)
            faults.append(f"{name}: both {both} are here; keep one of them")
            continue
        for path in (part for home in homes for part in _parts(home, faults)):
            feed = _feed(table, path, path.relative_to(folder).as_posix(), faults)
            feeds.extend([feed] if feed else [])
    for path in visible:
        if path not in known and path.is_file() and path.suffix.lower() in WORKBOOKS:
            sheets = _sheets(path, {feed.table for feed in feeds}, faults)
            feeds += sheets
            known.update([path] if sheets else [])
    others = tuple(_other(path) for path in visible if path not in known)
    if not known:
        faults.append(_no_table(source, others))
    return Found(tuple(feeds), others, tuple(faults))


def memory(table: str, frame: pd.DataFrame) -> Feed:
    """A frame as a feed.

    table: its name.
    """
    data = _arrow(frame)

    def batches(columns: Sequence[str]) -> Iterator[RowBatch]:
        chosen = data.select(list(columns))
        for start in range(0, len(chosen), BATCH_ROWS):
            part = chosen.slice(start, BATCH_ROWS)
            yield RowBatch(np.arange(start + 1, start + 1 + len(part)), part)

    def digest() -> str:
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, data.schema) as writer:
            writer.write_table(data)
        return hashlib.sha256(sink.getbuffer()).hexdigest()

    return Feed(table, "rows handed over", tuple(data.column_names), digest, batches)


def header_faults(table: Table, name: str, columns: Sequence[str]) -> list[str]:
    """What the column names alone show to be wrong, one sentence each.

    table: the table's contract; name: the file's name, for the message; columns: the names it
    has.
    """
    faults = [
        f"{name}: a column name of {len(column)} characters ({short(column)!r}); "
        f"at most {_LONGEST_NAME} are read: check separator and line ends"
        for column in columns
        if len(column) > _LONGEST_NAME
    ]
    faults += [
        f"{name}: column {column} stands there {times} times; keep one"
        for column, times in Counter(columns).items()
        if times > 1 and is_kept(table, column)
    ]
    faults += [
        f"{name}: the column name {short(column)!r} must be {table.open_prefix} and then at most "
        "60 of a-z, 0-9 and _; rename it"
        for column in columns
        if is_kept(table, column) and column not in table.names and not _OPEN_NAME.match(column)
    ]
    faults += [
        _missing(name, column, columns) for column in table.required if column not in columns
    ]
    if table.any_of and not set(table.any_of) & set(columns):
        faults.append(f"{name}: needs one of the columns {' or '.join(table.any_of)}; add it")
    return faults


def is_kept(table: Table, column: str) -> bool:
    """Whether a column of that name belongs into the lake.

    table: the table's contract.
    """
    declared = column in table.names
    return declared or bool(table.open_prefix and column.startswith(table.open_prefix))


def _may_hold(path: Path) -> bool:
    return path.is_dir() if not path.suffix else path.suffix.lower() in _SUFFIXES and path.is_file()


def _label(path: Path) -> str:
    return f"{path.name}/" if path.is_dir() else path.name


def _parts(home: Path, faults: list[str]) -> list[Path]:
    if home.is_file():
        return [home]
    parts = sorted(
        path for path in home.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file()
    )
    if not parts:
        faults.append(
            f"{home.name}/: no .csv, .xlsx or .parquet file inside; add one or remove the folder"
        )
    return parts


def _other(path: Path) -> str:
    if is_packed(path):
        return f"{_label(path)} ({UNPACK})"
    if path.is_dir() and any(inner.stem in TABLES and _may_hold(inner) for inner in path.glob("*")):
        return f"{_label(path)} (tables are inside: name that folder, {path})"
    near = difflib.get_close_matches(path.stem.lower(), list(TABLES), n=1, cutoff=0.7)
    return _label(path) + (f" (did you mean {near[0]}?)" if near else "")


def _no_table(folder: Path, others: Sequence[str]) -> str:
    named = [short(one, 300) for one in others[:_NAMED]]
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    seen = f" It holds {', '.join(named)}{more}." if others else " It is empty."
    return (
        f"{folder} holds no table.{seen} Name the files {', '.join(TABLES)}, "
        "each with .csv, .xlsx or .parquet; exports of a shop system need --map, as --map shopify"
    )


def _missing(name: str, column: str, columns: Sequence[str]) -> str:
    """That a column is missing, and which of the file's it might be, as the file spells it."""
    spelled = {_bare(item): item for item in columns[:1000] if len(item) <= _LONGEST_NAME}
    near = difflib.get_close_matches(_bare(column), list(spelled), n=1, cutoff=0.75)
    hint = f"; rename {spelled[near[0]]!r} to {column!r}" if near else "; add it or rename one"
    advice = f"; {WHERE_THERE_IS_NONE[column]}" if column in WHERE_THERE_IS_NONE else ""
    return f"{name}: the required column {column} is missing{hint}, or map it (--map){advice}"


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _feed(
    table: Table, path: Path, name: str, faults: list[str], *, sheet: str | None = None
) -> Feed | None:
    if path.stat().st_size == 0:
        faults.append(f"{name}: the file is empty; write it again or remove it")
        return None
    try:
        columns, read = _opened(path) if sheet is None else _of_sheet(path, sheet)
    except (ValueError, pa.ArrowException, OSError) as error:
        faults.append(f"{name}: cannot be read ({short(error, 200)}); write it again")
        return None
    faults.extend(header_faults(table, name, columns))

    def batches(wanted: Sequence[str]) -> Iterator[RowBatch]:
        try:
            yield from read(wanted)
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise UnreadableError(short(error, 200)) from error

    return Feed(table.name, name, columns, lambda: file_digest(path), batches)


def _sheets(path: Path, taken: Collection[str], faults: list[str]) -> list[Feed]:
    """The tables in the sheets of a workbook, each named for its table. taken: tables that the
    files beside it are."""
    try:
        names = [name for name in sheet_names(path) if name.strip().lower() in TABLES]
    except ValueError:
        return []  # no table can be in it: it is told with the other files
    feeds: list[Feed] = []
    for sheet in names:
        table = sheet.strip().lower()
        feed = _feed(TABLES[table], path, f"{path.name}, sheet {sheet}", faults, sheet=sheet)
        if table in taken or table in {each.table for each in feeds}:
            faults.append(f"{table}: it is in {path.name} and elsewhere; keep one of them")
        elif feed is not None:
            feeds.append(feed)
    return sorted(feeds, key=lambda feed: list(TABLES).index(feed.table))


def _opened(path: Path) -> tuple[tuple[str, ...], ReadBatches]:
    """The column names of a file, and how its rows are read."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return parquet_header(path), lambda wanted: parquet_batches(path, wanted)
    if suffix in WORKBOOKS:
        return _of_sheet(path, None)
    form = find_text_format(path)
    columns = csv_header(path, form)
    return columns, lambda wanted: csv_batches(path, columns, wanted, form=form)


def _of_sheet(path: Path, sheet: str | None) -> tuple[tuple[str, ...], ReadBatches]:
    """A sheet of a workbook, None: the first filled one; its first row has the column names."""
    rows = next((rows for _, rows in workbook_sheets(path, only=sheet)), [])
    columns = tuple((cell or "").strip() for cell in rows[0]) if rows else ()
    if not any(columns):
        raise ValueError("its first row has no column names")

    def batches(wanted: Sequence[str]) -> Iterator[RowBatch]:
        filled = [(number, row) for number, row in enumerate(rows[1:], 1) if any(row)]
        places = [columns.index(name) for name in wanted]
        data = {
            name: pa.array([row[place] for _, row in filled], pa.string())
            for name, place in zip(wanted, places, strict=True)
        }
        numbers = np.array([number for number, _ in filled], dtype=np.int64)
        yield RowBatch(numbers, pa.table(data), done=1.0)

    return columns, batches


def _arrow(frame: pd.DataFrame) -> pa.Table:
    columns = {str(name): _array(frame[name]) for name in frame.columns}
    return pa.table(columns)


def _array(series: "pd.Series[Any]") -> pa.Array:
    """Mixed columns become text, as a CSV file would have them."""
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        array = pa.array(series.astype("string"), type=pa.string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
