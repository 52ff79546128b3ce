"""One person in the lake: what is kept of them, and how they are taken out of it."""

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.lake.lake import Lake
from data.lake.manifest import Manifest, TableEntry, settle
from data.possible_ids import texts_in
from data.tables import TABLES

_OF_VISITORS = {"events"}  # whose rows may name a visitor and no customer
_PERSONAL = {name: table.personal for name, table in TABLES.items() if table.erasure}


def linked_visitors(lake: Lake, customer_id: str) -> frozenset[str]:
    """The visitors that the lake says are this customer.

    lake: the merchant's tables; customer_id: whose visitors.
    """
    links = lake.read("identities", where={"customer_id": [customer_id]})
    return frozenset(str(name) for name in links["visitor_id"])


def possible_ids(lake: Lake) -> Iterator[str]:
    """Every text of the lake that may name a customer or a visitor; some stand several times.

    lake: the merchant's tables.
    """
    for name, table in TABLES.items():
        columns = [each for each in ("customer_id", "visitor_id") if each in table.names]
        rows = lake.read(name, columns=columns) if columns else pd.DataFrame()
        for column in columns:
            yield from (str(value) for value in rows[column].dropna().unique())
        for record in lake.quarantine(name)["record"].dropna():
            yield from texts_in(str(record))


def traces(
    lake: Lake, customer_id: str, visitors: Collection[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Every row of the customer by table, without the fields that are empty.

    lake: the merchant's tables; customer_id: whose rows; visitors: who the customer was before
    signing in.
    """
    found = {}
    for table in _PERSONAL:
        rows = lake.read(table)
        mine = rows["customer_id"] == customer_id
        if table in _OF_VISITORS and visitors:
            mine |= rows["customer_id"].isna() & rows["visitor_id"].isin(list(visitors))
        own = rows[mine]
        found[table] = [
            {str(name): value for name, value in row.items() if not pd.isna(value)}
            for row in own.to_dict("records")
        ]
    return found


def erase(
    lake: Lake,
    customer_id: str,
    hashed: Callable[[str], str],
    visitors: Collection[str] = (),
) -> dict[str, int]:
    """Take a customer out of every file of the lake; table -> rows deleted or hashed.

    The files that held them are gone when it returns; so are quarantined rows that name them. Of
    rows that are kept, the merchant's own columns (`x_…`) are emptied.

    customer_id: whose rows; visitors: who the customer was before signing in.
    """
    with lake.writing():
        manifest = lake.manifest()
        fresh, counts = manifest, dict[str, int]()
        old: list[Path] = []
        for table in _PERSONAL:
            entry = manifest.tables.get(table)
            if entry is not None:
                changed, rows, gone = _rewritten(
                    lake.folder, table, entry, (customer_id, *visitors), hashed
                )
                fresh = replace(fresh, tables={**fresh.tables, table: changed})
                counts[table], old = rows, [*old, *gone]
        counts["quarantine"] = sum(
            _clean_quarantine(lake.folder, manifest, name) for name in (customer_id, *visitors)
        )
        if old or counts["quarantine"]:
            lake.put_in_force(fresh)
            for path in old:
                path.unlink(missing_ok=True)
    return {table: rows for table, rows in counts.items() if rows}


def _rewritten(
    folder: Path,
    table: str,
    entry: TableEntry,
    names: Sequence[str],
    hashed: Callable[[str], str],
) -> tuple[TableEntry, int, list[Path]]:
    parts, total = list[str](), 0
    gone: list[Path] = []
    for part in entry.parts:
        path = folder / part
        rows = pq.read_table(path)
        own = pc.fill_null(pc.equal(rows["customer_id"], names[0]), False)
        if table in _OF_VISITORS and "visitor_id" in rows.column_names:
            visits = pc.is_in(rows["visitor_id"], pa.array(names[1:], pa.string()))
            own = pc.or_(own, pc.and_(pc.is_null(rows["customer_id"]), visits))
        count = pc.sum(own).as_py() or 0
        if not count:
            parts.append(part)
            continue
        changed = (
            rows.filter(pc.invert(own))
            if TABLES[table].erasure == "delete"
            else _hashed(rows, own, _PERSONAL[table], hashed)
        )
        draft = path.with_name(f"{uuid.uuid4().hex}.parquet")
        pq.write_table(changed, draft)
        settle(draft)
        settle(draft.parent)
        parts.append(draft.relative_to(folder).as_posix())
        total, gone = total + count, [*gone, path]
    left = sum(pq.read_metadata(folder / part).num_rows for part in parts)
    return replace(entry, parts=tuple(parts), rows=left), total, gone


def _hashed(
    rows: pa.Table, own: pa.ChunkedArray, columns: tuple[str, ...], hashed: Callable[[str], str]
) -> pa.Table:
    for name in columns:
        if name in rows.column_names:
            values = rows[name].to_pylist()
            flags = own.to_pylist()
            fresh = [
                hashed(value) if mine and value is not None else value
                for value, mine in zip(values, flags, strict=True)
            ]
            place = rows.column_names.index(name)
            rows = rows.set_column(place, rows.schema.field(place), pa.array(fresh, pa.string()))
    for place, field in enumerate(rows.schema):
        if field.name.startswith("x_"):
            emptied = pc.if_else(own, pa.scalar(None, field.type), rows[field.name])
            rows = rows.set_column(place, field, emptied)
    return rows


def _clean_quarantine(folder: Path, manifest: Manifest, customer_id: str) -> int:
    """Drop quarantined rows in which the id stands."""
    dropped = 0
    for name in {file for kept in manifest.quarantine.values() for file in kept}:
        path = folder / name
        if not path.exists():
            continue
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        own = rows["record"].str.contains(f'"{customer_id}"', regex=False)
        if own.any():
            dropped += int(own.sum())
            draft = path.with_suffix(".new")
            rows[~own].to_csv(draft, index=False)
            settle(draft)
            draft.replace(path)
    return dropped
