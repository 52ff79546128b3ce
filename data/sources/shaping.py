"""The rows of a recognised sheet as rows of our tables."""

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.lake.files import Broken
from data.sources.evaluating import Locale, Rows, evaluate, file_locale, selected
from data.sources.mapping import Into, Join, MappingItems, Sheet, headers_of
from data.sources.places import currency_code
from data.sources.raw_files import RawRows
from data.sources.recognition import Recognized
from data.tables import TABLES

ROW = "__row"  # the column of `sheet_rows` that holds the numbers of the rows in the file
_NUMBER_KINDS = frozenset({"quantity", "amount", "share", "rate", "number"})


@dataclass(frozen=True)
class Shaped:
    """Rows for one of our tables from one sheet.

    into: what the mapping says of them. label: the file, for people. rows: numbers of the rows in
    it. data: our columns, as text. broken: lines of the file that could not be split.
    """

    into: Into
    label: str
    rows: npt.NDArray[np.int64]
    data: pd.DataFrame
    broken: tuple[Broken, ...] = ()


def read_sheet(found: Recognized, joined: Sequence[str] = ()) -> RawRows:
    """The rows of a sheet, columns by the mapping's names, order-level values filled down.

    found: a raw table and its sheet. joined: columns of it that other sheets join to theirs.
    """
    sheet = found.sheet
    wanted = found.columns([*_wanted(found), *joined])
    raw = found.raw.read(found.place, list(dict.fromkeys(wanted.values())), sheet)
    data = pd.DataFrame({name: raw.data[own] for name, own in wanted.items()}, dtype=object)
    return RawRows(raw.numbers, _filled_down(data, sheet), raw.broken)


def sheet_rows(
    found: Recognized,
    raw: RawRows,
    values: Mapping[str, str],
    others: Mapping[str, pd.DataFrame],
) -> Rows:
    """The rows of a sheet, with columns of others beside them and a row an item.

    found: the sheet. raw: its rows (`read_sheet`). values: of `$name`. others: sheet name -> rows,
    for joins.
    """
    data = raw.data.assign(**{ROW: raw.numbers})
    for join in found.sheet.joins:
        data = _beside(data, join, others)
    if found.sheet.items:
        data = _exploded(data, found.sheet.items)
    return Rows(data, values, sheet_locale(found.sheet, data, values))


def shape(found: Recognized, raw: RawRows, rows: Rows) -> Iterator[Shaped]:
    """What one sheet gives to our tables, table by table.

    found: the sheet. raw: its rows (`read_sheet`). rows: made of them (`sheet_rows`).
    """
    for place, into in enumerate(found.sheet.into):
        yield _shaped(into, rows, found.raw.label, raw.broken if place == 0 else ())


def taken_rows(into: Into, rows: Rows) -> Rows:
    """The rows that go into a table, after `only` and `skip`."""
    taken = selected(into.only, rows, otherwise=True) & ~selected(into.skip, rows, otherwise=False)
    return Rows(rows.data[taken].reset_index(drop=True), rows.constants, rows.locale)


def sheet_locale(sheet: Sheet, data: pd.DataFrame, values: Mapping[str, str]) -> Locale:
    """How a sheet writes numbers and dates. data: its rows as text; values: of `$name`."""
    amounts = data[_columns_of(sheet, data, _NUMBER_KINDS)]
    times = data[_columns_of(sheet, data, {"time", "date"})]
    usual = values.get("currency", "")
    texts = {
        str(text)
        for name in _columns_of(sheet, data, {"currency"})
        for text in data[name].dropna().unique()
    }
    named = {code for text in texts if (code := currency_code(text, usual))} or {usual} - {""}
    return file_locale(amounts, values, times=times, currencies=named)


def _shaped(into: Into, rows: Rows, label: str, broken: tuple[Broken, ...]) -> Shaped:
    kept = taken_rows(into, rows)
    table = TABLES[into.table]
    columns = {}
    for name, specification in into.columns.items():
        kind = table.column(name).kind if name in table.names else "text"
        column = evaluate(specification, kept, kind)
        if name in table.required or column.notna().any():
            columns[name] = column
    made = pd.DataFrame(columns, dtype=object)
    numbers = kept.data[ROW].to_numpy(dtype=np.int64)
    if into.once or into.stand_in:
        key = [name for name in table.key if name in made]
        first = (~made.duplicated(key) & made[key].notna().all(axis=1)).to_numpy()
        made, numbers = made[first].reset_index(drop=True), numbers[first]
    return Shaped(into, label, numbers, made, broken)


def _wanted(found: Recognized) -> list[str]:
    names = list(found.sheet.headers)
    if found.sheet.items:
        for pattern in found.sheet.items.columns:
            names += [
                name
                for name in found.header.names
                if fnmatch.fnmatch(name.lower(), pattern.lower())
            ]
            names.append(pattern)
    return list(dict.fromkeys(name for name in names if not name.startswith("$")))


def _filled_down(data: pd.DataFrame, sheet: Sheet) -> pd.DataFrame:
    """Columns that stand only in an order's first row, in all its rows.

    Systems either leave the order's number itself empty on further rows or repeat only that.
    """
    if sheet.within is None or sheet.within not in data:
        return data
    key = data[sheet.within].ffill()
    filled = {sheet.within: key}
    for name in sheet.fill_down:
        if name in data:
            first = data[name].groupby(key, sort=False).transform("first")
            filled[name] = data[name].where(data[name].notna(), first)
    return data.assign(**{name: column.astype(object) for name, column in filled.items()})


def _beside(data: pd.DataFrame, join: Join, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    other = others.get(join.sheet)
    if other is None or join.right not in other or join.left not in data:
        return data
    right = other.drop_duplicates(join.right).add_prefix(f"{join.sheet}.")
    merged: Any = data.merge(
        right, how="left", left_on=join.left, right_on=f"{join.sheet}.{join.right}"
    )
    beside: pd.DataFrame = merged.astype(object).where(merged.notna(), None)
    return beside


def _exploded(data: pd.DataFrame, items: MappingItems) -> pd.DataFrame:
    """A row an item; columns `item.…` hold what was read of it."""
    columns = [
        name
        for name in data.columns
        if any(fnmatch.fnmatch(str(name).lower(), pattern.lower()) for pattern in items.columns)
    ]
    places: list[int] = []
    found: list[dict[str, str | None]] = []
    for place, cells in enumerate(data[columns].to_numpy(dtype=object)):
        for text in _pieces(cells, items):
            places.append(place)
            found.append(_item(text, items))
    taken = data.iloc[places].reset_index(drop=True)
    made: Any = pd.DataFrame(found, dtype=object).add_prefix("item.")
    made = made.where(made.notna(), None)
    return pd.concat([taken, made], axis=1)


def _pieces(cells: Iterable[object], items: MappingItems) -> Iterator[str]:
    for cell in cells:
        if cell is None:
            continue
        pieces = re.split(items.between, str(cell)) if items.between else [str(cell)]
        yield from (piece.strip() for piece in pieces if piece.strip())


def _item(text: str, items: MappingItems) -> dict[str, str | None]:
    if items.pattern:
        found = re.search(items.pattern, text)
        return dict(found.groupdict()) if found else {}
    parts = (part.partition(items.sign) for part in text.split(items.between_fields))
    return {name.strip().lower(): value.strip() or None for name, _, value in parts}


def _columns_of(sheet: Sheet, data: pd.DataFrame, kinds: Collection[str]) -> list[str]:
    """Columns of the rows that are read as one of our kinds of columns."""
    names: list[str] = []
    for into in sheet.into:
        table = TABLES[into.table]
        for name, specification in into.columns.items():
            if name in table.names and table.column(name).kind in kinds:
                names += headers_of(specification)
    return [name for name in dict.fromkeys(names) if name in data]
