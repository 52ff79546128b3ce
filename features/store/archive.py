"""The offline rows of the views: one Parquet file each, sorted by key and time, replaced whole.

A file holds one row for each key and event_timestamp. A writer holds the lock; readers need none:
they see the file as it was before a change or as it is after it.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.shared_folder import SharedFolder
from data.views import View
from features.store.columns import TIME, StoreError, micros, schema

UNIQUE_BY = b"argosy.unique_by"
_NOTE = "materialized.json"


class Archive:
    """The offline files under one folder: `<folder>/<view>/rows.parquet`.

    folder: where they lie; shared: where it is this machine's copy of what machines share, the
    original.
    """

    def __init__(self, folder: Path, shared: SharedFolder | None = None) -> None:
        self.folder = folder
        self._shared = shared

    def refresh(self) -> None:
        """What other machines wrote is here, to a second; nothing to do in a folder of our own."""
        if self._shared is not None:
            self._shared.refresh()

    def path(self, view: View) -> Path:
        """Where the rows of a view are."""
        return self.folder / view.name / "rows.parquet"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One writer at a time, across processes and machines; waits for its turn."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with self._shared.writing() if self._shared is not None else nullcontext():
                yield

    def rows(self, view: View) -> pa.Table:
        """All rows; empty when there is no file yet."""
        self.refresh()
        if not self.path(view).exists():
            return schema(view).empty_table()
        with _readable(self.path(view)):
            return _aligned(view, pq.read_table(self.path(view)))

    def count(self, view: View) -> int:
        """How many rows there are."""
        self.refresh()
        path = self.path(view)
        with _readable(path):
            return pq.read_metadata(path).num_rows if path.exists() else 0

    def first(self, view: View) -> pa.Table:
        """The keys of the first row, if there is one."""
        with pq.ParquetFile(self.path(view)) as file:
            return file.read_row_group(0, columns=list(view.keys)).slice(0, 1)

    def create(self, view: View) -> None:
        """An empty file where there is none, for Feast wants its sources to be there; one of former
        columns in those of today, for a join reads the files as they are."""
        self.refresh()
        if not self._is_current(view):
            self._write(self.path(view), _marked(view, self.rows(view)))

    def _is_current(self, view: View) -> bool:
        """Whether there is a file, with the columns that the view declares today."""
        path = self.path(view)
        with _readable(path):
            return path.exists() and pq.read_schema(path).names == schema(view).names

    def replace(self, view: View, rows: pa.Table, as_of: datetime) -> None:
        """Put `rows` (none later than as_of) in place of all rows up to as_of; keep later ones.

        view: the view's contract.
        """
        query = f"""
            select * from stored where {TIME} > make_timestamptz({micros(as_of)})
            union all by name select * from fresh"""
        self._change(view, query, rows)

    def upsert(self, view: View, rows: pa.Table) -> None:
        """Add rows; a row with the key and time of a stored one takes its place.

        view: the view's contract.
        """
        query = f"""
            select * from stored anti join fresh using ({_names(*view.keys, TIME)})
            union all by name select * from fresh"""
        self._change(view, query, rows)

    def erase(self, view: View, key: str, value: str) -> int:
        """Delete the rows with this value of a key; how many there were.

        view: the view's contract.
        """
        before = self.count(view)
        kept = self.rows(view).filter(pc.not_equal(pc.field(key), value))
        if kept.num_rows == before:
            return 0
        self._change(view, "select * from fresh", kept)
        return before - int(kept.num_rows)

    def history(
        self,
        view: View,
        as_of: datetime,
        since: datetime | None = None,
        only: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """Rows with since <= event_timestamp <= as_of, by key and time; `only` of these keys.

        view: the view's contract.
        """
        self.refresh()
        if not self.path(view).exists():
            return schema(view).empty_table()
        within = pc.field(TIME) <= _scalar(as_of)
        if since is not None:
            within &= pc.field(TIME) >= _scalar(since)
        for name, value in (only or {}).items():
            within &= pc.field(name) == value
        with _readable(self.path(view)):
            return _aligned(view, pq.read_table(self.path(view), filters=within))

    def latest(self, view: View, as_of: datetime) -> pa.Table:
        """The newest row of each key at or before as_of; without those older than the ttl.

        view: the view's contract.
        """
        return self._newest(view, self.history(view, as_of, as_of - view.ttl if view.ttl else None))

    def newest(self, view: View, keys: pa.Table | None = None) -> pa.Table:
        """The newest row of each key, or of the keys given, whatever its time.

        view: the view's contract.
        """
        rows = self.rows(view)
        if keys is not None:
            with engine() as duck:
                duck.register("rows", rows)
                duck.register("keys", keys)
                found = duck.sql(f"from rows semi join keys using ({_names(*view.keys)})")
                rows = found.to_arrow_table().cast(schema(view))
        return self._newest(view, rows)

    def _newest(self, view: View, rows: pa.Table) -> pa.Table:
        latest = f"select {_names(*view.keys)}, max({TIME}) as {TIME} from rows group by all"
        with engine() as duck:
            duck.register("rows", rows)
            found = duck.sql(
                f"select rows.* from rows semi join ({latest}) using ({_names(*view.keys, TIME)})"
                f" order by {_names(*view.keys)}"
            )
            return found.to_arrow_table().cast(schema(view))

    def gone(self, view: View) -> pa.Table:
        """Keys that earlier changes left without a row, until `settle`."""
        file = self._gone_file(view)
        keys = schema(view).empty_table().select(list(view.keys))
        return keys if not file.exists() else pq.read_table(file)

    def settle(self, view: View) -> None:
        """The online store no longer holds the keys that are gone."""
        if not self._gone_file(view).exists():
            return
        if self._shared is not None:
            self._shared.commit({self._name(self._gone_file(view)): None})
        self._gone_file(view).unlink()

    def note(self) -> str | None:
        """What `keep_note` kept; None where there is nothing."""
        self.refresh()
        try:
            return (self.folder / _NOTE).read_text()
        except FileNotFoundError:
            return None

    def keep_note(self, text: str) -> None:
        """Keep a text beside the views, whole or not at all."""
        draft = (self.folder / _NOTE).with_suffix(".part")
        draft.write_text(text)
        self._put(self.folder / _NOTE, draft)

    def _write(self, path: Path, table: pa.Table) -> None:
        """Write a file, whole or not at all, for every machine."""
        if self._shared is None:
            write_file(path, table)
            return
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        write_file(draft, table)
        self._put(path, draft)

    def _put(self, path: Path, draft: Path) -> None:
        if self._shared is not None:
            self._shared.commit({self._name(path): draft})
        else:
            draft.replace(path)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def stamp(self, view: View) -> str:
        """Changes whenever the file does."""
        self.refresh()
        try:
            status = self.path(view).stat()
        except FileNotFoundError:
            return "none"
        return f"{status.st_ino:x}.{status.st_mtime_ns:x}.{status.st_size:x}"

    def _gone_file(self, view: View) -> Path:
        return self.path(view).with_name("gone.parquet")

    def _change(self, view: View, query: str, fresh: pa.Table) -> None:
        stored = self.rows(view)
        with engine() as duck:
            duck.register("stored", stored)
            duck.register("fresh", fresh)
            ordered = f"select * from ({query}) order by {_names(*view.keys, TIME)}"
            rows = duck.sql(ordered).to_arrow_table().cast(schema(view))
            if self._is_current(view) and rows.equals(stored):
                return
            duck.register("rows", rows)
            duck.register("gone", self.gone(view))
            keys = _names(*view.keys)
            gone = duck.sql(
                f"select distinct {keys} from (select {keys} from stored union all from gone)"
                f" anti join rows using ({keys})"
            ).to_arrow_table()
        # First the keys, then the rows: a crash in between leaves keys that are not gone in the
        # list, and who clears the online store looks at the rows again.
        if gone.num_rows:
            self._write(self._gone_file(view), gone)
        self._write(self.path(view), _marked(view, rows))


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a DuckDB in memory: times are UTC, nothing is fetched from the network."""
    with _database(os.getpid()).cursor() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """One a process: opening it takes longer than most questions; a forked one cannot be used."""
    return duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "temp_directory": str(Path(tempfile.gettempdir()) / "argosy-duckdb"),
            "enable_external_file_cache": "false",  # it takes a file replaced at once for the old
        }
    )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """StoreError for a file that is no Parquet any more."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise StoreError(
            f"{path} cannot be read: {str(error).splitlines()[0]}. Remove its folder and run "
            "argosy materialize: it is made from the lake again"
        ) from error


def _names(*names: str) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _scalar(moment: datetime) -> pa.Scalar:
    return pa.scalar(micros(moment), pa.timestamp("us", tz="UTC"))


def _aligned(view: View, table: pa.Table) -> pa.Table:
    """Stored rows in the columns the view declares today; a new feature is unknown."""
    columns = []
    for column in schema(view):
        if column.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, column.type))
        elif table[column.name].type.equals(column.type):
            columns.append(table[column.name])
        else:
            raise StoreError(
                f"view {view.name}: {column.name} is stored as {table[column.name].type}, but is "
                f"declared {column.type}; remove the view's folder and materialize again"
            )
    return pa.table(columns, schema(view))


def _marked(view: View, rows: pa.Table) -> pa.Table:
    """Rows with the note that no two share key and time, which spares a join looking for them."""
    return rows.replace_schema_metadata({UNIQUE_BY: ",".join((*view.keys, TIME)).encode()})


def write_file(path: Path, table: pa.Table) -> None:
    """A file is there whole or not at all.

    path: the file; table: its rows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            pq.write_table(table, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
