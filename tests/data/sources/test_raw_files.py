"""Rows keep the file and the row that they came from."""

from pathlib import Path

from data.lake import Lake
from tests.data.sources import exports
from tests.data.sources.taking import take


def test_bad_rows_go_to_the_quarantine_with_file_and_row(tmp_path: Path) -> None:
    exports.shopify(tmp_path / "in", days=60)
    path = tmp_path / "in" / "orders_export_1.csv"
    rows = path.read_text().splitlines()
    rows[4] = rows[4].replace(",Kanne,", ",,")  # no article: not a line
    rows[6] = (
        rows[6]
        .replace(",12.50,", ",free,")
        .replace(",1199.00,", ",free,")
        .replace(",3.00,", ",free,")
    )
    path.write_text("\n".join(rows) + "\n")
    lake = Lake(tmp_path / "lake")
    report = take(lake, tmp_path / "in", "shopify")
    (fault,) = [fault for fault in report.ingest.faults if fault.table == "orders"]
    assert (fault.file, fault.column) == ("orders_export_1.csv", "unit_price")
    assert [(found.row, found.value) for found in fault.examples] == [(6, "free")]
    kept = lake.quarantine("orders")
    assert kept[["file", "row"]].to_numpy().tolist() == [["orders_export_1.csv", 6]]
