"""Ids that look like formulas survive in what we write, and come back as they were."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.lake.files import csv_batches
from data.lake.workbooks import workbook_sheets
from data.table_files import write_table

IDS = ["=1+1", "+49", "-12", "@x", "p1", "007", "a,b", "\tq"]
FRAME = pd.DataFrame({"product_id": IDS, "quantity": np.arange(8) - 2.5})


def test_csv_has_no_formula_and_is_read_back(tmp_path: Path) -> None:
    write_table(FRAME, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[1] == "'=1+1,-2.5"
    assert not any(line.startswith(("=", "+", "-", "@")) for line in lines)
    read = next(csv_batches(tmp_path / "out.csv", list(FRAME), ["product_id"]))
    assert read.data["product_id"].to_pylist() == IDS


def test_a_workbook_has_texts_and_numbers(tmp_path: Path) -> None:
    frame = FRAME.assign(
        when=pd.Timestamp("2024-05-01T10:00Z"), none=None, tags=[["a", "b"]] * 8, flag=True
    )
    write_table(frame, tmp_path / "out.xlsx")
    (_, rows), *_ = workbook_sheets(tmp_path / "out.xlsx")
    assert rows[0] == ("product_id", "quantity", "when", "none", "tags", "flag")
    assert rows[1] == ("=1+1", "-2.5", "2024-05-01T10:00:00+00:00", None, "['a', 'b']", "true")
    assert [row[0] for row in rows[1:7]] == IDS[:6]


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must end in"):
        write_table(FRAME, tmp_path / "out.txt")
