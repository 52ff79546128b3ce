"""The files of one table through the checks: good rows to a file on disk, bad ones beside it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.lake.feeds import Feed, is_kept
from data.lake.files import ROW, UnreadableError, short
from data.lake.merging import Clash, repeats, unique
from data.lake.parsing import open_kind, schema
from data.lake.quarantine import Quarantine, RowFault
from data.lake.validation import check
from data.tables import Kind, Table

Progress = Callable[[str, float], None]
Kinds = Mapping[str, Kind]


@dataclass(frozen=True)
class Staged:
    """One table, ready to be merged.

    path: one good row a key, in the types of the contract.
    extra: kinds of the undeclared columns that are kept.
    refused: why nothing of it may be taken.
    """

    table: Table
    path: Path
    read: int
    rows: int
    quarantines: tuple[tuple[Quarantine, str], ...]
    extra: Kinds
    ignored: tuple[str, ...]
    refused: str | None

    @property
    def faults(self) -> tuple[RowFault, ...]:
        """The faults of all its files."""
        return tuple(fault for bad, _ in self.quarantines for fault in bad.faults())

    @property
    def quarantined(self) -> int:
        """Bad rows of all its files."""
        return sum(bad.rows for bad, _ in self.quarantines)


@dataclass(frozen=True)
class _File:
    """One file after the checks: rows `without` in `path` must not be taken."""

    path: Path
    read: int
    bad: Quarantine
    without: tuple[int, ...] = ()
    surplus: int = 0
    unreadable: str | None = None


@dataclass(frozen=True)
class Stager:
    """Where and by which rules files are staged."""

    folder: Path
    database: duckdb.DuckDBPyConnection
    max_bad_share: float
    now: datetime
    progress: Progress

    def stage(self, table: Table, feeds: Sequence[Feed], known: Kinds) -> Staged:
        """Check all files of a table; `known` are the kinds of its extra columns so far.

        feeds: the files, or the frame.
        """
        extra = open_kinds(table, feeds, known)
        files = [
            self._file(table, feed, extra, name=f"{table.name}-{place}")
            for place, feed in enumerate(feeds)
        ]
        path = files[0].path
        rows = files[0].read - files[0].bad.rows - files[0].surplus
        refusals = [why for file in files if (why := self._refusal(file))]
        if not refusals and (len(files) > 1 or files[0].without):
            path = self.folder / f"{table.name}.parquet"
            rows = unique(
                self.database,
                table,
                staged=[file.path for file in files],
                without=[file.without for file in files],
                out=path,
            )
        bad = [
            (file.bad, feed.digest())
            for file, feed in zip(files, feeds, strict=True)
            if file.bad.rows
        ]
        unknown = {name for feed in feeds for name in feed.columns if not is_kept(table, name)}
        return Staged(
            table=table,
            path=path,
            read=sum(file.read for file in files),
            rows=rows,
            quarantines=tuple(bad),
            extra=extra,
            ignored=tuple(sorted(short(name) for name in unknown)),
            refused="; ".join(refusals) or None,
        )

    def _refusal(self, file: _File) -> str | None:
        if file.unreadable:
            return f"{file.bad.file} cannot be read to its end ({file.unreadable}); write it again"
        if file.bad.rows > self.max_bad_share * file.read:
            return (
                f"{file.bad.rows} of {file.read} rows of {file.bad.file} are bad, more than the "
                f"allowed share of {self.max_bad_share:g}; correct them, or raise "
                "ARGOSY_MAX_BAD_SHARE"
            )
        return None

    def _file(self, table: Table, feed: Feed, extra: Kinds, *, name: str) -> _File:
        path = self.folder / f"{name}.staged"
        bad = Quarantine(table.name, feed.name, self.folder / f"{name}.bad", feed.numbers)
        read = 0
        shape = schema(table, extra).append(pa.field(ROW, pa.int64()))
        wanted = [column for column in feed.columns if column in table.names or column in extra]
        with pq.ParquetWriter(path, shape, compression="lz4") as writer:
            try:
                for batch in feed.batches(wanted):
                    checked = check(table, batch, extra, self.now)
                    numbered = checked.good.append_column(ROW, pa.array(checked.rows))
                    writer.write_table(numbered.cast(shape))
                    bad.add(checked.faults, checked.bad)
                    bad.add(checked.broken_faults, checked.broken)
                    read += len(batch.rows) + len(batch.broken)
                    self.progress(table.name, batch.done)
            except UnreadableError as error:
                return _File(path, read, bad, unreadable=str(error))
        found = repeats(self.database, table, path)
        if found.clashing:
            bad.add(*_clash_faults(table, found.clashing, path, bad.number_of))
        without = (*(clash.row for clash in found.clashing), *found.surplus)
        return _File(path, read, bad, without, len(found.surplus))


def open_kinds(table: Table, feeds: Sequence[Feed], known: Kinds) -> Kinds:
    """Kinds of the kept undeclared columns: as they were, else number where all values are.

    table: the table's contract; feeds: the files, or the frame; known: kinds of extra columns
    so far.
    """
    kinds: dict[str, Kind] = dict(known)
    for feed in feeds:
        names = [
            name
            for name in feed.columns
            if name not in table.names and name not in known and is_kept(table, name)
        ]
        if names:
            with suppress(UnreadableError):  # said when its rows are read
                for batch in feed.batches(names):
                    _widen(kinds, batch.data)
    return kinds


def _widen(kinds: dict[str, Kind], data: pa.Table) -> None:
    for name in data.column_names:
        kind = open_kind(data.column(name))
        if kind is not None and kinds.get(name) != "text":
            kinds[name] = kind


def _clash_faults(
    table: Table, found: Sequence[Clash], path: Path, number_of: Callable[[int], int]
) -> tuple[pd.DataFrame, pa.Table]:
    rows = [clash.row for clash in found]
    held = pq.read_table(path, filters=[(ROW, "in", rows)]).sort_by(ROW)
    keys = held.select(list(table.key)).to_pandas().astype(str).agg(" ".join, axis=1)
    others = [", ".join(str(number_of(other)) for other in clash.others) for clash in found]
    faults = pd.DataFrame(
        {
            "row": rows,
            "column": " + ".join(table.key),
            "value": [
                f"{short(key)} (also in row {row})" for key, row in zip(keys, others, strict=True)
            ],
            "reason": "different rows with one key",
            "remedy": "leave in the right one",
        }
    )
    return faults, held
