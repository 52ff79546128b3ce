"""The rules of each table, checked over whole batches; every fault at once, each with a remedy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pycountry
from pandera.errors import SchemaErrors

from features.contracts import Column, Kind, Table
from features.lake.parsing import ARROW_TYPES, Parsed, parse, schema
from features.lake.sources import Batch, short

# Plans may lie in the future; facts may not (a day is left for clocks and zones).
PLANNED = frozenset(
    {"expected_at", "starts_on", "ends_on", "launched_on", "discontinued_on", "valid_from"}
)
_LONGEST_ID, _LONGEST_TEXT = 128, 10_000


@dataclass(frozen=True)
class Rule:
    """A test that holds for every good value of a column, its opposite in words, the remedy."""

    name: str
    holds: Callable[[Any], Any]
    remedy: str


@dataclass(frozen=True)
class Checked:
    """A batch after the checks.

    good: the rows without fault in the types of the contract.
    rows: their numbers in the file.
    faults: row, column, value, reason, remedy; several lines for a row with several faults.
    records: row, record (the row as found, JSON) of every row with a fault.
    """

    good: pa.Table
    rows: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    faults: pd.DataFrame
    records: pd.DataFrame


def check(table: Table, batch: Batch, extra: Mapping[str, Kind], now: datetime) -> Checked:
    """Split a batch into good rows and faults.

    extra: kinds of the undeclared columns that are kept.
    now: a fact later than a day after it is a fault.
    """
    kinds = {column.name: column.kind for column in table.columns} | dict(extra)
    parsed = {name: parse(kinds[name], batch.data.column(name)) for name in batch.data.column_names}
    values = _complete(table, parsed, len(batch.rows), kinds)
    faults = pd.concat(
        [_unreadable(parsed), _broken_rules(table, values, frozenset(extra), now)],
        ignore_index=True,
    )
    # A value that could not be read is empty now: that is one fault, not two.
    faults = faults.drop_duplicates(["at", "column"], keep="first").sort_values(
        "at", kind="stable", ignore_index=True
    )
    bad = np.zeros(len(batch.rows), dtype=bool)
    bad[faults["at"].to_numpy(dtype=np.int64)] = True
    good = pa.table(values, schema=None).filter(pa.array(~bad))
    return Checked(
        good.cast(schema(table, extra)),
        batch.rows[~bad],
        pd.concat([_located(faults, batch), _broken_lines(batch)], ignore_index=True),
        pd.concat([_records(batch, bad), _broken_records(batch)], ignore_index=True),
    )


def records(rows: Sequence[int], data: pa.Table) -> pd.DataFrame:
    """Rows as JSON, each with its number."""
    texts = [orjson.dumps(row, default=str).decode() for row in data.to_pylist()]
    return pd.DataFrame({"row": np.asarray(rows, dtype=np.int64), "record": texts})


def _complete(
    table: Table, parsed: Mapping[str, Parsed], size: int, kinds: Mapping[str, Kind]
) -> dict[str, pa.Array]:
    """Every column of the contract, missing ones empty, missing parts of the key by default."""
    values = {
        name: parsed[name].array if name in parsed else pa.nulls(size, ARROW_TYPES[kind])
        for name, kind in sorted(kinds.items(), key=lambda item: _place(table, item[0]))
    }
    for name, default in table.optional_key.items():
        filling = parse(kinds[name], pa.array([str(default)])).array[0]
        values[name] = values[name].fill_null(filling)
    return values


def _place(table: Table, name: str) -> tuple[int, str]:
    names = table.names
    return (names.index(name), "") if name in names else (len(names), name)


def _unreadable(parsed: Mapping[str, Parsed]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"at": np.flatnonzero(fault.mask)}).assign(
            column=name, reason=fault.reason, remedy=fault.remedy
        )
        for name, column in parsed.items()
        for fault in column.faults
    ]
    return pd.concat([_no_faults(), *frames], ignore_index=True) if frames else _no_faults()


def _no_faults() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "at": pd.Series(dtype="int64"),
            "column": pd.Series(dtype=object),
            "reason": pd.Series(dtype=object),
            "remedy": pd.Series(dtype=object),
        }
    )


def _broken_rules(
    table: Table, values: Mapping[str, pa.Array], extra: frozenset[str], now: datetime
) -> pd.DataFrame:
    frame = pd.DataFrame({name: _series(array) for name, array in values.items()})
    rules = _rules(table, now)
    try:
        _pandera(table, rules, extra).validate(frame, lazy=True)
    except SchemaErrors as errors:
        return _failures(errors.failure_cases, table, rules)
    return _no_faults()


def _failures(cases: pd.DataFrame, table: Table, rules: "Rules") -> pd.DataFrame:
    by_name = {(column, rule.name): rule for column, found in rules.items() for rule in found}
    by_name |= {("", rule.name): rule for rule in _row_rules(table)}
    faults = cases.loc[cases["index"].notna(), ["index", "column", "check", "schema_context"]]
    whole_row = faults["schema_context"].ne("Column")
    columns = faults["column"].where(~whole_row, "")
    pairs = list(zip(columns, faults["check"], strict=True))
    missing = Rule("missing", pd.isna, "fill it in")
    found = [by_name.get(pair, missing) for pair in pairs]
    return pd.DataFrame(
        {
            "at": faults["index"].to_numpy(dtype=np.int64),
            "column": columns.to_numpy(dtype=object),
            "reason": [rule.name for rule in found],
            "remedy": [rule.remedy for rule in found],
        }
    ).drop_duplicates()


Rules = Mapping[str, tuple[Rule, ...]]


def _pandera(table: Table, rules: Rules, extra: frozenset[str]) -> pandera.DataFrameSchema:
    keys = set(table.key)
    columns = {
        column.name: pandera.Column(
            checks=[pandera.Check(rule.holds, name=rule.name) for rule in rules[column.name]],
            nullable=not (column.required or column.name in keys),
        )
        for column in table.columns
    }
    columns |= {name: pandera.Column(nullable=True) for name in extra}
    return pandera.DataFrameSchema(
        columns,
        checks=[
            pandera.Check(rule.holds, name=rule.name, ignore_na=False) for rule in _row_rules(table)
        ],
    )


def _series(array: pa.Array) -> "pd.Series[Any]":
    if pa.types.is_string(array.type):
        return pd.Series(array, dtype="string[pyarrow]")
    if pa.types.is_boolean(array.type):
        return pd.Series(array.to_pandas(), dtype="boolean")
    return pd.Series(array.to_pandas())


def _rules(table: Table, now: datetime) -> Rules:
    return {column.name: _column_rules(column, now) for column in table.columns}


def _column_rules(column: Column, now: datetime) -> tuple[Rule, ...]:
    rules = _kind_rules(column.kind)
    if column.values:  # noqa: PD011  (a column of the contract)
        allowed = ", ".join(column.values)
        rules += (
            Rule(
                "not an allowed value", _isin(frozenset(column.values)), f"write one of {allowed}"
            ),
        )
    if column.kind == "time" and column.name not in PLANNED:
        limit = pd.Timestamp(now) + timedelta(days=1)
        rules += (
            Rule("in the future", lambda values: values <= limit, "correct it; is it really UTC?"),
        )
    return rules


@cache
def _kind_rules(kind: Kind) -> tuple[Rule, ...]:
    finite = Rule("not a finite number", np.isfinite, "write a number such as 12.50")
    return {
        "id": (
            Rule(
                f"an id longer than {_LONGEST_ID} characters",
                lambda values: values.str.len() <= _LONGEST_ID,
                f"at most {_LONGEST_ID} characters are kept",
            ),
            Rule(
                "an id with control characters",
                lambda values: ~values.str.contains(r"[\x00-\x1f\x7f]", regex=True),
                "remove them",
            ),
        ),
        "text": (
            Rule(
                f"longer than {_LONGEST_TEXT} characters",
                lambda values: values.str.len() <= _LONGEST_TEXT,
                "shorten it",
            ),
        ),
        "country": (
            Rule(
                "an unknown country",
                _isin(_countries()),
                "write the ISO 3166-1 alpha-2 code, such as DE or GB",
            ),
        ),
        "currency": (
            Rule("an unknown currency", _isin(_currencies()), "write the ISO 4217 code, as EUR"),
        ),
        "quantity": (
            finite,
            Rule(
                "not above 0",
                lambda values: values > 0,
                "write a positive number; returns and cancellations are a status, not a quantity",
            ),
        ),
        "amount": (
            finite,
            Rule("below 0", lambda values: values >= 0, "write 0 or a positive number"),
        ),
        "share": (
            finite,
            Rule(
                "not between 0 and 1",
                lambda values: values.between(0, 1),
                "write a share: 0.25 for 25 %",
            ),
        ),
        "number": (finite,),
        "line": (
            finite,
            Rule(
                "not a whole number from 0",
                lambda values: (values >= 0) & (values % 1 == 0) & (values < 2**53),
                "write 0, 1, 2 …",
            ),
        ),
        "time": (),
        "date": (),
        "flag": (),
    }[kind]


def _row_rules(table: Table) -> tuple[Rule, ...]:
    """Rules over several columns; None of them is about one value."""
    rules: tuple[Rule, ...] = ()
    if table.any_of:
        names = list(table.any_of)
        rules += (
            Rule(
                f"neither {' nor '.join(names)}",
                lambda frame: frame[names].notna().to_numpy().any(axis=1),
                "fill in one of them",
            ),
        )
    if {"starts_on", "ends_on"} <= set(table.names):
        rules += (
            Rule(
                "ends_on before starts_on",
                lambda frame: (
                    (frame["ends_on"] >= frame["starts_on"])
                    | frame["ends_on"].isna()
                    | frame["starts_on"].isna()
                ),
                "correct one of them",
            ),
        )
    return rules


def _isin(allowed: frozenset[str]) -> Callable[[Any], Any]:
    return lambda values: values.isin(allowed)


@cache
def _countries() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries)


@cache
def _currencies() -> frozenset[str]:
    return frozenset(currency.alpha_3 for currency in pycountry.currencies)


def _located(faults: pd.DataFrame, batch: Batch) -> pd.DataFrame:
    """Faults with the row's number and the value as found."""
    at = faults["at"].to_numpy(dtype=np.int64)
    values = np.full(len(at), "", dtype=object)
    for name in set(faults["column"]) & set(batch.data.column_names):
        lines = np.flatnonzero(faults["column"] == name)
        found = batch.data.column(name).take(pa.array(at[lines])).to_pylist()
        values[lines] = ["" if value is None else short(value) for value in found]
    located = faults.assign(row=batch.rows[at] if len(at) else at, value=values)
    return located[["row", "column", "value", "reason", "remedy"]]


def _records(batch: Batch, bad: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> pd.DataFrame:
    return records(batch.rows[bad].tolist(), batch.data.filter(pa.array(bad)))


def _broken_lines(batch: Batch) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": pd.Series([line.row for line in batch.broken], dtype="int64"),
            "column": "",
            "value": [short(line.text) for line in batch.broken],
            "reason": "more or fewer fields than the header",
            "remedy": "put texts with commas into quotes",
        }
    )


def _broken_records(batch: Batch) -> pd.DataFrame:
    rows = pd.Series([line.row for line in batch.broken], dtype="int64")
    return pd.DataFrame({"row": rows, "record": [line.text for line in batch.broken]})
