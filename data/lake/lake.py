"""The lake itself: take in, read back, tell what is there."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import duckdb
import pandas as pd
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from data.bucket import ChangedObjectError
from data.lake import merging, quarantine, reading
from data.lake.feeds import Feed, find, header_faults, memory
from data.lake.manifest import (
    Manifest,
    TableEntry,
    load,
    settle,
    swap,
    writing,
)
from data.lake.parsing import schema
from data.lake.reports import (
    DamagedFileError,
    EmptyLakeError,
    IngestReport,
    LakeError,
    RefusedError,
    StructureError,
    TableReport,
    TableStatus,
    UnknownTableError,
)
from data.lake.same_again import taken_signature, unchanged_report
from data.settings import Settings
from data.shared_folder import SharedFolder, digest_file, open_shared
from data.tables import TABLES, Table

if TYPE_CHECKING:
    from data.lake.staging import Progress, Staged

Found = TypeVar("Found")

_ATTEMPTS = 5


def open_lake(settings: Settings) -> Lake:
    """The lake that the settings name."""
    shared = open_shared(settings.bucket, settings.lake, "lake")
    return Lake(settings.lake, max_bad_share=settings.max_bad_share, shared=shared)


class Lake:
    """The tables under one folder; any number of readers, one writer at a time.

    folder: where they lie; max_bad_share: of the rows of a file, 0 … 1, above which it is refused;
    shared: where the folder is this machine's copy of what machines share, the original.
    """

    def __init__(
        self, folder: Path, *, max_bad_share: float = 0.05, shared: SharedFolder | None = None
    ) -> None:
        self.folder = folder
        self.max_bad_share = max_bad_share
        self._shared = shared
        self._found_whole: set[tuple[str, int, int]] = set()  # name, size and time of files

    def ingest(
        self, source: Path, *, progress: Progress | None = None, dry_run: bool = False
    ) -> IngestReport:
        """Take in a folder of tables (or one file named for its table), all or nothing.

        source: the folder. progress: told each table and the share of it that is read. dry_run:
        True to change nothing and only report.

        Raises StructureError (all structural faults) or RefusedError (all other faults); bad rows
        below the allowed share are quarantined and stand in the report, whose `ok` is False then.

        source: a folder of files named like tables; progress: called with a text and the share
        done.
        """
        found = find(source)
        if found.faults:
            raise StructureError("\n".join(found.faults))
        return self.take(found.feeds, found.others, progress=progress, dry_run=dry_run)

    def take(
        self,
        feeds: Sequence[Feed],
        others: tuple[str, ...] = (),
        *,
        progress: Progress | None = None,
        dry_run: bool = False,
    ) -> IngestReport:
        """Take in rows from anywhere, all or nothing, by the rules of `ingest`.

        feeds: the rows; of one table the later feed's row of a key counts. others: names of what
        was found beside them, for the report. progress, dry_run: as for `ingest`.
        """
        faults = [
            fault
            for feed in feeds
            for fault in header_faults(TABLES[feed.table], feed.name, feed.columns)
        ]
        if faults:
            raise StructureError("\n".join(faults))
        return self._take(feeds, others, self.max_bad_share, progress, dry_run)

    def append(self, table: str, frame: pd.DataFrame) -> TableReport:
        """Take in rows from memory by the same rules; bad rows are quarantined, however many.

        table: its name; frame: columns of the contract, extra ones ignored.
        """
        contract = _contract(table)
        feed = memory(table, frame)
        faults = header_faults(contract, table, feed.columns)
        if faults:
            raise StructureError("\n".join(faults))
        return self._take((feed,), (), 1.0, None).tables[table]

    def read(
        self,
        table: str,
        *,
        as_of: datetime | None = None,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Collection[str]] | None = None,
        arrow_text: bool = False,
    ) -> pd.DataFrame:
        """The table as it was known at `as_of` (all of it when None), sorted by time and key.

        where: column -> texts it may hold; no other row is even read. arrow_text: texts as Arrow
        keeps them, not each an object.

        Every declared column is there; the empty fields that mean something are filled. Columns
        beyond the contract (`x_…`) follow by name.

        columns: those to give; None: all.
        """
        contract = _contract(table)
        if as_of is not None and as_of.tzinfo is None:
            raise LakeError(f"as_of {as_of} has no zone; use datetime(..., tzinfo=UTC)")
        return self._looked_again(
            table, lambda now: self._read(now, contract, as_of, columns, where or {}, arrow_text)
        )

    def manifest(self) -> Manifest:
        """What is in force now: the files of each table."""
        if self._shared is not None:
            self._shared.refresh()
        return load(self.folder)

    def put_in_force(self, manifest: Manifest) -> None:
        """What is to hold from now on, within `writing`. manifest: its files are on disk."""
        swap(self.folder, manifest, self._shared)

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """One writer at a time, on any machine; gives an empty folder for its drafts."""
        with (
            self._shared.writing() if self._shared else nullcontext(),
            writing(self.folder) as place,
        ):
            yield place

    def keep_note(self, name: str, text: str) -> None:
        """Keep a small file beside the tables, whole or not at all; see `note`.

        name: of the file; text: what it holds.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._shared.writing() if self._shared else nullcontext():
            draft = self.folder / f".{name}.part"
            with draft.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if self._shared is not None:
                self._shared.commit({name: draft})
            else:
                draft.replace(self.folder / name)

    def note(self, name: str) -> str | None:
        """What `keep_note` kept; None where there is nothing. name: of the file."""
        if self._shared is not None:
            self._shared.refresh()
        try:
            return (self.folder / name).read_text("utf-8")
        except FileNotFoundError:
            return None

    def tables(self) -> Mapping[str, TableStatus]:
        """Every table of the contract and what the lake has of it."""
        manifest = self.manifest()
        return {name: self._status(manifest, name) for name in TABLES}

    def files(self, table: str) -> tuple[Path, ...]:
        """The Parquet files of a table now; they outlive the next change, not the one after."""
        _contract(table)
        return self._looked_again(table, lambda now: tuple(self._files(now, table)))

    def quarantine(self, table: str) -> pd.DataFrame:
        """Quarantined rows: file, row, column, value, reason, remedy, record (row as found)."""
        _contract(table)
        return quarantine.read(self.folder, list(self.manifest().quarantine.get(table, {})))

    def clock(self) -> datetime | None:
        """The merchant's time: that of the newest fact of any table that has a clock."""
        entries = self.manifest().tables
        newest = (entries[name].newest for name in entries if TABLES[name].clock)
        return max((datetime.fromisoformat(text) for text in newest if text), default=None)

    def moment(self, as_of: datetime | None) -> datetime:
        """The time to work as of: `as_of`, or the clock; without facts the wall clock's.

        as_of: None to take the newest fact. Raises EmptyLakeError where there is no row at all.
        """
        moment = as_of or self.clock()
        if moment is not None:
            return moment
        if not any(status.rows for status in self.tables().values()):
            raise EmptyLakeError("the lake is empty: argosy ingest DIR first, or argosy demo")
        return datetime.now(UTC)

    def version(self) -> str:
        """Changes when any table changes."""
        return self.manifest().version

    def _status(self, manifest: Manifest, name: str) -> TableStatus:
        kept = manifest.quarantine.get(name, {})
        bad = sum(rows for file, rows in kept.items() if (self.folder / file).exists())
        entry = manifest.tables.get(name)
        if entry is None:
            return TableStatus(0, None, 0, bad, None)
        contract = TABLES[name]
        nobody_said = str(contract.optional_key.get(contract.known_at or "", "never"))
        is_told = entry.newest and not entry.newest.startswith(nobody_said)
        newest = datetime.fromisoformat(entry.newest) if entry.newest and is_told else None
        moment = datetime.fromisoformat(entry.ingested_at)
        return TableStatus(entry.rows, newest, len(entry.parts), bad, moment)

    def _read(
        self,
        manifest: Manifest,
        table: Table,
        as_of: datetime | None,
        columns: Sequence[str] | None,
        where: Mapping[str, Collection[str]],
        arrow_text: bool,
    ) -> pd.DataFrame:
        entry = manifest.tables.get(table.name) or TableEntry((), 0, None, "")
        shape = schema(table, entry.extra)
        chosen = list(columns) if columns is not None else shape.names
        unknown = [name for name in (*chosen, *where) if name not in shape.names]
        if unknown:
            raise LakeError(f"{table.name} has no column {unknown[0]}; it has {shape.names}")
        needed = reading.needed(table, chosen, as_of)
        if len(entry.parts) > 1:
            needed = list(dict.fromkeys([*needed, *merging.order(table)]))
        files = self._files(manifest, table.name)
        data = pads.dataset([str(path) for path in files], schema=shape)
        rows = data.to_table(columns=needed, filter=reading.wanted(table, as_of, where))
        if len(entry.parts) > 1:
            rows = rows.sort_by([(name, "ascending") for name in merging.order(table)])
        found = reading.frame(reading.as_known(table, rows, as_of), arrow_text=arrow_text)
        countries: Mapping[str, str] = {}
        if table.name == "orders" and "market" in chosen:
            homes = self.read("warehouses", columns=["warehouse_id", "country"])
            countries = dict(zip(homes["warehouse_id"], homes["country"], strict=True))
        return reading.complete(table, found, countries)[chosen]

    def _looked_again(self, table: str, work: Callable[[Manifest], Found]) -> Found:
        """What `work` gives of the manifest; of a fresh one where two writers came between."""
        for _ in range(_ATTEMPTS):
            try:
                return work(self.manifest())
            except FileNotFoundError as error:
                missing = error.filename
        raise DamagedFileError(
            f"{table}: {missing or 'a file'} is missing, although the lake's manifest names it. "
            f"Bring it back: argosy restore BACKUP; or remove {self.folder} and ingest the "
            "merchant's files again"
        )

    def _files(self, manifest: Manifest, table: str) -> list[Path]:
        """The files of a table, each found as it was written: looked at once a lake opened.

        Raises DamagedFileError.
        """
        entry = manifest.tables.get(table)
        paths = [(part, self.folder / part) for part in entry.parts] if entry else []
        for part, path in paths:
            state = path.stat()
            known = (part, state.st_size, state.st_mtime_ns)
            if part not in manifest.digests or known in self._found_whole:
                continue
            if digest_file(path) != manifest.digests[part]:
                raise DamagedFileError(
                    f"{table}: {path} is not as it was written: damaged, or changed by another "
                    f"program. Bring it back: argosy restore BACKUP; or remove {self.folder} and "
                    "ingest the merchant's files again"
                )
            self._found_whole.add(known)
        return [path for _, path in paths]

    def _take(
        self,
        feeds: Sequence[Feed],
        ignored: tuple[str, ...],
        max_bad_share: float,
        progress: Progress | None,
        dry_run: bool = False,
    ) -> IngestReport:
        """Take in rows; once more where another machine was quicker, because this one had slept."""
        for _ in range(_ATTEMPTS):
            try:
                return self._taken(feeds, ignored, max_bad_share, progress, dry_run)
            except ChangedObjectError as error:
                refused = error
        raise refused

    def _taken(
        self,
        feeds: Sequence[Feed],
        ignored: tuple[str, ...],
        max_bad_share: float,
        progress: Progress | None,
        dry_run: bool,
    ) -> IngestReport:
        from data.lake.staging import Stager  # pandera: two seconds that readers need not wait

        with self.writing() as staging, merging.open_database(staging) as database:
            now = datetime.now(UTC)
            stager = Stager(staging, database, max_bad_share, now, progress or _silent)
            manifest = self.manifest()
            staged: list[Staged] = []
            reports: dict[str, TableReport] = {}
            digests: dict[str, list[str]] = {}
            for name in dict.fromkeys(feed.table for feed in feeds):
                entry = manifest.tables.get(name)
                own = [feed for feed in feeds if feed.table == name]
                digests[name] = [feed.digest() for feed in own]
                same = unchanged_report(TABLES[name], own, digests[name], entry)
                if same is not None:
                    reports[name] = same
                    continue
                staged.append(stager.stage(TABLES[name], own, entry.extra if entry else {}))
                reports[name] = _report(staged[-1])
            report = IngestReport(reports, ignored)
            if report.refused:
                raise RefusedError(report)
            fresh = manifest
            for item in staged:
                fresh, merged = self._merge(database, fresh, item, digests[item.table.name], now)
                reports[item.table.name] = replace(
                    reports[item.table.name],
                    new=merged.new,
                    replaced=merged.replaced,
                    unchanged=merged.unchanged,
                    rows=fresh.tables[item.table.name].rows,
                )
            if fresh != manifest and not dry_run:
                self.put_in_force(fresh)
            return replace(report, tables=reports)

    def _merge(
        self,
        database: duckdb.DuckDBPyConnection,
        manifest: Manifest,
        item: Staged,
        digests: Sequence[str],
        now: datetime,
    ) -> tuple[Manifest, merging.Merged]:
        """The manifest with this table's rows in it; its new files are on disk."""
        name = item.table.name
        old = manifest.tables.get(name) or TableEntry((), 0, None, now.isoformat())
        home = self.folder / "tables" / name
        home.mkdir(parents=True, exist_ok=True)
        merged = merging.merge(
            database,
            item.table,
            columns=schema(item.table, item.extra),
            incoming=item.path,
            parts=self._looked_again(name, lambda now: self._files(now, name)),
            fresh=home / f"{uuid.uuid4().hex}.parquet",
        )
        parts = tuple(path.relative_to(self.folder).as_posix() for path in merged.parts)
        entry = old
        if parts != old.parts:
            for part in set(merged.parts) - {self.folder / part for part in old.parts}:
                settle(part)
            settle(home)
            settle(home.parent)
            newest = merging.newest_fact(database, item.table, merged.parts)
            entry = TableEntry(
                parts,
                sum(pq.read_metadata(path).num_rows for path in merged.parts),
                newest.isoformat() if newest else None,
                now.isoformat(),
                item.extra,
            )
        if not item.quarantined:
            taken = taken_signature(item.table, digests, parts)
            entry = replace(
                entry,
                taken=taken,
                taken_rows=item.read,
                taken_repeated=item.read - item.rows,
            )
        kept = {**manifest.quarantine.get(name, {}), **self._quarantine(name, item)}
        quarantines = {**manifest.quarantine, name: kept} if kept else manifest.quarantine
        fresh = replace(manifest, tables={**manifest.tables, name: entry}, quarantine=quarantines)
        return fresh, merged

    def _quarantine(self, table: str, item: Staged) -> Mapping[str, int]:
        """Keep the bad rows of each file under a name of its content: twice the same is once."""
        kept: dict[str, int] = {}
        home = self.folder / "quarantine" / table
        for bad, digest in item.quarantines:
            home.mkdir(parents=True, exist_ok=True)
            target = home / f"{Path(bad.file).stem.replace(' ', '_')}-{digest[:12]}.csv"
            if not target.exists():  # the same content has been here before
                fresh = target.with_suffix(".new")
                bad.write(fresh)
                settle(fresh)
                fresh.replace(target)
            settle(home)
            settle(home.parent)
            kept[target.relative_to(self.folder).as_posix()] = bad.rows
        return kept


def _contract(table: str) -> Table:
    try:
        return TABLES[table]
    except KeyError:
        raise UnknownTableError(
            f"there is no table {table!r}; there are {', '.join(TABLES)}"
        ) from None


def _silent(table: str, share: float) -> None:
    """Nobody watches."""


def _report(item: Staged) -> TableReport:
    return TableReport(
        table=item.table.name,
        read=item.read,
        repeated=item.read - item.quarantined - item.rows,
        quarantined=item.quarantined,
        ignored_columns=item.ignored,
        faults=item.faults,
        refused=item.refused,
    )
