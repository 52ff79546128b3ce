"""Rows that did not pass: counted and grouped for a message, written to a file people can read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import pyarrow as pa
from pyarrow import feather

from data.lake.files import ROW
from data.table_files import with_formula, without_formulas

_EXAMPLES = 3
HEADER = ("file", "row", "column", "value", "reason", "remedy", "record")


@dataclass(frozen=True)
class FaultExample:
    """One faulty place: number of the row (1 is the first below the header), value as found."""

    row: int
    value: str


@dataclass(frozen=True)
class RowFault:
    """All faults of one sort in one file: where, what, what to do, how many, the first few."""

    table: str
    file: str
    column: str
    reason: str
    remedy: str
    count: int
    examples: tuple[FaultExample, ...]

    def __str__(self) -> str:
        """One line for a person."""
        where = ", ".join(f"row {found.row}: {found.value!r}" for found in self.examples)
        more = (
            f", and {self.count - len(self.examples)} more"
            if self.count > len(self.examples)
            else ""
        )
        column = f"{self.column}: " if self.column else ""
        return f"{self.file}: {column}{self.reason} ({where}{more}); {self.remedy}"


@dataclass
class _Group:
    remedy: str
    count: int = 0
    examples: list[FaultExample] = field(default_factory=list)


class Quarantine:
    """Faults of one file as they are found; rows wait in `folder` until they are to be written.

    table: the table. file: the file's name for people. folder: where rows wait. numbers: the row of
    the file that each row number stands for (the first for 1); None where they are the same.
    """

    def __init__(
        self,
        table: str,
        file: str,
        folder: Path,
        numbers: npt.NDArray[np.int64] | None = None,
    ) -> None:
        self.table = table
        self.file = file
        self._numbers = numbers
        self.rows = 0
        self._folder = folder
        self._waiting = 0
        self._groups: dict[tuple[str, str], _Group] = {}

    def add(self, faults: pd.DataFrame, bad: pa.Table) -> None:
        """Faults (row, column, value, reason, remedy) and the rows they are in (with ROW).

        faults: a line a fault; bad: a row a faulty row.
        """
        if faults.empty:
            return
        self.rows += len(bad)
        for sort, found in faults.groupby(["column", "reason"], sort=False):
            column, reason = (str(part) for part in sort)
            group = self._groups.setdefault((column, reason), _Group(found["remedy"].iloc[0]))
            group.count += len(found)
            first = found.head(max(0, _EXAMPLES - len(group.examples)))
            group.examples += [
                FaultExample(self.number_of(int(row)), str(value))
                for row, value in zip(first["row"], first["value"], strict=True)
            ]
        self._folder.mkdir(exist_ok=True)
        lines = pa.Table.from_pandas(faults, preserve_index=False)
        feather.write_feather(lines, self._folder / f"{self._waiting}.faults")
        feather.write_feather(bad, self._folder / f"{self._waiting}.rows")
        self._waiting += 1

    def number_of(self, row: int) -> int:
        """The number of a row in the file; lines that could not be split bear theirs negated."""
        if row < 0:
            return -row
        return row if self._numbers is None else int(self._numbers[row - 1])

    def faults(self) -> tuple[RowFault, ...]:
        """All sorts of faults, in the order in which they were met."""
        return tuple(
            RowFault(
                self.table,
                self.file,
                column,
                reason,
                group.remedy,
                group.count,
                tuple(group.examples),
            )
            for (column, reason), group in self._groups.items()
        )

    def write(self, path: Path) -> None:
        """Write all of it as CSV: where, what, why, what to do, and the row as found (JSON)."""
        for place in range(self._waiting):
            faults = feather.read_feather(self._folder / f"{place}.faults")
            rows = feather.read_table(self._folder / f"{place}.rows")
            found = [
                orjson.dumps(row, default=str).decode() for row in rows.drop([ROW]).to_pylist()
            ]
            records = pd.DataFrame({"row": rows[ROW].to_numpy(), "record": found})
            lines = faults.merge(records, on="row", how="left").assign(file=self.file)
            lines = lines.assign(row=[self.number_of(int(row)) for row in lines["row"]])
            told = lines[list(HEADER)].apply(without_formulas)  # a spreadsheet may open it
            told.to_csv(path, mode="a", header=place == 0, index=False)


def read(folder: Path, files: Sequence[str]) -> pd.DataFrame:
    """The quarantined rows of these files, as text; empty where there are none.

    folder: the folder.
    """
    frames = list(_frames(folder, files))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(HEADER))


def _frames(folder: Path, files: Sequence[str]) -> Iterator[pd.DataFrame]:
    for name in files:
        if (folder / name).exists():
            frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
            yield frame.map(with_formula).astype({"row": "int64"})
