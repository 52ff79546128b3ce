"""From what a file holds to the types of the contract: one pure function a kind of column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.tables import Kind, Table

Mask = npt.NDArray[np.bool_]

TIME = pa.timestamp("us", tz="UTC")
ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    **dict.fromkeys(("id", "text", "country", "currency", "zone", "hour"), pa.string()),
    **dict.fromkeys(("quantity", "amount", "share", "rate", "number"), pa.float64()),
    **dict.fromkeys(("time", "date"), TIME),
    "flag": pa.bool_(),
    "line": pa.float64(),  # until checked to be whole
}

_ZONE = r"([zZ]|[+-]\d\d(:?\d\d)?)$"
_PARTED = r"^-?\d{1,3}([,' ]\d{3})+(\.\d+)?$"
_TRUE, _FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")
# The time of a later fact that a file has the column of and leaves empty: it is not so. It stands
# until rows are merged; no time of a file is so early.
TAKEN_BACK = pd.Timestamp("1800-01-01", tz="UTC")
_EARLIEST, _LATEST = pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2261-12-31", tz="UTC")


@dataclass(frozen=True)
class Unreadable:
    """Rows whose value is not of the column's kind: why, and what to do about it."""

    mask: Mask
    reason: str
    remedy: str


@dataclass(frozen=True)
class Parsed:
    """A column in the contract's type; unreadable values are null there and listed beside it."""

    array: pa.Array
    faults: tuple[Unreadable, ...] = ()


def parse(kind: Kind, found: pa.Array) -> Parsed:
    """The column as its kind.

    found: the column as the file has it.
    """
    values = _plain(found)
    if pa.types.is_null(values.type):
        return Parsed(values.cast(ARROW_TYPES[kind]))
    parsed = _PARSERS[kind](values)
    faults = tuple(fault for fault in parsed.faults if fault.mask.any())
    return Parsed(parsed.array, faults)


def schema(table: Table, extra: Mapping[str, Kind] | None = None) -> pa.Schema:
    """Types of a table at rest: the declared columns, then the kept extra ones by name."""
    fields = [(column.name, _at_rest(column.kind)) for column in table.columns]
    fields += [(name, _at_rest(kind)) for name, kind in sorted((extra or {}).items())]
    return pa.schema(fields)


def open_kind(values: pa.Array) -> Kind | None:
    """Kind of an undeclared column as found: number or text; None while it has no value."""
    values = _plain(values)
    if values.null_count == len(values):
        return None
    if not pa.types.is_string(values.type):
        return "number" if _is_number(values.type) or pa.types.is_boolean(values.type) else "text"
    return "text" if parse("number", values).faults else "number"


def _at_rest(kind: Kind) -> pa.DataType:
    return pa.int64() if kind == "line" else ARROW_TYPES[kind]


def _plain(found: pa.Array) -> pa.Array:
    """An array without dictionaries, chunks and large or viewed strings; empty text is missing."""
    values = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    if pa.types.is_binary(values.type):
        values = _decoded(values)
    if pa.types.is_string(values.type):
        empty = pc.equal(values, "")
        return pc.if_else(empty, None, values) if pc.any(empty).as_py() else values
    return values


def _decoded(values: pa.Array) -> pa.Array:
    """Text that a tool has written without saying that it is text."""
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:  # not UTF-8: a fault of each row
        return values


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _mask(condition: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(condition, False))


def _present(values: pa.Array) -> Mask:
    return np.asarray(values.is_valid())


def _none(values: pa.Array, kind: pa.DataType, reason: str, remedy: str) -> Parsed:
    """No value of this type can be read."""
    return Parsed(pa.nulls(len(values), kind), (Unreadable(_present(values), reason, remedy),))


def _text(values: pa.Array) -> Parsed:
    if pa.types.is_string(values.type):
        return Parsed(values)
    if pa.types.is_nested(values.type) or pa.types.is_binary(values.type):
        return _none(values, pa.string(), "not text", "write it as text")
    if pa.types.is_floating(values.type):
        return _text_of_floats(values)
    return Parsed(values.cast(pa.string()))


def _text_of_floats(values: pa.Array) -> Parsed:
    """Whole numbers that a tool has turned into floats lose their `.0`."""
    values = values.cast(pa.float64())
    values = pc.if_else(pc.is_nan(values), None, values)
    whole = pc.equal(values, pc.trunc(values))
    if pc.all(whole).as_py() is not False and (pc.max(pc.abs(values)).as_py() or 0) < 2**53:
        return Parsed(values.cast(pa.int64()).cast(pa.string()))
    return Parsed(values.cast(pa.string()))


def _trimmed(values: pa.Array) -> Parsed:
    parsed = _text(values)
    text = pc.utf8_trim_whitespace(parsed.array)
    empty = pc.equal(text, "")
    text = pc.if_else(empty, None, text) if pc.any(empty).as_py() else text
    return Parsed(text, parsed.faults)


def _identity(values: pa.Array) -> Parsed:
    if not pa.types.is_floating(values.type):
        return _trimmed(values)
    broken = _mask(pc.not_equal(values, pc.trunc(values)))
    kept = pc.if_else(pa.array(broken), None, values)
    reason, remedy = "a broken number is no id", "write ids as text or as whole numbers"
    return Parsed(_text_of_floats(kept).array, (Unreadable(broken, reason, remedy),))


def _code(values: pa.Array) -> Parsed:
    parsed = _trimmed(values)
    return Parsed(pc.utf8_upper(parsed.array), parsed.faults)


def _number(values: pa.Array) -> Parsed:
    if _is_number(values.type) or pa.types.is_boolean(values.type):
        numbers = values.cast(pa.float64(), safe=False)
        return Parsed(pc.if_else(pc.is_nan(numbers), None, numbers))
    if not pa.types.is_string(values.type):
        return _none(values, pa.float64(), "not a number", "write a number")
    text = _trimmed(values).array
    numbers = _cast_numbers(text)
    failed = _present(text) & ~_mask(pc.is_finite(numbers))
    comma = failed & _mask(pc.match_substring_regex(text, r"^-?[\d. ]*,\d+$"))
    parted = failed & ~comma & _mask(pc.match_substring_regex(text, _PARTED))
    return Parsed(
        pc.if_else(pa.array(failed), None, numbers),
        (
            Unreadable(comma, "a decimal comma", "write 12.50, not 12,50"),
            Unreadable(parted, "parted thousands", "write 1250.00, not 1,250.00"),
            Unreadable(failed & ~comma & ~parted, "not a number", "write a number such as 12.50"),
        ),
    )


def _cast_numbers(text: pa.Array) -> pa.Array:
    try:
        return pc.cast(text, pa.float64())
    except pa.ArrowInvalid:  # somewhere in it: find out where
        return pa.array(pd.to_numeric(text.to_pandas(), errors="coerce").astype("float64"))


def _flag(values: pa.Array) -> Parsed:
    if pa.types.is_boolean(values.type):
        return Parsed(values)
    if not pa.types.is_string(values.type) and not _is_number(values.type):
        return _none(values, pa.bool_(), "neither true nor false", "write true or false")
    text = pc.utf8_lower(_trimmed(values).array)
    true = pc.is_in(text, pa.array(_TRUE))
    false = pc.is_in(text, pa.array(_FALSE))
    failed = _present(text) & ~np.asarray(true) & ~np.asarray(false)
    known = pc.if_else(pc.or_(true, false), true, None)
    return Parsed(known, (Unreadable(failed, "neither true nor false", "write true or false"),))


def _time(values: pa.Array) -> Parsed:
    if pa.types.is_timestamp(values.type) and values.type.tz:
        return _bounded(values.cast(TIME, safe=False))
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return _none(values, TIME, "a time with no zone", "write UTC times: timestamp with zone")
    if not pa.types.is_string(values.type):
        return _none(values, TIME, "not a time", "write 2024-01-31T18:00:00Z")
    text = _trimmed(values).array
    try:
        return _bounded(pc.cast(text, TIME))
    except pa.ArrowInvalid:  # somewhere in it, or nanoseconds: find out where
        return _slow_time(text)


def _slow_time(text: pa.Array) -> Parsed:
    zoned = _mask(pc.match_substring_regex(text, r":\d\d.*" + _ZONE))
    times = _coerced(text)
    readable = np.asarray(times.notna())
    naive = _present(text) & readable & ~zoned
    failed = _present(text) & ~readable
    kept = pa.array(times.mask(~zoned | ~readable)).cast(TIME, safe=False)
    bounded = _bounded(kept)
    return Parsed(
        bounded.array,
        (
            Unreadable(naive, "a time with no zone", "append Z when it is UTC, or its offset"),
            Unreadable(failed, "not a time", "write 2024-01-31T18:00:00Z"),
            *bounded.faults,
        ),
    )


def _coerced(text: pa.Array) -> "pd.Series[pd.Timestamp]":
    times: pd.Series[pd.Timestamp] = pd.to_datetime(
        text.to_pandas(), format="ISO8601", utc=True, errors="coerce"
    )
    return times


def _date(values: pa.Array) -> Parsed:
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        days = values.cast(pa.timestamp("us", tz=getattr(values.type, "tz", None)), safe=False)
        days = days if days.type.tz else pc.assume_timezone(days, "UTC")
        return _bounded(pc.floor_temporal(days.cast(TIME), unit="day"))
    if not pa.types.is_string(values.type):
        return _none(values, TIME, "not a date", "write 2024-01-31")
    text = _trimmed(values).array
    times = _coerced(text)
    failed = _present(text) & np.asarray(times.isna())
    bounded = _bounded(pa.array(times.dt.floor("D")).cast(TIME, safe=False))
    return Parsed(
        bounded.array,
        (
            Unreadable(failed, "not a date between 1900 and 2261", "write 2024-01-31"),
            *bounded.faults,
        ),
    )


def _bounded(times: pa.Array) -> Parsed:
    outside = _mask(pc.less(times, _EARLIEST)) | _mask(pc.greater(times, _LATEST))
    if not outside.any():
        return Parsed(times)
    fault = Unreadable(outside, "outside 1900 to 2261", "leave it empty when it has no end")
    return Parsed(pc.if_else(pa.array(outside), None, times), (fault,))


_PARSERS: Mapping[Kind, Callable[[pa.Array], Parsed]] = {
    "id": _identity,
    "text": _text,
    "time": _time,
    "date": _date,
    "country": _code,
    "currency": _code,
    "quantity": _number,
    "amount": _number,
    "share": _number,
    "rate": _number,
    "number": _number,
    "flag": _flag,
    "line": _number,
    "zone": _trimmed,
    "hour": _trimmed,
}
