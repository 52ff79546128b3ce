"""Workbooks (.xlsx, .xls, .ods) as rows of text, sheet by sheet."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")

TextRow = tuple[str | None, ...]


def workbook_sheets(path: Path, *, only: str | None = None) -> Iterator[tuple[str, list[TextRow]]]:
    """Each filled sheet of a workbook: its name, and its rows from the first on, as text.

    path: the file; only: the name of one sheet, None: all.
    Formulas count as their last result. Raises ValueError when the file is no workbook.
    """
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        for name in workbook.sheet_names if only is None else [only]:
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if rows:
                yield name, [tuple(cell_text(cell) for cell in row) for row in rows]
    except (CalamineError, zipfile.BadZipFile) as error:
        raise ValueError(f"it is no workbook ({error})") from error


def sheet_names(path: Path) -> list[str]:
    """The names of a workbook's sheets, in order. Raises ValueError when the file is no workbook.

    path: the file.
    """
    try:
        return list(CalamineWorkbook.from_path(str(path)).sheet_names)
    except (CalamineError, zipfile.BadZipFile) as error:
        raise ValueError(f"it is no workbook ({error})") from error


def cell_text(value: Any) -> str | None:
    """A typed value of a workbook, database or Parquet file as text that reads the same anywhere.

    >>> cell_text(1001.0), cell_text(1.234), cell_text("")
    ('1001', '1.2340', None)
    """
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating | Decimal):
        return _number_text(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value).strip() or None


def _number_text(value: Any) -> str | None:
    if value != value:
        return None
    if abs(value) < 2**53 and value == int(value):
        return str(int(value))
    text = format(value, "f") if isinstance(value, Decimal) else repr(float(value))
    # With three decimals it could be taken for a thousand with a point between.
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text
