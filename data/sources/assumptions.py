"""What a source does not say: tables that cannot be given, values taken instead, in words."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from data.sources.mapping import Into, MappingExpression, Source, headers_of
from data.sources.recognition import Recognized
from data.sources.shaping import sheet_locale
from data.sources.times import canonical_date, date_order
from data.tables import TABLES

# A time of which nothing follows the clock: no Z, no offset, no name of a zone.
_ZONED = r"(?:[zZ]|[+-]\d\d:?\d\d|[A-Z]{3,5})$"


@dataclass
class Notes:
    """What is told besides the rows, each sentence once, in the order in which it was met."""

    left_out: dict[str, None] = field(default_factory=dict)
    assumed: dict[str, None] = field(default_factory=dict)


def is_possible(
    into: Into,
    item: Recognized,
    others: Mapping[str, pd.DataFrame],
    constants: Mapping[str, str],
    notes: Notes,
) -> bool:
    """True if the file has something for every column that the table needs; else noted.

    into: what the sheet would give. item: the file. others: sheet name -> rows, for joins.
    constants: values of `$name`. notes: told what is left out, and why.
    """
    needed = into.match if into.patch else TABLES[into.table].required
    for name in needed:
        specification = into.columns[name]
        names = list(dict.fromkeys(headers_of(specification)))
        known = _is_constant(specification, constants)
        if known or any(_is_there(header, item, others) for header in names):
            continue
        values = list(_constants_in(specification))
        remedy = f"say --set {values[0]}=…" if values else f"it needs {' or '.join(names)}"
        place = f"{into.table} from the {item.sheet.name}"
        notes.left_out[f"{place}: {name} is not known; {remedy}"] = None
        return False
    return True


def note_assumptions(
    parts: Sequence[Into],
    item: Recognized,
    data: pd.DataFrame,
    constants: Mapping[str, str],
    told: Mapping[str, str],
    notes: Notes,
) -> None:
    """Note which values are taken where the file says nothing.

    parts: what the sheet gives. item: the file. data: its rows. constants: values of `$name`.
    told: those that the user or the mapping has said. notes: where to.
    """
    if item.sheet.note and parts:
        notes.assumed[f"{item.raw.label}: {item.sheet.note}"] = None
    for own in dict.fromkeys(item.columns(item.sheet.headers).values()):
        if f"{own} (2)" in item.header.names:
            notes.assumed[f"{item.raw.label} has several columns {own!r}: the first is read"] = None
    for into in parts:
        _note_unsaid_states(into, item, notes)
        for name, specification in into.columns.items():
            said = any(item.header.find(header) for header in headers_of(specification))
            for value in () if said else _constants_in(specification):
                if constants.get(value) and not told.get(value):
                    notes.assumed[
                        f"{into.table}.{name} is {constants[value]} in {item.raw.label} "
                        f"(say --set {value}=… if it is another)"
                    ] = None
        if day := _date_read_by_habit(into, item, data, told):
            notes.assumed[
                f"dates such as {day} in {item.raw.label} are read with the day in front "
                "(say --set date_order=mdy if it is the month)"
            ] = None
        if told.get("time_zone", "UTC") == "UTC" and _has_local_times(into, data):
            notes.assumed[
                f"times without a zone in {item.raw.label} are taken as UTC "
                "(say --set time_zone=Europe/Berlin or the like if they are of another)"
            ] = None


def _note_unsaid_states(into: Into, item: Recognized, notes: Notes) -> None:
    """Note that no column says the state of the rows, which all count as of the usual one."""
    for name, specification in into.columns.items():
        sources = specification if isinstance(specification, list) else [specification]
        usual = [one.otherwise for one in sources if isinstance(one, MappingExpression) and one.map]
        names = list(dict.fromkeys(headers_of(specification)))
        if name not in ("status", "outcome") or not names or not (usual and usual[-1]):
            continue
        if not any("." in one or item.header.find(one) for one in names):
            near = next(filter(None, map(item.header.nearest, names)), None)
            hint = f"; is it {near!r}?" if near else ""
            notes.assumed[
                f"{into.table}.{name} is {usual[-1]} in all of {item.raw.label}: it has no column "
                f"{' or '.join(names)}{hint}"
            ] = None


def _is_there(header: str, item: Recognized, others: Mapping[str, pd.DataFrame]) -> bool:
    sheet, dot, column = header.partition(".")
    if dot and sheet == "item":
        return item.sheet.items is not None
    if dot and sheet in {join.sheet for join in item.sheet.joins}:
        return sheet in others and column in others[sheet]
    return item.header.find(header) is not None


def _is_constant(specification: Source | list[Source], constants: Mapping[str, str]) -> bool:
    """True if something else than columns gives a value in every row."""
    if isinstance(specification, str):
        return specification.startswith("$") and bool(constants.get(specification[1:]))
    if isinstance(specification, MappingExpression):
        parts = (*specification.from_, *specification.join)
        return specification.value is not None or any(_is_constant(p, constants) for p in parts)
    return any(_is_constant(part, constants) for part in specification)


def _constants_in(specification: Source | list[Source]) -> Iterator[str]:
    """The names of all `$name` in it."""
    if isinstance(specification, str):
        if specification.startswith("$"):
            yield specification[1:]
    elif isinstance(specification, MappingExpression):
        for part in (*specification.from_, *specification.join):
            yield from _constants_in(part)
    else:
        for part in specification:
            yield from _constants_in(part)


def _has_local_times(into: Into, data: pd.DataFrame) -> bool:
    """True if some time of the file names no zone."""
    texts = (data[name].dropna().astype(str).str.strip() for name in _times(into, data, {"time"}))
    return any(not text.str.contains(_ZONED, regex=True).all() for text in texts)


def _date_read_by_habit(
    into: Into, item: Recognized, data: pd.DataFrame, told: Mapping[str, str]
) -> str | None:
    """A date of which only the file's habits say whether the day or the month is in front."""
    locale = sheet_locale(item.sheet, data, told)
    if locale.order is not None or locale.usual_order != "dmy":
        return None
    for name in _times(into, data, {"time", "date"}):
        texts = [str(text) for text in data[name].dropna().unique()]
        if date_order(texts) is None:
            unread = (text for text in texts if canonical_date(text, None) is None)
            if (day := next(unread, None)) and canonical_date(day, "dmy"):
                return day
    return None


def _times(into: Into, data: pd.DataFrame, kinds: Collection[str]) -> list[str]:
    """The columns of the file that are read as times of one of these kinds."""
    table = TABLES[into.table]
    return [
        header
        for name, specification in into.columns.items()
        if name in table.names and table.column(name).kind in kinds
        for header in headers_of(specification)
        if header in data
    ]
