"""A source through its mapping, as feeds for the lake; what was left out and assumed is told."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from data.lake.feeds import Feed
from data.lake.files import BATCH_ROWS, RowBatch
from data.sources.assumptions import Notes, is_possible, note_assumptions
from data.sources.evaluating import Rows, evaluate
from data.sources.mapping import Into, SourceMapping, joined_columns
from data.sources.patches import KnownRows, patched
from data.sources.raw_files import RawRows, RawTable
from data.sources.recognition import Recognized, almost, recognize
from data.sources.shaping import Shaped, read_sheet, shape, sheet_rows
from data.sources.states import note_states
from data.tables import TABLES

KnownKeys = Callable[[str], Iterable[str]]
Progress = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Used:
    """A file (or database table) that was recognised.

    sheet: which sheet it is. rows: rows read. tables: ours that it gives to.
    """

    file: str
    sheet: str
    rows: int
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """A source after its mapping.

    feeds: rows for the lake. used: what was recognised. unused: other files, each with a hint where
    there is one. left_out: tables that a sheet would give and cannot, and why. assumed: what the
    files do not say and was taken. without_home: rows such as returns of unknown orders.
    """

    feeds: tuple[Feed, ...]
    used: tuple[Used, ...]
    unused: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    without_home: int = 0


def import_tables(
    raw: Sequence[RawTable],
    mapping: SourceMapping,
    base_currency: str,
    known_keys: KnownKeys,
    known_rows: KnownRows,
    progress: Progress | None = None,
) -> Imported:
    """Recognise, read and shape the tables of a source.

    raw: its tables. mapping: what their columns become. base_currency: ISO code of amounts whose
    currency nobody says. known_keys: table -> first key columns of rows that are in the lake.
    known_rows: (table, column, texts it may hold) -> those rows of the lake, as text. progress:
    told the name of each file as it is read.
    """
    found = [(table, recognize(table, mapping)) for table in raw]
    known = [item for _, item in found if item is not None]
    read: dict[str, RawRows] = {}
    for item in known:
        if progress:
            progress(f"reading {item.raw.label}", None)
        read[item.raw.label] = read_sheet(item, joined_columns(mapping.sheets, item.sheet.name))
    notes = Notes()
    shaped = _shaped(known, read, mapping, base_currency, notes)
    plain, homeless = patched(shaped, known_rows)
    digests = {item.raw.label: item.raw.digest for item in known}
    parts = [part for part in without_stand_ins(plain, known_keys) if len(part.data) or part.broken]
    return Imported(
        tuple(_feed(part, digests[part.label]) for part in parts),
        tuple(_used(item, read[item.raw.label], shaped) for item in known),
        tuple(_hint(table, mapping) for table, item in found if item is None),
        tuple(notes.left_out),
        tuple(notes.assumed),
        homeless,
    )


def without_stand_ins(parts: Sequence[Shaped], known_keys: KnownKeys) -> list[Shaped]:
    """Rows that only stand in for master data (a product as an order names it) where there is none.

    parts: all rows. known_keys: table -> first key columns of rows that are in the lake.
    """
    taken: dict[str, set[str]] = {}
    for part in parts:
        if not part.into.stand_in:
            taken.setdefault(part.into.table, set()).update(_first_key(part).dropna())
    kept = []
    for part in parts:
        if part.into.stand_in:
            known = taken.setdefault(part.into.table, set()) | set(known_keys(part.into.table))
            new = ~_first_key(part).isin(known).to_numpy()
            part = replace(part, rows=part.rows[new], data=part.data[new].reset_index(drop=True))
            taken[part.into.table] |= set(_first_key(part).dropna())
        kept.append(part)
    return kept


def _first_key(part: Shaped) -> "pd.Series[str]":
    return part.data[TABLES[part.into.table].key[0]]


def _used(item: Recognized, rows: RawRows, shaped: Sequence[Shaped]) -> Used:
    tables = (part.into.table for part in shaped if part.label == item.raw.label)
    return Used(item.raw.label, item.sheet.name, len(rows.numbers), tuple(dict.fromkeys(tables)))


def _hint(table: RawTable, mapping: SourceMapping) -> str:
    near = almost(table, mapping)
    return f"{table.label} ({near})" if near else table.label


def _shaped(
    known: Sequence[Recognized],
    read: Mapping[str, RawRows],
    mapping: SourceMapping,
    base_currency: str,
    notes: Notes,
) -> list[Shaped]:
    """Facts first: what they say of currency and time holds for lists that say nothing of it."""
    others = _by_sheet(known, read)
    constants = {**mapping.defaults}
    constants["currency"] = constants["currency"] or base_currency
    constants["warehouse"] = constants["warehouse"] or _only_warehouse(known, read) or "main"
    shaped: list[Shaped] = []
    for are_facts in (True, False):
        for item in known:
            parts = tuple(
                into
                for into in item.sheet.into
                if _is_fact(into) is are_facts and is_possible(into, item, others, constants, notes)
            )
            raw = read[item.raw.label]
            note_assumptions(parts, item, raw.data, constants, mapping.defaults, notes)
            chosen = replace(item, sheet=item.sheet.model_copy(update={"into": parts}))
            rows = sheet_rows(chosen, raw, constants, others)
            note_states(parts, item.raw.label, rows, notes)
            shaped += shape(chosen, raw, rows)
        constants["counted_at"] = constants["counted_at"] or _newest(shaped) or ""
        constants["currency"] = (
            mapping.defaults["currency"] or _only_currency(shaped) or base_currency
        )
    return shaped


def _by_sheet(
    known: Sequence[Recognized], read: Mapping[str, RawRows]
) -> Mapping[str, pd.DataFrame]:
    """The rows of each sheet, of all its files."""
    names = dict.fromkeys(item.sheet.name for item in known)
    return {
        name: pd.concat([read[item.raw.label].data for item in known if item.sheet.name == name])
        for name in names
    }


def _is_fact(into: Into) -> bool:
    """True for tables whose rows have times of their own."""
    counted = any(part == "$counted_at" for part in into.columns.values())
    return bool(TABLES[into.table].clock) and not counted and into.table != "customers"


def _only_currency(shaped: Sequence[Shaped]) -> str | None:
    """The currency of all facts; None where they have none or several."""
    found = {
        str(currency)
        for part in shaped
        if "currency" in part.data
        for currency in part.data["currency"].dropna().unique()
    }
    return found.pop() if len(found) == 1 else None


def _only_warehouse(known: Sequence[Recognized], read: Mapping[str, RawRows]) -> str | None:
    """The one place that stock is said to lie in; None where none or several are said."""
    places: set[str] = set()
    for item in known:
        for into in item.sheet.into:
            if into.table == "stock" and into.columns["warehouse_id"] != "$warehouse":
                rows = Rows(read[item.raw.label].data, {"warehouse": ""})
                places |= set(evaluate(into.columns["warehouse_id"], rows, "id").dropna())
    return places.pop() if len(places) == 1 else None


def _newest(shaped: Sequence[Shaped]) -> str | None:
    """The newest time among the facts, as text."""
    found: list[pd.Timestamp] = []
    for part in shaped:
        clock = TABLES[part.into.table].known_at
        if clock is not None and clock in part.data and not part.into.patch:
            times = pd.to_datetime(part.data[clock], format="ISO8601", utc=True, errors="coerce")
            found += [times.max()] if times.notna().any() else []
    return max(found).isoformat().replace("+00:00", "Z") if found else None


def _feed(part: Shaped, digest: Callable[[], str]) -> Feed:
    table = pa.table(
        {str(name): pa.array(part.data[name], pa.string()) for name in part.data.columns}
    )

    def batches(columns: Sequence[str]) -> Iterator[RowBatch]:
        chosen = table.select(list(columns))
        for start in range(0, len(chosen), BATCH_ROWS):
            rows = chosen.slice(start, BATCH_ROWS)
            yield RowBatch(np.arange(start + 1, start + 1 + len(rows)), rows)
        if part.broken:
            # Negated: these bear the file's own numbers, the rows above are counted through.
            lines = tuple(replace(line, row=-line.row) for line in part.broken)
            yield RowBatch(np.array([], dtype=np.int64), chosen.slice(0, 0), lines)

    return Feed(part.into.table, part.label, tuple(table.column_names), digest, batches, part.rows)
