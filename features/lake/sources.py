"""Where tables come from: files of a folder, CSV or Parquet, read in batches with row numbers."""

import csv
import difflib
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from features.contracts import TABLES, Table

BATCH_ROWS = 262_144
_HEAD_BYTES = 1 << 20
_LONGEST_NAME = 128
_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class Broken:
    """A line of a CSV file that has too few or too many fields."""

    row: int
    text: str


@dataclass(frozen=True)
class Batch:
    """Some rows as found: `rows` are their numbers in the file, 1 for the first below the header.

    done: share of the file read so far.
    """

    rows: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    data: pa.Table
    broken: tuple[Broken, ...] = ()
    done: float = 0.0


@dataclass(frozen=True)
class Feed:
    """One file (or frame) of one table: its name for people, its columns, its rows on demand."""

    table: str
    name: str
    columns: tuple[str, ...]
    digest: Callable[[], str]
    batches: Callable[[Sequence[str]], Iterator[Batch]]


@dataclass(frozen=True)
class Found:
    """What a folder holds: feeds in table and name order, other names, and structural faults."""

    feeds: tuple[Feed, ...]
    others: tuple[str, ...]
    faults: tuple[str, ...]


def short(value: object, limit: int = 60) -> str:
    """The value as text of at most `limit` characters.

    >>> short("x" * 100, limit=10)
    'xxxxxxxxx…'
    """
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def find(folder: Path) -> Found:
    """The tables in a folder: `orders.csv`, `orders.parquet`, or a folder `orders` of such."""
    if not folder.is_dir():
        return Found((), (), (f"{folder} is no directory; name the folder that holds the tables",))
    visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
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
    others = tuple(_other(path) for path in visible if path not in known)
    if not known:
        faults.append(_no_table(folder, others))
    return Found(tuple(feeds), others, tuple(faults))


def memory(table: str, frame: pd.DataFrame) -> Feed:
    """A frame as a feed."""
    data = _arrow(frame)

    def batches(columns: Sequence[str]) -> Iterator[Batch]:
        chosen = data.select(list(columns))
        for start in range(0, len(chosen), BATCH_ROWS):
            part = chosen.slice(start, BATCH_ROWS)
            yield Batch(np.arange(start + 1, start + 1 + len(part)), part)

    def digest() -> str:
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, data.schema) as writer:
            writer.write_table(data)
        return hashlib.sha256(sink.getbuffer()).hexdigest()

    return Feed(table, "rows handed over", tuple(data.column_names), digest, batches)


def header_faults(table: Table, name: str, columns: Sequence[str]) -> list[str]:
    """What the column names alone show to be wrong, one sentence each."""
    faults = [
        f"{name}: a column name of {len(column)} characters ({short(column)!r}); "
        f"at most {_LONGEST_NAME} are read: check separator and line ends"
        for column in columns
        if len(column) > _LONGEST_NAME
    ]
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        return [*faults, f"{name}: fields are not separated by commas; save it with commas"]
    faults += [
        f"{name}: column {column} stands there {columns.count(column)} times; keep one"
        for column in sorted(set(columns))
        if columns.count(column) > 1 and is_kept(table, column)
    ]
    faults += [
        _missing(name, column, columns) for column in table.required if column not in columns
    ]
    if table.any_of and not set(table.any_of) & set(columns):
        faults.append(f"{name}: needs one of the columns {' or '.join(table.any_of)}; add it")
    return faults


def is_kept(table: Table, column: str) -> bool:
    """Whether a column of that name belongs into the lake."""
    declared = column in table.names
    return declared or bool(table.open_prefix and column.startswith(table.open_prefix))


def _may_hold(path: Path) -> bool:
    return path.is_dir() if not path.suffix else path.suffix in _SUFFIXES and path.is_file()


def _label(path: Path) -> str:
    return f"{path.name}/" if path.is_dir() else path.name


def _parts(home: Path, faults: list[str]) -> list[Path]:
    if home.is_file():
        return [home]
    parts = sorted(path for path in home.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    if not parts:
        faults.append(
            f"{home.name}/: no .csv or .parquet file inside; add one or remove the folder"
        )
    return parts


def _other(path: Path) -> str:
    near = difflib.get_close_matches(path.stem.lower(), list(TABLES), n=1, cutoff=0.7)
    return _label(path) + (f" (did you mean {near[0]}?)" if near else "")


def _no_table(folder: Path, others: Sequence[str]) -> str:
    seen = f" It holds {short(', '.join(others), 200)}." if others else " It is empty."
    return (
        f"{folder} holds no table.{seen} Name the files {', '.join(TABLES)}, "
        "each with .csv or .parquet"
    )


def _missing(name: str, column: str, columns: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, [item.lower() for item in columns], n=1, cutoff=0.75)
    hint = f"; is it {near[0]!r}?" if near else ""
    return f"{name}: the required column {column} is missing{hint}; add it or rename one"


def _feed(table: Table, path: Path, name: str, faults: list[str]) -> Feed | None:
    if path.stat().st_size == 0:
        faults.append(f"{name}: the file is empty; write it again or remove it")
        return None
    try:
        columns = _csv_header(path) if path.suffix == ".csv" else _parquet_header(path)
    except (ValueError, OSError) as error:  # pa.ArrowInvalid is a ValueError
        faults.append(f"{name}: cannot be read ({short(error, 200)}); write it again")
        return None
    faults.extend(header_faults(table, name, columns))

    def batches(wanted: Sequence[str]) -> Iterator[Batch]:
        read = _csv_batches if path.suffix == ".csv" else _parquet_batches
        return read(path, columns, wanted)

    return Feed(table.name, name, columns, lambda: _file_digest(path), batches)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _csv_header(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError("it is UTF-16; save it as UTF-8")
    if head[:2] == b"\x1f\x8b":
        raise ValueError("it is compressed; unpack it")
    line = head.replace(b"\r\n", b"\n").split(b"\n", 1)[0]
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8; save it as UTF-8") from error
    names = next(csv.reader([text]), []) if len(line) < _HEAD_BYTES else [text]
    if not any(name.strip() for name in names):
        raise ValueError("its first line has no column names")
    return tuple(name.strip() for name in names)


def _parquet_header(path: Path) -> tuple[str, ...]:
    return tuple(pq.read_schema(path).names)


def _csv_batches(path: Path, columns: Sequence[str], wanted: Sequence[str]) -> Iterator[Batch]:
    broken: list[pacsv.InvalidRow] = []

    def skip(line: pacsv.InvalidRow) -> str:
        broken.append(line)
        return "skip"

    with pa.OSFile(str(path)) as file:
        # One thread: only then does Arrow number the lines it cannot split.
        reader = pacsv.open_csv(
            file,
            pacsv.ReadOptions(
                use_threads=False, block_size=1 << 24, column_names=list(columns), skip_rows=1
            ),
            pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            pacsv.ConvertOptions(
                include_columns=list(wanted),
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=True,
                null_values=[""],  # "NA" is a country
            ),
        )
        following, told = 1, 0
        for found in reader:
            numbers = np.array([line.number - 1 for line in broken], dtype=np.int64)
            rows = np.arange(following, following + len(found) + len(numbers))
            rows = rows[~np.isin(rows, numbers)][: len(found)]
            following = int(rows[-1]) + 1 if len(rows) else following
            lines = tuple(_broken(line) for line in broken[told:])
            told = len(broken)
            done = min(file.tell() / max(file.size(), 1), 1.0)
            yield Batch(rows, pa.Table.from_batches([found]), lines, done)
        if told < len(broken):
            lines = tuple(_broken(line) for line in broken[told:])
            yield Batch(np.array([], dtype=np.int64), reader.schema.empty_table(), lines, 1.0)


def _broken(line: pacsv.InvalidRow) -> Broken:
    return Broken(line.number - 1, line.text)


def _parquet_batches(path: Path, columns: Sequence[str], wanted: Sequence[str]) -> Iterator[Batch]:
    del columns  # a Parquet file knows its own
    with pq.ParquetFile(path) as file:
        following, total = 1, max(file.metadata.num_rows, 1)
        for found in file.iter_batches(batch_size=BATCH_ROWS, columns=list(wanted)):
            rows = np.arange(following, following + len(found))
            following += len(found)
            data = pa.Table.from_batches([found])
            yield Batch(rows, data, done=min(following / total, 1.0))


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
