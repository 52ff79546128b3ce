"""Workbooks are rows of text that read the same anywhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter

from data.lake import Lake
from data.lake.reports import StructureError
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


def test_each_sheet_of_a_workbook_may_be_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with xlsxwriter.Workbook(str(folder / "shop.xlsx"), {"strings_to_formulas": False}) as book:
        for name, rows in {
            "Suppliers": [["supplier_id", "name"], ["=S", "Ann"]],
            "notes": [["read", "this"]],
            "products": [["product_id", "title"], ["=P1", "=tea"], ["", ""], ["-7", "x"]],
        }.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    for place, source in enumerate((folder, folder / "shop.xlsx")):
        lake = Lake(tmp_path / f"lake{place}")
        report = lake.ingest(source)
        assert set(report.tables) == {"products", "suppliers"}
        assert lake.read("products")["product_id"].tolist() == ["-7", "=P1"]
        assert lake.read("suppliers")["supplier_id"].tolist() == ["=S"]
    (folder / "products.csv").write_text("product_id\np\n")
    with pytest.raises(StructureError, match=r"products: it is in shop\.xlsx and elsewhere"):
        lake.ingest(folder)


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
