"""One value of a mapping for every row of a sheet: pure functions from text columns to a column."""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from data.money import minor_digits
from data.sources.mapping import Condition, Conditions, MappingExpression, Specification
from data.sources.numbers import DecimalMark, canonical_number, decimal_mark
from data.sources.places import country_code, currency_code, fold
from data.sources.times import DateOrder, canonical_date, canonical_time, date_order
from data.tables import Kind

Texts = pd.Series  # of text, None where empty

_NUMBERS = frozenset({"quantity", "amount", "share", "rate", "number", "line"})


@dataclass(frozen=True)
class Locale:
    """How a file writes what can be written in several ways.

    mark: its decimal mark; None when nothing shows it. order: of day, month and year; None: found
    column by column. usual_order: where a column shows none. zone: IANA name, of times that name
    none.
    """

    mark: DecimalMark | None = None
    order: DateOrder | None = None
    zone: str = "UTC"
    usual_order: DateOrder | None = None


@dataclass(frozen=True)
class Rows:
    """The rows of one sheet: columns by the mapping's names, constants (`$name`), the locale."""

    data: pd.DataFrame
    constants: Mapping[str, str] = field(default_factory=dict)
    locale: Locale = field(default_factory=Locale)

    def column(self, name: str) -> Texts:
        """A column or a value of `$name`; all empty where the file has no such column."""
        if name.startswith("$"):
            return self.constant(self.constants[name[1:]] or None)
        if name in self.data:
            return self.data[name]
        return self.constant(None)

    def constant(self, value: str | None) -> Texts:
        """One value, repeated in every row."""
        return pd.Series([value] * len(self.data), index=self.data.index, dtype=object)


def evaluate(specification: Specification, rows: Rows, kind: Kind) -> Texts:
    """A column of ours, as text in our own writing; what cannot be read stays as it was found.

    specification: how it is made. rows: the sheet. kind: of our column; numbers come out as
    `-12.50`, times in UTC as `2024-01-31T18:00:00Z`, dates as `2024-01-31`, countries and
    currencies as ISO codes.
    """
    found = _first_filled(specification, rows)
    return _each(found, _writer(kind, rows, found))


def selected(conditions: Conditions, rows: Rows, *, otherwise: bool) -> pd.Series:
    """True for the rows that meet all conditions (with `otherwise` False: for those that meet any).

    conditions: column -> what it must be. otherwise: the answer where there is no condition.
    """
    if not conditions:
        return pd.Series(otherwise, index=rows.data.index)
    masks = [_meets(condition, rows.column(name), rows) for name, condition in conditions.items()]
    stacked = np.array(masks)
    return pd.Series(stacked.all(axis=0) if otherwise else stacked.any(axis=0), rows.data.index)


def file_locale(
    data: pd.DataFrame,
    values: Mapping[str, str],
    *,
    times: pd.DataFrame | None = None,
    currencies: Collection[str] = (),
) -> Locale:
    """How a file writes numbers and dates: as `values` say, else as its own columns prove.

    Where a column of times shows no order of day and month, another one's counts; where none does,
    the day is in front in a file with a decimal comma: so write all who write one.

    data: the columns that hold numbers, as text. values: decimal, date_order and time_zone. times:
    the columns that hold times or days, as text. currencies: ISO 4217 codes of its amounts.
    """
    mark: DecimalMark | None = None
    if values.get("decimal") in (".", ","):
        mark = "." if values["decimal"] == "." else ","
    else:
        whole = bool(currencies) and not any(map(minor_digits, currencies))
        texts = (text for name in data for text in data[name].dropna().unique())
        mark = decimal_mark(texts, is_whole_money=whole)
    order = values.get("date_order")
    known: DateOrder | None = order if order in ("dmy", "mdy", "ymd") else None  # type: ignore[assignment]  # narrowed by the test
    dates = pd.DataFrame() if times is None else times
    shown = {date_order(dates[name].dropna().unique()) for name in dates} - {None}
    usual = shown.pop() if len(shown) == 1 else "dmy" if mark == "," else None
    return Locale(mark, known, values.get("time_zone") or "UTC", usual)


def _first_filled(specification: Specification, rows: Rows) -> Texts:
    if isinstance(specification, str):
        return rows.column(specification)
    if isinstance(specification, MappingExpression):
        return _expression(specification, rows)
    found = rows.constant(None)
    for source in specification:
        found = found.where(found.notna(), _first_filled(source, rows))
    return found


def _expression(expression: MappingExpression, rows: Rows) -> Texts:
    found = _beginning(expression, rows)
    if expression.currency:
        usual = rows.constants.get("currency", "")
        found = _each(found, lambda text: currency_code(text, usual))
    if expression.replace:
        found = _each(found, _replacer(expression.replace))
    if expression.pattern:
        found = _each(found, _matcher(expression.pattern))
    if expression.split is not None:
        found = _each(found, _splitter(expression.split, expression.part))
    if expression.map or expression.otherwise != "keep":
        found = _each(found, _mapper(expression))
    found = _calculated(expression, found, rows)
    return _each(found, _hashed) if expression.hash else found


def _beginning(expression: MappingExpression, rows: Rows) -> Texts:
    if expression.value is not None:
        return rows.constant(expression.value)
    if expression.line_of is not None:
        groups = rows.column(expression.line_of).fillna("")
        return (groups.groupby(groups, sort=False).cumcount() + 1).astype(str).astype(object)
    if expression.join:
        return _joined([_first_filled(part, rows) for part in expression.join], expression.with_)
    return _first_filled(list(expression.from_), rows)


def _joined(parts: list[Texts], between: str) -> Texts:
    frame = pd.concat(parts, axis=1).to_numpy(dtype=object)
    texts = [between.join(str(cell) for cell in row if cell is not None) or None for row in frame]
    return pd.Series(texts, index=parts[0].index, dtype=object)


def _calculated(expression: MappingExpression, found: Texts, rows: Rows) -> Texts:
    steps = [
        (name, operand)
        for name in ("plus", "minus", "times", "over")
        for operand in getattr(expression, name)
    ]
    if not steps and not expression.absolute:
        return found
    result = as_numbers(found, rows.locale)
    for name, operand in steps:
        result = _step(name, result, _operand(operand, rows))
    if expression.absolute:
        result = result.abs()
    texts = [
        None if np.isnan(value) else f"{value:.6f}".rstrip("0").rstrip(".") for value in result
    ]
    # What is no number stays as it was, to be quarantined with its own words.
    return pd.Series(texts, index=found.index, dtype=object).where(~result.isna(), found)


def _operand(operand: str | float, rows: Rows) -> "pd.Series[float] | float":
    if isinstance(operand, str):
        return as_numbers(rows.column(operand), rows.locale)
    return float(operand)


def _step(
    name: str, left: "pd.Series[float]", right: "pd.Series[float] | float"
) -> "pd.Series[float]":
    if name == "plus":
        return left + (right.fillna(0) if isinstance(right, pd.Series) else right)
    if name == "minus":
        return left - (right.fillna(0) if isinstance(right, pd.Series) else right)
    if name == "times":
        return left * right
    result = left / right
    return result.where(np.isfinite(result))


def as_numbers(texts: Texts, locale: Locale) -> "pd.Series[float]":
    """Texts as floats, NaN where there is no number.

    texts: amounts as written. locale: of their file.
    """
    return _each(texts, lambda text: canonical_number(text, locale.mark)).astype(float)


def _meets(
    condition: Condition, texts: Texts, rows: Rows
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    if condition == "filled":
        return texts.notna().to_numpy()
    if condition == "empty":
        return texts.isna().to_numpy()
    if isinstance(condition, str):
        numbers = as_numbers(texts, rows.locale).to_numpy()
        return numbers < 0 if condition == "negative" else numbers > 0
    wanted = {fold(value) for value in condition}
    return _each(texts, lambda text: fold(text) in wanted).eq(True).to_numpy(dtype=bool)


def _each(texts: Texts, function: Callable[[str], object]) -> Texts:
    """A function of every filled text; each different text is asked once."""
    codes, different = pd.factorize(texts, use_na_sentinel=True)
    answers = np.array([*(function(str(text)) for text in different), None], dtype=object)
    return pd.Series(answers[codes], index=texts.index, dtype=object)


def _writer(kind: Kind, rows: Rows, found: Texts) -> Callable[[str], object]:
    """How a text becomes one of ours."""
    locale = rows.locale
    if kind in _NUMBERS:
        return lambda text: _or_as_found(canonical_number(text, locale.mark), text)
    if kind in ("time", "date"):
        order = locale.order or date_order(found.dropna().unique()) or locale.usual_order
        if kind == "date":
            return lambda text: _or_as_found(canonical_date(text, order), text)
        return lambda text: _or_as_found(canonical_time(text, order, locale.zone), text)
    if kind == "country":
        return lambda text: _or_as_found(country_code(text), text)
    if kind == "currency":
        usual = rows.constants.get("currency", "")
        return lambda text: _or_as_found(currency_code(text, usual), text)
    return lambda text: text


def _or_as_found(read: str | None, text: str) -> str:
    return text if read is None else read


def _matcher(pattern: str) -> Callable[[str], str | None]:
    compiled = re.compile(pattern)

    def first_group(text: str) -> str | None:
        found = compiled.search(text)
        return found[1] if found else None

    return first_group


def _replacer(pairs: Mapping[str, str]) -> Callable[[str], str | None]:
    def replaced(text: str) -> str | None:
        for old, new in pairs.items():
            text = text.replace(old, new)
        return text or None

    return replaced


def _splitter(between: str, part: int) -> Callable[[str], str | None]:
    def one_part(text: str) -> str | None:
        parts = [piece.strip() for piece in text.split(between)]
        return parts[part] or None if -len(parts) <= part < len(parts) else None

    return one_part


def _mapper(expression: MappingExpression) -> Callable[[str], str | None]:
    known = {fold(old): new for old, new in expression.map.items()}

    def mapped(text: str) -> str | None:
        new = known.get(fold(text))
        if new is not None:
            return new or None
        return text if expression.otherwise == "keep" else expression.otherwise or None

    return mapped


def _hashed(text: str) -> str:
    return hashlib.sha256(text.strip().lower().encode()).hexdigest()
