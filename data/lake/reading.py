"""A table as it was known at a time: pure functions from rows at rest to a frame."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import and_
from types import MappingProxyType

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.extensions import ExtensionDtype

from data.tables import Table

# What an empty field means, where it means something.
DEFAULTS: Mapping[str, Mapping[str, str | float]] = MappingProxyType(
    {
        "orders": {"status": "placed", "discount": 0.0},
        "supply_terms": {
            "pack_size": 1.0,
            "min_order_quantity": 0.0,
            "review_period_days": 7.0,
            "lead_time_sd": 0.0,
            "duty_rate": 0.0,
            "freight_per_unit": 0.0,
        },
    }
)


def wanted(
    table: Table, as_of: datetime | None, where: Mapping[str, Collection[str]]
) -> pc.Expression | None:
    """Rows known at a time whose columns hold one of the texts given; None: all.

    A row without its time was known from the start.
    """
    parts = [
        pc.field(name).isin(pa.array(list(texts), pa.string())) for name, texts in where.items()
    ]
    if as_of is not None and table.known_at is not None:
        known = pc.field(table.known_at)
        parts.append((known <= _scalar(as_of)) | known.is_null())
    return reduce(and_, parts) if parts else None


def as_known(table: Table, rows: pa.Table, as_of: datetime | None) -> pa.Table:
    """What became known only later is empty."""
    if as_of is None:
        return rows
    for moment, columns in table.later.items():
        if moment not in rows.column_names:
            continue
        later = pc.fill_null(pc.greater(rows[moment], _scalar(as_of)), False)
        for name in (name for name in columns if name in rows.column_names):
            place = rows.column_names.index(name)
            rows = rows.set_column(place, name, pc.if_else(later, None, rows[name]))
    return rows


def needed(table: Table, columns: Sequence[str], as_of: datetime | None) -> list[str]:
    """The columns to read so that `columns` can be given as of a time."""
    names = list(columns)
    if as_of is not None:
        names += [moment for moment, late in table.later.items() if set(late) & set(columns)]
    if table.name == "orders" and "market" in columns:
        names.append("warehouse_id")
    return list(dict.fromkeys(names))


def frame(rows: pa.Table, *, arrow_text: bool = False) -> pd.DataFrame:
    """As a frame: text as object with None (or as Arrow's), times in ns UTC, numbers float64, flags
    boolean."""
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
    """
    filled = {
        name: found[name].fillna(value)
        for name, value in DEFAULTS.get(table.name, {}).items()
        if name in found
    }
    if table.name == "orders" and "market" in found and found["market"].isna().any():
        homes = found["warehouse_id"].map(lambda name: countries.get(name))
        filled["market"] = found["market"].mask(found["market"].isna(), homes)
    return found.assign(**filled)


def _scalar(moment: datetime) -> pa.Scalar:
    return pa.scalar(moment, type=pa.timestamp("us", tz="UTC"))
