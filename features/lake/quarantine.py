"""Rows that did not pass: counted and grouped for a message, written to a file people can read."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

_EXAMPLES = 3
HEADER = ("file", "row", "column", "value", "reason", "remedy", "record")


@dataclass(frozen=True)
class Example:
    """One faulty place: number of the row (1 is the first below the header), value as found."""

    row: int
    value: str


@dataclass(frozen=True)
class Fault:
    """All faults of one sort in one file: where, what, what to do, how many, the first few."""

    table: str
    file: str
    column: str
    reason: str
    remedy: str
    count: int
    examples: tuple[Example, ...]

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
    examples: list[Example] = field(default_factory=list)


class Quarantine:
    """Faults of one file as they are found; the rows go to `path`, at once and in any number."""

    def __init__(self, table: str, file: str, path: Path) -> None:
        self.table = table
        self.file = file
        self.path = path
        self.rows = 0
        self._groups: dict[tuple[str, str], _Group] = {}

    def add(self, faults: pd.DataFrame, records: pd.DataFrame) -> None:
        """Faults (row, column, value, reason, remedy) and the rows they are in (row, record)."""
        if faults.empty:
            return
        self.rows += len(records)
        for sort, found in faults.groupby(["column", "reason"], sort=False):
            column, reason = (str(part) for part in sort)
            group = self._groups.setdefault((column, reason), _Group(found["remedy"].iloc[0]))
            group.count += len(found)
            first = found.head(max(0, _EXAMPLES - len(group.examples)))
            group.examples += [
                Example(int(row), str(value))
                for row, value in zip(first["row"], first["value"], strict=True)
            ]
        self._write(faults.merge(records, on="row", how="left"))

    def faults(self) -> tuple[Fault, ...]:
        """All sorts of faults, in the order in which they were met."""
        return tuple(
            Fault(
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

    def _write(self, lines: pd.DataFrame) -> None:
        first = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines.assign(file=self.file)[list(HEADER)].to_csv(
            self.path, mode="a", header=first, index=False, quoting=csv.QUOTE_MINIMAL
        )


def read(folder: Path, files: Sequence[str]) -> pd.DataFrame:
    """The quarantined rows of these files, as text; empty where there are none."""
    frames = list(_frames(folder, files))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(HEADER))


def _frames(folder: Path, files: Sequence[str]) -> Iterator[pd.DataFrame]:
    for name in files:
        if (folder / name).exists():
            frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
            yield frame.astype({"row": "int64"})
