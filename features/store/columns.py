"""The types of feature values: as Arrow on disk, as pandas in our hands; a frame checked for both.

| declared | Arrow        | pandas                           |
|----------|--------------|----------------------------------|
| float    | double       | float64, unknown = NaN           |
| int      | int64        | Int64                            |
| str      | string       | object: str or None              |
| bool     | bool         | boolean                          |
| float[]  | list<double> | object: list of float or None    |
| str[]    | list<string> | object: list of str or None      |
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import ArgosyError
from data.views import FeatureType, View

TIME = "event_timestamp"
ARROW: Mapping[FeatureType, pa.DataType] = {
    "float": pa.float64(),
    "int": pa.int64(),
    "str": pa.string(),
    "bool": pa.bool_(),
    "float[]": pa.list_(pa.float64()),
    "str[]": pa.list_(pa.string()),
}
_NULLABLE: Mapping[str, Any] = {"float": "Float64", "int": "Int64", "bool": "boolean"}


class StoreError(ArgosyError):
    """The feature store cannot do what was asked."""


class ViewError(StoreError):
    """Rows do not fit the view they are meant for; every fault is in the message."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970: what all times are kept to."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def schema(view: View) -> pa.Schema:
    """The columns of a view's offline file: keys, event_timestamp, features."""
    return pa.schema(
        [
            *(pa.field(key, pa.string()) for key in view.keys),
            pa.field(TIME, pa.timestamp("us", tz="UTC")),
            *(pa.field(name, ARROW[kind]) for name, kind in view.features.items()),
        ]
    )


def to_arrow(view: View, frame: pd.DataFrame, as_of: datetime | None = None) -> pa.Table:
    """A frame as rows of the view, one for each key and time (the last of equals counts).

    Times are kept to the microsecond. Raises ViewError: a missing column, an empty key or time,
    a time without zone or after `as_of`, a value that is not of its declared type.
    """
    missing = [name for name in schema(view).names if name not in frame.columns]
    if missing:
        raise ViewError(f"view {view.name}: the frame lacks the columns {', '.join(missing)}")
    if frame.empty:  # of no rows pandas cannot tell the types
        return schema(view).empty_table()
    faults = [*_key_faults(view, frame), *_time_faults(view, frame, as_of)]
    if faults:
        raise ViewError(f"view {view.name}: " + "; ".join(faults))
    frame = frame.assign(**{TIME: frame[TIME].dt.tz_convert("UTC").dt.as_unit("us")})
    frame = frame.drop_duplicates([*view.keys, TIME], keep="last")
    return pa.table([_column(view, frame, name) for name in schema(view).names], schema(view))


def _key_faults(view: View, frame: pd.DataFrame) -> list[str]:
    return [
        f"key {key} is empty in {int(frame[key].isna().sum())} rows"
        for key in view.keys
        if frame[key].isna().any()
    ]


def _time_faults(view: View, frame: pd.DataFrame, as_of: datetime | None) -> list[str]:
    times = frame[TIME]
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        return [f"{TIME} is {times.dtype}, expected a time with zone (UTC)"]
    if times.isna().any():
        return [f"{TIME} is empty in {int(times.isna().sum())} rows"]
    if as_of is not None and (late := int((times > as_of).sum())):
        return [f"{late} rows are later than {as_of.isoformat()}, newest {times.max().isoformat()}"]
    return []


def _column(view: View, frame: pd.DataFrame, name: str) -> pa.Array:
    kind = view.features.get(name, "str")
    values: Any = frame[name]
    try:
        if name == TIME:
            return pa.array(values, schema(view).field(TIME).type)
        if kind in _NULLABLE:
            return pa.array(pd.array(values, dtype=_NULLABLE[kind]), ARROW[kind])
        array = pa.array(values.astype(object), ARROW[kind], from_pandas=True)
        if kind == "str[]" and array.flatten().null_count:
            raise ValueError("a list holds an empty text")
        return array
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise ViewError(f"view {view.name}, column {name}: not {kind}: {error}") from error


def to_pandas(column: pa.ChunkedArray, kind: FeatureType, *, arrow_text: bool = False) -> Any:
    """A column of declared type as pandas holds it; one value a row, unknown stays unknown.

    kind: the declared type; arrow_text: texts as Arrow keeps them, not each an object.
    """
    if kind == "str" and arrow_text:
        return pd.arrays.ArrowExtensionArray(column)
    column = column.combine_chunks()
    if kind == "float":
        return column.to_numpy(zero_copy_only=False).astype("float64")
    if kind in ("int", "bool"):
        known = pc.is_valid(column).to_numpy(zero_copy_only=False)
        values = pc.fill_null(column, 0 if kind == "int" else False).to_numpy(zero_copy_only=False)
        if kind == "int":
            return pd.arrays.IntegerArray(values.astype("int64"), ~known)
        return pd.arrays.BooleanArray(values.astype(bool), ~known)
    return as_objects(_lists(column) if kind == "float[]" else column.to_pylist())


def as_pandas(values: list[Any], kind: FeatureType) -> Any:
    """Python values, None where unknown, as pandas holds the declared type.

    kind: the declared type.
    """
    if kind == "float":
        return np.array(values, dtype="float64")
    if kind in ("int", "bool"):
        unknown = np.array([value is None for value in values], dtype=bool)
        dtype, array = (
            ("int64", pd.arrays.IntegerArray) if kind == "int" else (bool, pd.arrays.BooleanArray)
        )
        return array(np.array([value or 0 for value in values], dtype=dtype), unknown)
    return as_objects(values)


def as_objects(values: list[Any]) -> Any:
    """An array of Python objects; lists stay whole."""
    return np.fromiter(values, dtype=object, count=len(values))


def _lists(column: pa.ListArray) -> list[list[float] | None]:
    """`to_pylist` for lists of numbers, many times faster; an unknown element is NaN."""
    elements = column.values  # noqa: PD011  # Arrow's, not pandas'
    numbers = elements.to_numpy(zero_copy_only=False).astype("float64").tolist()
    bounds = column.offsets.to_numpy().tolist()
    known = pc.is_valid(column).to_pylist()
    return [
        numbers[start:stop] if there else None
        for start, stop, there in zip(bounds[:-1], bounds[1:], known, strict=True)
    ]


def frame_of(
    view: View,
    table: pa.Table,
    *,
    features: Sequence[str] | None = None,
    arrow_text: bool = False,
) -> pd.DataFrame:
    """Offline rows as a frame: keys as text, event_timestamp UTC, features as declared.

    view: the view's contract; table: rows as they lie offline; features: of these only, all when
    left out; arrow_text: texts as Arrow keeps them, not each an object.
    """
    columns: dict[str, Any] = {}
    for key in view.keys:
        columns[key] = to_pandas(table[key], "str", arrow_text=arrow_text)
    columns[TIME] = table[TIME].to_pandas().dt.as_unit("ns")
    for name in view.features if features is None else features:
        columns[name] = to_pandas(table[name], view.features[name], arrow_text=arrow_text)
    return pd.DataFrame(columns)
