"""A source into the lake: files or a database, as our own tables or through a mapping."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from data.lake import Lake, RefusedError, StructureError
from data.lake.reports import IngestReport
from data.lake.text_format import UNPACK, is_packed
from data.sources.database_tables import DatabaseReading
from data.sources.databases import connected
from data.sources.importing import Imported, Used, import_tables
from data.sources.loading import load_mapping, preset_names, with_values
from data.sources.locations import Address, SourceError, files_of, local_folder
from data.sources.mapping import Into, Sheet, SourceMapping
from data.sources.raw_files import SUFFIXES, RawFileError, RawTable, raw_tables
from data.sources.recognition import recognize
from data.sources.watermarks import Watermarks
from data.tables import TABLES, Table

# Faults of values that --set makes readable.
WRITTEN_OTHERWISE = frozenset(
    ["a decimal comma", "parted thousands", "a time with no zone", "not a time"]
)
Progress = Callable[[str, float | None], None]


@dataclass(frozen=True)
class SourceReport:
    """What became of a source.

    ingest: what the lake says, table by table. used, left_out, assumed, without_home: as in
    `Imported`; empty where the files were our own tables already.
    """

    ingest: IngestReport
    used: tuple[Used, ...] = ()
    left_out: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    without_home: int = 0


def ingest_source(
    lake: Lake,
    address: Address,
    *,
    mapping: str | None,
    values: Mapping[str, str],
    base_currency: str,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> SourceReport:
    """Put a source into the lake.

    lake: where to. address: what. mapping: a preset's name or a TOML file; None: the tables are
    ours already. values: of `$name` in the mapping, or how our own tables are written.
    base_currency: of amounts without currency. dry_run: True to change nothing. progress: told
    what is being done.

    Raises MappingError, SourceError, RawFileError, StructureError or RefusedError.
    """
    known = load_mapping(mapping, values) if mapping else own_tables(values)
    if address.is_database:
        return _from_database(lake, address, known, base_currency, dry_run, progress)
    with local_folder(address) as path:
        if not mapping and not values:
            return SourceReport(_own_files(lake, address, path, dry_run, progress))
        raw = [
            table if mapping else _named_for_its_table(table, label)
            for file, label in files_of(path)
            if file.suffix.lower() in SUFFIXES
            for table in raw_tables(file, label)
        ]
        if not raw:
            raise SourceError(
                f"{address.text} holds no file that can be read; {_readable()}"
                + "".join(f"\n  {other}" for other in _unread(path))
            )
        found = _imported(lake, raw, known, base_currency, progress)
        found = replace(found, unused=(*found.unused, *_unread(path)))
        return _taken(lake, found, dry_run, progress)


def _unread(path: Path) -> list[str]:
    """Names of the files of no kind that is read."""
    return [
        f"{label} ({UNPACK})" if is_packed(file) else label
        for file, label in files_of(path)
        if file.suffix.lower() not in SUFFIXES
    ]


def own_tables(values: Mapping[str, str]) -> SourceMapping:
    """The mapping of a source whose tables are ours already, column by column.

    values: what --set says of how they are written. Raises MappingError.
    """
    sheets = tuple(
        Sheet(
            name=table.name,
            from_=table.name,
            has=table.required,
            into=(Into(table=table.name, columns={name: name for name in table.names}),),
        )
        for table in TABLES.values()
    )
    return with_values(SourceMapping(title="own tables", sheets=sheets), values, label="--set")


def _named_for_its_table(raw: RawTable, label: str) -> RawTable:
    """A raw table under the name of our table whose folder it is in: `orders/2024.csv`."""
    folder = label.partition("/")[0]
    return replace(raw, name=folder) if folder in TABLES else raw


def fitting_preset(raw: list[RawTable]) -> str | None:
    """The preset that recognises most of the tables; None where none does."""
    fits = {
        name: sum(recognize(table, load_mapping(name)) is not None for table in raw)
        for name in preset_names()
    }
    best = max(fits, key=lambda name: fits[name])
    return best if fits[best] else None


def _own_files(
    lake: Lake, address: Address, path: Path, dry_run: bool, progress: Progress | None
) -> IngestReport:
    """Our own tables; where they are not, the preset that would fit is named."""
    try:
        return lake.ingest(path, progress=progress, dry_run=dry_run)
    except StructureError as error:
        preset = _preset_of_files(path)
        if preset is None:
            raise
        raise StructureError(
            f"{error}\nThese look like exports of another system: "
            f"argosy ingest {address.text} --map {preset} --dry-run"
        ) from error
    except RefusedError as error:
        if not any(fault.reason in WRITTEN_OTHERWISE for fault in error.report.faults):
            raise
        raise RefusedError(
            error.report,
            f"Or say how they are written: argosy ingest {address.text} "
            "--set time_zone=Europe/Berlin (--set decimal=, and --set date_order=dmy where the "
            "files do not show it)",
        ) from error


def _preset_of_files(path: Path) -> str | None:
    raw: list[RawTable] = []
    for file, label in files_of(path)[:50]:
        if file.suffix.lower() in SUFFIXES:
            try:
                raw += raw_tables(file, label)
            except RawFileError:  # told by the lake in its own words
                continue
    return fitting_preset(raw) if raw else None


def _from_database(
    lake: Lake,
    address: Address,
    mapping: SourceMapping,
    base_currency: str,
    dry_run: bool,
    progress: Progress | None,
) -> SourceReport:
    marks = Watermarks(lake)
    with connected(address.text) as engine:
        reading = DatabaseReading(address.text, engine, marks)
        raw = reading.tables(mapping)
        found = _imported(lake, raw, mapping, base_currency, progress)
        report = _taken(lake, found, dry_run, progress)
    if not dry_run:  # only now: what is marked as read is in the lake
        marks.keep(reading.reached)
    return report


def _imported(
    lake: Lake,
    raw: list[RawTable],
    mapping: SourceMapping,
    base_currency: str,
    progress: Progress | None,
) -> Imported:
    def known_keys(table: str) -> list[str]:
        key = TABLES[table].key[0]
        return [str(value) for value in lake.read(table, columns=[key])[key]]

    def known_rows(table: str, column: str, values: Collection[str]) -> pd.DataFrame:
        return as_texts(lake.read(table, where={column: values}), TABLES[table])

    found = import_tables(raw, mapping, base_currency, known_keys, known_rows, progress)
    if not found.used:
        listed = "\n".join(f"  {name}" for name in found.unused)
        preset = fitting_preset(raw)
        hint = f"\nThey look like another system's: --map {preset}" if preset else ""
        raise SourceError(f"{mapping.title}: none of these is one of its exports:\n{listed}{hint}")
    return found


def as_texts(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Rows of the lake as a file would hold them: empty fields None, also where they stand for a
    default.

    rows: as the lake reads them; table: their contract.
    """
    texts = {}
    for name in rows.columns:
        column = rows[name]
        known = column.notna() & (column != table.defaults.get(str(name))).fillna(False)
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif pd.api.types.is_float_dtype(column.dtype):
            column = column.map("{:.10g}".format)
        elif isinstance(column.dtype, pd.BooleanDtype):
            column = column.map({True: "true", False: "false"})
        pairs = zip(column.astype(str), known, strict=True)
        texts[name] = [text if is_known else None for text, is_known in pairs]
    return pd.DataFrame(texts, dtype=object)


def _taken(lake: Lake, found: Imported, dry_run: bool, progress: Progress | None) -> SourceReport:
    taken = lake.take(found.feeds, found.unused, progress=progress, dry_run=dry_run)
    return SourceReport(taken, found.used, found.left_out, found.assumed, found.without_home)


def _readable() -> str:
    return "it reads " + ", ".join(SUFFIXES)
