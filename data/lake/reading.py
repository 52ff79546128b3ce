"""A table as it was known at a time: pure functions from rows at rest to a frame."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import and_

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.extensions import ExtensionDtype

from data.lake.parsing import parse
from data.tables import Table


def wanted(
    table: Table, as_of: datetime | None, where: Mapping[str, Collection[str]]
) -> pc.Expression | None:
    """Rows known at a time whose columns hold one of the texts given; None: all.

    A row without its time was known from the start.

    table: the table's contract; as_of: the time; None: all that is known now; where: column ->
    texts it may hold.
    """
    parts = [
        pc.field(name).isin(pa.array(list(texts), pa.string())) for name, texts in where.items()
    ]
    if as_of is not None and table.known_at is not None:
        known = pc.field(table.known_at)
        parts.append((known <= _scalar(as_of)) | known.is_null())
    return reduce(and_, parts) if parts else None


def as_known(table: Table, rows: pa.Table, as_of: datetime | None) -> pa.Table:
    """The rows without what became known after `as_of`; what follows from other columns filled in.

    rows: columns of the table as at rest, with those that `needed` names.
    """
    rows = _with_keys(table, rows)
    # All moments are compared before one is emptied: a status may hang on two of them.
    late = {} if as_of is None else _late(table, rows, as_of)
    for columns, hidden in late.values():
        for name in columns:
            rows = _replaced(rows, name, pc.if_else(hidden, None, rows[name]))
    for name, sources in table.implied.items():
        for moment, value in sources:
            if {name, moment} <= set(rows.column_names):
                usual = pc.fill_null(pc.equal(rows[name], table.defaults.get(name)), True)
                follows = pc.and_(usual, pc.is_valid(rows[moment]))
                rows = _replaced(rows, name, pc.if_else(follows, value, rows[name]))
    return rows


def _late(
    table: Table, rows: pa.Table, as_of: datetime
) -> dict[str, tuple[list[str], pa.ChunkedArray]]:
    """Time column -> the columns of `rows` that hang on it, and where it lies after `as_of`."""
    return {
        moment: (
            [name for name in columns if name in rows.column_names],
            pc.fill_null(pc.greater(rows[moment], _scalar(as_of)), False),
        )
        for moment, columns in table.later.items()
        if moment in rows.column_names
    }


def _with_keys(table: Table, rows: pa.Table) -> pa.Table:
    """Rows written before a part of the key was declared get that part's default."""
    for name, default in table.optional_key.items():
        if name in rows.column_names and rows[name].null_count:
            filling = parse(table.column(name).kind, pa.array([str(default)])).array[0]
            rows = _replaced(rows, name, pc.fill_null(rows[name], filling))
    return rows


def _replaced(rows: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    place = rows.column_names.index(name)
    return rows.set_column(place, rows.schema.field(place), values)


def needed(table: Table, columns: Sequence[str], as_of: datetime | None) -> list[str]:
    """The columns to read so that `columns` can be given as of a time.

    table: the table's contract; as_of: the time; None: all that is known now.
    """
    names = list(columns)
    if as_of is not None:
        names += [moment for moment, late in table.later.items() if set(late) & set(columns)]
    for name, sources in table.implied.items():
        names += [moment for moment, _ in sources if name in columns]
    if table.name == "orders" and "market" in columns:
        names.append("warehouse_id")
    return list(dict.fromkeys(names))


def frame(rows: pa.Table, *, arrow_text: bool = False) -> pd.DataFrame:
    """Rows at rest as a frame: text as object with None (or as Arrow's), times in ns UTC, numbers
    float64, flags boolean.

    rows: rows at rest; arrow_text: texts as Arrow keeps them, not each an object.
    """
    types: dict[pa.DataType, ExtensionDtype] = {pa.bool_(): pd.BooleanDtype()}
    if arrow_text:
        types[pa.string()] = pd.ArrowDtype(pa.string())
    found: pd.DataFrame = rows.to_pandas(
        types_mapper=types.get,
        coerce_temporal_nanoseconds=True,
        split_blocks=True,
        self_destruct=True,
    )
    return found


def complete(table: Table, found: pd.DataFrame, countries: Mapping[str, str]) -> pd.DataFrame:
    """Empty fields that have a meaning get it.

    countries: of the warehouses; an order's market is its warehouse's country unless it is said.

    table: the table's contract; found: the table as read.
    """
    filled = {
        name: found[name].fillna(value) for name, value in table.defaults.items() if name in found
    }
    if table.name == "orders" and "market" in found and found["market"].isna().any():
        homes = found["warehouse_id"].map(lambda name: countries.get(name))
        filled["market"] = found["market"].mask(found["market"].isna(), homes)
    return found.assign(**filled)


def _scalar(moment: datetime) -> pa.Scalar:
    return pa.scalar(moment, type=pa.timestamp("us", tz="UTC"))
