"""Workbooks are rows of text that read the same anywhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter

from data.lake import Lake
from data.lake.workbooks import cell_text, workbook_sheets


def test_our_own_tables_come_in_from_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with xlsxwriter.Workbook(str(tmp_path / "in" / "fx_rates.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["rate_date", "currency", "rate"])
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime(2, 0, datetime(2024, 5, 1), date)  # noqa: DTZ001  (a cell has no zone)
        sheet.write_row(2, 1, ["USD", 0.925])
    lake = Lake(tmp_path / "lake")
    lake.ingest(tmp_path / "in" / "fx_rates.xlsx")
    row = lake.read("fx_rates").iloc[0]
    assert (row["rate_date"], row["rate"]) == (datetime(2024, 5, 1, tzinfo=UTC), 0.925)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1001.0, "1001"), (1.234, "1.2340"), (0.5, "0.5"), ("", None), (True, "true"), (None, None)],
)
def test_cells(value: object, text: str | None) -> None:
    assert cell_text(value) == text


def test_what_is_no_workbook_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("no")
    with pytest.raises(ValueError, match="no workbook"):
        list(workbook_sheets(tmp_path / "a.xlsx"))
