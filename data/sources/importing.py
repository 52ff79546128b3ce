"""A source through its mapping, as feeds for the lake: what was recognised, read, shaped, left out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from data.lake.files import BATCH_ROWS, Batch
from data.lake.feeds import Feed
from data.sources.evaluating import Rows, evaluate
from data.sources.mapping import Into, SourceMapping, headers_of
from data.sources.patches import patched
from data.sources.raw_files import RawRows, RawTable
from data.sources.recognition import Recognized, almost, recognize
from data.sources.shaping import Shaped, read_sheet, shape
from data.tables import TABLES


KnownKeys = Callable[[str], Iterable[str]]


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


@dataclass
class _Notes:
    """What is told besides the rows, in the order in which it was met, each once."""

    left_out: dict[str, None] = field(default_factory=dict)
    assumed: dict[str, None] = field(default_factory=dict)


def import_tables(
    raw: Sequence[RawTable],
    mapping: SourceMapping,
    base_currency: str,
    known_keys: KnownKeys,
    progress: Callable[[str, float | None], None] | None = None,
) -> Imported:
    """Recognise, read and shape the tables of a source.

    raw: its tables. mapping: what their columns become. base_currency: ISO code of amounts whose
    currency nobody says. known_keys: table -> first key columns of rows that are in the lake already.
    progress: told the name of each file as it is read.
    """
    found = [(table, recognize(table, mapping)) for table in raw]
    unused = [_hint(table, mapping) for table, known in found if known is None]
    known = [known for _, known in found if known is not None]
    read: dict[str, RawRows] = {}
    for item in known:
        if progress:
            progress(f"reading {item.raw.label}", None)
        read[item.raw.label] = read_sheet(item)
    notes = _Notes()
    shaped = _all_shaped(known, read, mapping, base_currency, notes)
    plain, homeless = patched(shaped)
    digests = {item.raw.label: item.raw.digest for item in known}
    feeds = [
        _feed(part, digests[part.label])
        for part in _without_stand_ins(plain, known_keys)
        if len(part.data) or part.broken
    ]
    used = [
        Used(
            item.raw.label,
            item.sheet.name,
            len(read[item.raw.label].numbers),
            tuple(dict.fromkeys(part.into.table for part in shaped if part.label == item.raw.label)),
        )
        for item in known
    ]
    return Imported(
        tuple(feeds),
        tuple(used),
        tuple(unused),
        tuple(notes.left_out),
        tuple(notes.assumed),
        homeless,
    )


def _hint(table: RawTable, mapping: SourceMapping) -> str:
    near = almost(table, mapping)
    return f"{table.label} ({near})" if near else table.label


def _all_shaped(
    known: Sequence[Recognized],
    read: Mapping[str, RawRows],
    mapping: SourceMapping,
    base_currency: str,
    notes: _Notes,
) -> list[Shaped]:
    """Facts first: what they say of currency and time holds for lists that say nothing of it."""
    others: dict[str, pd.DataFrame] = {}
    for item in known:
        rows = read[item.raw.label].data
        before = others.get(item.sheet.name)
        others[item.sheet.name] = rows if before is None else pd.concat([before, rows])
    values = {**mapping.defaults}
    values["currency"] = values["currency"] or base_currency
    values["warehouse"] = values["warehouse"] or _only_warehouse(known, read) or "main"
    shaped: list[Shaped] = []
    for are_facts in (True, False):
        for item in known:
            parts = [
                into
                for into in item.sheet.into
                if _is_fact(into) is are_facts and _possible(into, item, others, values, notes)
            ]
            sheet = item.sheet.model_copy(update={"into": tuple(parts)})
            _assume(parts, item, read[item.raw.label].data, values, mapping, notes)
            shaped += shape(replace(item, sheet=sheet), read[item.raw.label], values, others)
        values["counted_at"] = values["counted_at"] or _newest(shaped) or ""
        values["currency"] = mapping.defaults["currency"] or _only_currency(shaped) or base_currency
    return shaped


def _is_fact(into: Into) -> bool:
    """True for tables whose rows have times of their own."""
    counted = "$counted_at" in into.columns.values()
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


def _possible(
    into: Into,
    item: Recognized,
    others: Mapping[str, pd.DataFrame],
    values: Mapping[str, str],
    notes: _Notes,
) -> bool:
    """True if the file has something for every column that the table needs."""
    table = TABLES[into.table]
    needed = into.match if into.patch else table.required
    for name in needed:
        specification = into.columns[name]
        names = list(headers_of(specification))
        constant = _has_constant(specification, values)
        if constant or not names or any(_is_there(one, item, others) for one in names):
            if constant or names:
                continue
        if isinstance(specification, str) and specification.startswith("$"):
            remedy = f"say --set {specification[1:]}=…"
        else:
            remedy = f"it needs the column {' or '.join(dict.fromkeys(names))}"
        notes.left_out[f"{into.table} from the {item.sheet.name}: {name} is not known; {remedy}"] = None
        return False
    return True


def _is_there(name: str, item: Recognized, others: Mapping[str, pd.DataFrame]) -> bool:
    sheet, dot, column = name.partition(".")
    if dot and sheet == "item":
        return True
    if dot and sheet in {join.sheet for join in item.sheet.joins}:
        return sheet in others and column in others[sheet]
    return item.header.find(name) is not None


def _has_constant(specification: object, values: Mapping[str, str]) -> bool:
    from data.sources.mapping import Expression

    if isinstance(specification, str):
        return specification.startswith("$") and bool(values.get(specification[1:]))
    if isinstance(specification, Expression):
        parts = (*specification.from_, *specification.join)
        return specification.value is not None or any(_has_constant(p, values) for p in parts)
    return any(_has_constant(part, values) for part in specification)  # type: ignore[attr-defined]  # a list


def _assume(
    parts: Sequence[Into],
    item: Recognized,
    data: pd.DataFrame,
    values: Mapping[str, str],
    mapping: SourceMapping,
    notes: _Notes,
) -> None:
    """Tell which values of `$name` are taken where the file says nothing."""
    if item.sheet.note:
        notes.assumed[f"{item.raw.label}: {item.sheet.note}"] = None
    for into in parts:
        for name, specification in into.columns.items():
            for value in _values_in(specification):
                others = [one for one in headers_of(specification) if item.header.find(one)]
                if not others and not mapping.defaults.get(value) and values.get(value):
                    notes.assumed[
                        f"{into.table}.{name} is {values[value]} in {item.raw.label} "
                        f"(say --set {value}=… if it is another)"
                    ] = None
        if _has_local_times(into, data):
            notes.assumed[
                f"times that name no zone are {values['time_zone']} "
                "(say --set time_zone=Europe/Berlin or the like if they are of another)"
            ] = None


def _has_local_times(into: Into, data: pd.DataFrame) -> bool:
    """True if some time of the file names no zone."""
    table = TABLES[into.table]
    names = [
        header
        for name, specification in into.columns.items()
        if name in table.names and table.column(name).kind == "time"
        for header in headers_of(specification)
        if header in data
    ]
    zoned = r"(?:[zZ]|[+-]\d\d:?\d\d|[A-Z]{3,5})$"
    return any(
        not data[name].dropna().astype(str).str.strip().str.contains(zoned, regex=True).all()
        for name in names
    )


def _values_in(specification: object) -> Iterator[str]:
    from data.sources.mapping import Expression

    if isinstance(specification, str):
        if specification.startswith("$"):
            yield specification[1:]
    elif isinstance(specification, Expression):
        for part in (*specification.from_, *specification.join):
            yield from _values_in(part)
    else:
        for part in specification:  # type: ignore[attr-defined]  # a list
            yield from _values_in(part)


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


def _without_stand_ins(parts: Sequence[Shaped], known_keys: KnownKeys) -> list[Shaped]:
    """Rows that only stand in for master data (a product as an order names it) where there is none.

    parts: all rows. known_keys: asks the lake.
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


def _feed(part: Shaped, digest: Callable[[], str]) -> Feed:
    table = pa.table(
        {str(name): pa.array(part.data[name], pa.string()) for name in part.data.columns}
    )

    def batches(columns: Sequence[str]) -> Iterator[Batch]:
        chosen = table.select(list(columns))
        for start in range(0, len(chosen), BATCH_ROWS):
            rows = chosen.slice(start, BATCH_ROWS)
            yield Batch(np.arange(start + 1, start + 1 + len(rows)), rows)
        if part.broken:
            lines = tuple(replace(line, row=-line.row) for line in part.broken)
            yield Batch(np.array([], dtype=np.int64), chosen.slice(0, 0), lines)

    return Feed(
        part.into.table, part.label, tuple(table.column_names), digest, batches, part.rows
    )
