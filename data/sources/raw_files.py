"""Exported files as they are: CSV in any common writing, workbooks and Parquet, as rows of text."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import ArgosyError
from data.lake.files import Broken, csv_batches, file_digest
from data.lake.text_format import find_text_format
from data.lake.workbooks import WORKBOOKS, TextRow, cell_text, workbook_sheets
from data.sources.mapping import Sheet

PEEK_ROWS = 40
SUFFIXES = (".csv", ".txt", ".tsv", ".tab", ".parquet", *WORKBOOKS)

Peek = tuple[tuple[str, ...], ...]


class RawFileError(ArgosyError):
    """A file cannot be read."""


@dataclass(frozen=True)
class RawRows:
    """Rows of a raw table: their numbers (1 for the first below the header) and text columns.

    data: one column a wanted name, None where empty. broken: lines that have more or fewer fields
    than the header.
    """

    numbers: npt.NDArray[np.int64]
    data: pd.DataFrame
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True)
class RawTable:
    """One table as a system wrote it.

    label: its name for people: the file (and sheet), or the database table.
    name: what a mapping's `from` is compared with: file name or table name.
    peek: the first rows as text; one of them is the header.
    read: (place of the header in `peek`, wanted columns of it, sheet) -> the rows below; a database
        reads from the sheet's watermark on.
    digest: () -> SHA-256 of the content.
    """

    label: str
    name: str
    peek: Peek
    read: Callable[[int, Sequence[str], Sheet], RawRows]
    digest: Callable[[], str]

    def header(self, place: int) -> tuple[str, ...]:
        """The column names when the row at `place` is the header: trimmed, each once."""
        return column_names(self.peek, place)


def raw_tables(path: Path, label: str) -> list[RawTable]:
    """The tables of one file: several for a workbook with several sheets.

    path: the file. label: its name for people. Raises RawFileError, with the reason.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in WORKBOOKS:
            return _workbook(path, label)
        if suffix == ".parquet":
            return [_parquet(path, label)]
        return [_text(path, label)]
    except (ValueError, OSError, pa.ArrowException) as error:
        raise RawFileError(f"{label} cannot be read: {error}; write it again") from error


def column_names(peek: Peek, place: int) -> tuple[str, ...]:
    """The names in the header, trimmed: a second one gets ` (2)`, a nameless one its place.

    peek: the first rows of the table. place: which of them is the header.
    Where most rows are longer than the header, nameless columns follow.
    """
    names = list(peek[place])
    widths = Counter(len(row) for row in peek[place + 1 :] if any(row))
    if widths and (usual := widths.most_common(1)[0][0]) > len(names):
        names += [""] * (usual - len(names))
    found: list[str] = []
    for position, name in enumerate(names, 1):
        plain = name.strip().lstrip("\ufeff") or f"column {position}"
        number, unique = 1, plain
        while unique in found:
            number += 1
            unique = f"{plain} ({number})"
        found.append(unique)
    return tuple(found)


def text_frame(columns: Sequence[str], rows: Sequence[TextRow]) -> pd.DataFrame:
    """Rows of text as a frame of objects, None where empty.

    columns: the names. rows: one tuple a row; what it lacks at the end is empty.
    """
    width = len(columns)
    padded = [(*row, *[None] * (width - len(row)))[:width] for row in rows]
    return pd.DataFrame(padded, columns=list(columns), dtype=object)


def _text(path: Path, label: str) -> RawTable:
    form = find_text_format(path)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if form.quoted else csv.QUOTE_NONE
    csv.field_size_limit(1 << 27)
    with path.open(encoding=form.encoding, errors="replace", newline="") as file:
        lines = csv.reader(file, delimiter=form.separator, quoting=quoting)
        peek = tuple(tuple(row) for row, _ in zip(lines, range(PEEK_ROWS), strict=False))

    def read(place: int, wanted: Sequence[str], _sheet: Sheet) -> RawRows:
        names = column_names(peek, place)
        try:
            found = list(csv_batches(path, names, wanted, form=form, header_rows=place + 1))
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise RawFileError(f"{label} cannot be read to its end: {error}") from error
        numbers = np.concatenate([np.array([], dtype=np.int64), *(batch.rows for batch in found)])
        frames = [batch.data.to_pandas() for batch in found]
        data = pd.concat(frames, ignore_index=True) if frames else text_frame(wanted, [])
        return RawRows(
            numbers, _trimmed(data), tuple(line for batch in found for line in batch.broken)
        )

    return RawTable(label, path.name, peek, read, lambda: file_digest(path))


def _trimmed(data: pd.DataFrame) -> pd.DataFrame:
    """The texts without blanks around, None where nothing is left."""
    trimmed: dict[Any, Any] = {}
    for name in data:
        text: Any = data[name].str.strip() if data[name].notna().any() else data[name]
        trimmed[name] = text.astype(object).where(text.notna() & (text != ""), None)
    return pd.DataFrame(trimmed, columns=data.columns, index=data.index, dtype=object)


def _workbook(path: Path, label: str) -> list[RawTable]:
    sheets = list(workbook_sheets(path))

    def table(name: str, rows: list[TextRow]) -> RawTable:
        peek = tuple(tuple(cell or "" for cell in row) for row in rows[:PEEK_ROWS])

        def read(place: int, wanted: Sequence[str], _sheet: Sheet) -> RawRows:
            below = rows[place + 1 :]
            data = text_frame(column_names(peek, place), below)[list(wanted)]
            filled = np.array([any(row) for row in below], dtype=bool)
            return RawRows(np.flatnonzero(filled) + 1, data[filled].reset_index(drop=True))

        shown = label if len(sheets) == 1 else f"{label} [{name}]"
        return RawTable(shown, f"{path.name}[{name}]", peek, read, lambda: file_digest(path))

    return [table(name, rows) for name, rows in sheets]


def _parquet(path: Path, label: str) -> RawTable:
    names = tuple(pq.read_schema(path).names)

    def read(_place: int, wanted: Sequence[str], _sheet: Sheet) -> RawRows:
        rows = pq.read_table(path, columns=list(wanted))
        data = pd.DataFrame(
            {
                name: pd.Series(
                    [cell_text(value) for value in rows[name].to_pylist()], dtype=object
                )
                for name in wanted
            }
        )
        return RawRows(np.arange(1, len(rows) + 1), data)

    return RawTable(label, path.name, (names,), read, lambda: file_digest(path))
