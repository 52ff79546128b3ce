"""Tables that we write for people and machines: Parquet, CSV and workbooks, whole or not at all.

A text that a spreadsheet would take for a formula (`=1+1`, an id such as `-12`) stays text: in a
workbook it is a text cell, in CSV it gets an apostrophe in front, as spreadsheets write it
themselves; `argosy ingest` takes that apostrophe away again.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

SUFFIXES = (".parquet", ".csv", ".xlsx")
_LONGEST_SHEET = 1_048_575  # rows below the header
# What begins a formula in a spreadsheet; tab and carriage return may hide one.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_table(frame: pd.DataFrame, out: Path) -> None:
    """Write a table by the suffix of `out`: a draft takes its place when it is complete.

    frame: the table; its index is not written. out: a file that ends in one of SUFFIXES.
    Raises ValueError for another suffix, or where a workbook cannot hold so many rows.
    """
    if out.suffix not in SUFFIXES:
        raise ValueError(f"{out}: the name must end in {', '.join(SUFFIXES)}")
    draft = out.with_name(f".{out.name}.part")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        frame.apply(without_formulas).to_csv(draft, index=False)
    elif out.suffix == ".xlsx":
        _write_workbook(frame, draft)
    else:
        frame.to_parquet(draft, index=False)
    draft.replace(out)


def table_bytes(frame: pd.DataFrame, suffix: str) -> bytes:
    """A table as the content of a file.

    frame: the table; its index is not written. suffix: one of SUFFIXES. Raises ValueError as
    `write_table`.
    """
    with TemporaryDirectory() as folder:
        out = Path(folder) / f"table{suffix}"
        write_table(frame, out)
        return out.read_bytes()


def without_formula(text: str) -> str:
    """The text as CSV holds it: an apostrophe before what would be a formula.

    >>> without_formula("=1+1"), without_formula("p1")
    ("'=1+1", 'p1')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def with_formula(text: str) -> str:
    """The text that `without_formula` was given.

    >>> with_formula("'=1+1"), with_formula("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA_STARTS) else text


def without_formulas(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column of which each text is as `without_formula` gives it."""
    if not (column.dtype == object or pd.api.types.is_string_dtype(column.dtype)):
        return column
    return column.map(lambda value: without_formula(value) if isinstance(value, str) else value)


def _write_workbook(frame: pd.DataFrame, out: Path) -> None:
    import xlsxwriter

    if len(frame) > _LONGEST_SHEET:
        raise ValueError(
            f"{out.name[1:-5]}: {len(frame):,} rows are more than a workbook holds; write .csv"
        )
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
    }
    with xlsxwriter.Workbook(str(out), options) as workbook:
        sheet = workbook.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, [str(name) for name in frame.columns])
        for place, row in enumerate(frame.itertuples(index=False, name=None), 1):
            for column, value in enumerate(row):
                _write_cell(sheet, place, column, value)


def _write_cell(sheet: Any, row: int, column: int, value: Any) -> None:
    """Numbers as numbers, times as ISO texts (a cell has no zone), nothing where missing."""
    if isinstance(value, list | tuple | dict) or not pd.api.types.is_scalar(value):
        sheet.write_string(row, column, str(value))
    elif pd.isna(value):
        return
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif pd.api.types.is_number(value):
        sheet.write_number(row, column, float(value))
    elif isinstance(value, pd.Timestamp):
        sheet.write_string(row, column, value.isoformat())
    else:
        sheet.write_string(row, column, str(value))
