"""What the lake answers when something was put in, and what it raises when nothing was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from data.errors import ArgosyError
from data.lake.quarantine import RowFault


class LakeError(ArgosyError):
    """The lake cannot do what was asked; nothing has changed."""


class DamagedFileError(LakeError):
    """A file of the lake is not as it was written."""


class EmptyLakeError(LakeError):
    """There is no fact yet to say which time it is."""


class UnknownTableError(LakeError):
    """There is no table of that name."""


class StructureError(LakeError):
    """A folder or file does not have the shape of the tables; all such faults at once."""


class RefusedError(LakeError):
    """Too much of a file is bad, or it cannot be read to its end; `report` has every fault.

    report: of all files; hint: one more sentence, on what could be tried.
    """

    def __init__(self, report: "IngestReport", hint: str = "") -> None:
        lines = [f"{name}: {report.tables[name].refused}" for name in report.refused]
        faults = [str(fault) for fault in report.faults]
        told = ["refused, nothing was ingested", *lines, *faults, *([hint] if hint else [])]
        super().__init__("\n".join(told))
        self.report = report


@dataclass(frozen=True)
class TableReport:
    """What became of the rows read for one table.

    read = new + replaced + unchanged + repeated + quarantined, unless the ingest was refused.
    repeated: equal rows of one file, or rows that a later file of the same folder corrects.
    rows: in the table now.
    refused: why none of it was taken.
    """

    table: str
    read: int
    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    repeated: int = 0
    quarantined: int = 0
    rows: int = 0
    ignored_columns: tuple[str, ...] = ()
    faults: tuple[RowFault, ...] = ()
    refused: str | None = None


@dataclass(frozen=True)
class IngestReport:
    """What became of a folder; `ignored` are the names in it that are no tables."""

    tables: Mapping[str, TableReport]
    ignored: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[RowFault, ...]:
        """The faults of all tables."""
        return tuple(fault for report in self.tables.values() for fault in report.faults)

    @property
    def refused(self) -> tuple[str, ...]:
        """Tables that were refused."""
        return tuple(name for name, report in self.tables.items() if report.refused)

    @property
    def ok(self) -> bool:
        """Whether every row was good."""
        return not self.faults and not self.refused


@dataclass(frozen=True)
class TableStatus:
    """One table of the lake; `newest` is the time of its newest fact where facts have a time."""

    rows: int
    newest: datetime | None
    files: int
    quarantined: int
    ingested_at: datetime | None
