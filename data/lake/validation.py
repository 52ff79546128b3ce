"""The rules of each table, checked over whole batches; every fault at once, each with a remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from pandera.errors import SchemaErrors

from data.lake.files import ROW, RowBatch, short
from data.lake.parsing import ARROW_TYPES, TAKEN_BACK, Parsed, parse, schema
from data.lake.rules import Rules, ValueRule, column_rules, row_rules
from data.tables import WHERE_THERE_IS_NONE, Kind, Table


@dataclass(frozen=True)
class Checked:
    """A batch after the checks.

    good: the rows without fault in the types of the contract.
    rows: their numbers in the file.
    faults: row, column, value, reason, remedy; several lines for a row with several faults.
    bad: the rows with a fault as found, with their numbers (ROW).
    broken_faults, broken: the same for lines that could not be split into fields.
    """

    good: pa.Table
    rows: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    faults: pd.DataFrame
    bad: pa.Table
    broken_faults: pd.DataFrame
    broken: pa.Table


def check(table: Table, batch: RowBatch, extra: Mapping[str, Kind], now: datetime) -> Checked:
    """Split a batch into good rows and faults.

    extra: kinds of the undeclared columns that are kept.
    now: the wall clock; a fact later than it (but for a few minutes) is a fault.

    table: the table's contract.
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
    empty = pa.scalar(TAKEN_BACK, type=ARROW_TYPES["time"])
    told = {name: values[name].fill_null(empty) for name in table.later if name in parsed}
    good = pa.table(values | told).filter(pa.array(~bad))
    return Checked(
        good.cast(schema(table, extra)),
        batch.rows[~bad],
        _located(faults, batch),
        batch.data.filter(pa.array(bad)).append_column(ROW, pa.array(batch.rows[bad])),
        *_broken(batch),
    )


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
    rules = column_rules(table, now)
    try:
        _pandera(table, rules, extra).validate(frame, lazy=True)
    except SchemaErrors as errors:
        return _failures(errors.failure_cases, table, rules)
    return _no_faults()


def _failures(cases: pd.DataFrame, table: Table, rules: Rules) -> pd.DataFrame:
    by_name = {(column, rule.name): rule for column, found in rules.items() for rule in found}
    by_name |= {("", rule.name): rule for rule in row_rules(table)}
    assert cases["index"].notna().all(), f"a rule itself failed: {cases}"
    columns = cases["column"].where(cases["schema_context"] == "Column", "")
    pairs = list(zip(columns, cases["check"], strict=True))
    found = [by_name.get(pair) or _missing(pair[0]) for pair in pairs]
    return pd.DataFrame(
        {
            "at": cases["index"].to_numpy(dtype=np.int64),
            "column": columns.to_numpy(dtype=object),
            "reason": [rule.name for rule in found],
            "remedy": [rule.remedy for rule in found],
        }
    ).drop_duplicates()


def _missing(column: str) -> ValueRule:
    """The rule that an empty field of a required column breaks, and what to write into it."""
    advice = WHERE_THERE_IS_NONE.get(column)
    return ValueRule("missing", pd.isna, f"fill it in: {advice}" if advice else "fill it in")


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
            pandera.Check(rule.holds, name=rule.name, ignore_na=False) for rule in row_rules(table)
        ],
    )


def _series(array: pa.Array) -> "pd.Series[Any]":
    if pa.types.is_string(array.type):
        return pd.Series(array, dtype="string[pyarrow]")
    if pa.types.is_boolean(array.type):
        return pd.Series(array.to_pandas(), dtype="boolean")
    return pd.Series(array.to_pandas())


def _located(faults: pd.DataFrame, batch: RowBatch) -> pd.DataFrame:
    """Faults with the row's number and the value as found."""
    at = faults["at"].to_numpy(dtype=np.int64)
    values = np.full(len(at), "", dtype=object)
    for name in set(faults["column"]) & set(batch.data.column_names):
        lines = np.flatnonzero(faults["column"] == name)
        found = batch.data.column(name).take(pa.array(at[lines])).to_pylist()
        values[lines] = ["" if value is None else short(value) for value in found]
    located = faults.assign(row=batch.rows[at] if len(at) else at, value=values)
    return located[["row", "column", "value", "reason", "remedy"]]


def _broken(batch: RowBatch) -> tuple[pd.DataFrame, pa.Table]:
    rows = pa.array([line.row for line in batch.broken], type=pa.int64())
    faults = pd.DataFrame(
        {
            "row": rows.to_numpy(),
            "column": "",
            "value": [short(line.text) for line in batch.broken],
            "reason": "more or fewer fields than the header",
            "remedy": "put texts with commas into quotes",
        }
    )
    lines = pa.array([line.text for line in batch.broken], type=pa.string())
    return faults, pa.table({"line": lines, ROW: rows})
