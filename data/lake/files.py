"""CSV and Parquet files: their column names, and their rows in batches with row numbers."""

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from data.lake.text_format import COMMA_SEPARATED, TextFormat

ROW = "__row"  # number of a row in its file, 1 for the first below the header
BATCH_ROWS = 262_144
_HEAD_BYTES = 1 << 20


class UnreadableError(Exception):
    """A file that began well cannot be read to its end."""


@dataclass(frozen=True)
class Broken:
    """A line of a CSV file that has too few or too many fields."""

    row: int
    text: str


@dataclass(frozen=True)
class RowBatch:
    """Some rows as found: `rows` are their numbers in the file, 1 for the first below the header.

    done: share of the file read so far.
    """

    rows: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    data: pa.Table
    broken: tuple[Broken, ...] = ()
    done: float = 0.0


def short(value: object, limit: int = 60) -> str:
    """The value as text of at most `limit` characters.

    >>> short("x" * 100, limit=10)
    'xxxxxxxxx…'
    """
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def file_digest(path: Path) -> str:
    """SHA-256 of the content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def csv_header(path: Path, form: TextFormat) -> tuple[str, ...]:
    """Column names; ValueError says why there are none. Never reads more than the first MB.

    path: a text file. form: how it is written.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    line = re.split("[\r\n]", head.decode(form.encoding, errors="ignore"), maxsplit=1)[0]
    try:
        names = next(csv.reader([line], delimiter=form.separator), [])
    except csv.Error:  # one endless field: it is told by its length
        names = [line]
    if not any(name.strip() for name in names):
        raise ValueError("its first line has no column names")
    return tuple(name.strip() for name in names)


def parquet_header(path: Path) -> tuple[str, ...]:
    """Column names."""
    return tuple(pq.read_schema(path).names)


def csv_batches(
    path: Path,
    columns: Sequence[str],
    wanted: Sequence[str],
    *,
    form: TextFormat = COMMA_SEPARATED,
    header_rows: int = 1,
) -> Iterator[RowBatch]:
    """The wanted columns as text.

    path: a text file. columns: names of all its columns. wanted: those to read. form: how it is
    written. header_rows: lines before the first row.
    """
    broken: list[pacsv.InvalidRow] = []

    def skip(line: pacsv.InvalidRow) -> str:
        broken.append(line)
        return "skip"

    with pa.OSFile(str(path)) as file:
        # One thread: only then does Arrow number the lines it cannot split.
        reader = pacsv.open_csv(
            file,
            pacsv.ReadOptions(
                use_threads=False,
                block_size=1 << 24,
                column_names=list(columns),
                skip_rows=header_rows,
                encoding=form.encoding.replace("utf-8-sig", "utf8"),
            ),
            pacsv.ParseOptions(
                delimiter=form.separator,
                quote_char='"' if form.quoted else False,
                newlines_in_values=form.quoted,
                invalid_row_handler=skip,
            ),
            pacsv.ConvertOptions(
                include_columns=list(wanted),
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=True,
                null_values=[""],  # "NA" is a country
            ),
        )
        following, told = 1, 0
        for found in reader:
            numbers = np.array([line.number - header_rows for line in broken], dtype=np.int64)
            rows = np.arange(following, following + len(found) + len(numbers))
            rows = rows[~np.isin(rows, numbers)][: len(found)]
            following = int(rows[-1]) + 1 if len(rows) else following
            lines = tuple(_broken(line, header_rows) for line in broken[told:])
            told = len(broken)
            done = min(file.tell() / max(file.size(), 1), 1.0)
            yield RowBatch(rows, _as_written(pa.Table.from_batches([found])), lines, done)
        if told < len(broken):
            lines = tuple(_broken(line, header_rows) for line in broken[told:])
            yield RowBatch(np.array([], dtype=np.int64), reader.schema.empty_table(), lines, 1.0)


def _as_written(data: pa.Table) -> pa.Table:
    """The rows without the apostrophe that spreadsheets put before what would be a formula."""
    for place, name in enumerate(data.column_names):
        column = data.column(place)
        if pc.any(pc.starts_with(column, "'")).as_py():
            bare = pc.replace_substring_regex(column, r"^'([=+\-@\t\r])", r"\1")
            data = data.set_column(place, name, bare)
    return data


def _broken(line: pacsv.InvalidRow, header_rows: int) -> Broken:
    return Broken(line.number - header_rows, line.text)


def parquet_batches(path: Path, wanted: Sequence[str]) -> Iterator[RowBatch]:
    """The wanted columns in the file's own types.

    path: a Parquet file; wanted: names of the columns to read.
    """
    with pq.ParquetFile(path) as file:
        following, total = 1, max(file.metadata.num_rows, 1)
        for found in file.iter_batches(batch_size=BATCH_ROWS, columns=list(wanted)):
            rows = np.arange(following, following + len(found))
            following += len(found)
            data = pa.Table.from_batches([found])
            yield RowBatch(rows, data, done=min(following / total, 1.0))
