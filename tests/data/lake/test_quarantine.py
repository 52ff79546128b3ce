"""Rows that did not pass."""

from pathlib import Path

from data.lake import Lake
from tests.data.lake.order_files import line, write


def test_the_quarantine_tells_what_and_why(lake: Lake, tmp_path: Path) -> None:
    source = write(tmp_path / "in", line(), line(order_id="2", quantity="-1"))
    for _ in range(2):  # the same file again does not double them
        lake.ingest(source)
    kept = lake.quarantine("orders")
    assert len(kept) == 1
    assert kept.loc[0, ["file", "row", "column", "value"]].tolist() == [
        "orders.csv",
        2,
        "quantity",
        "-1",
    ]
    assert '"order_id":"2"' in kept.loc[0, "record"]
    assert kept.loc[0, "remedy"].startswith("write a positive number")
    (file,) = (lake.folder / "quarantine" / "orders").glob("*.csv")
    assert ",'-1," in file.read_text()  # no formula for the spreadsheet that opens it
    file.unlink()  # settled
    assert lake.tables()["orders"].quarantined == 0
    assert lake.quarantine("orders").empty


def test_a_correction_comes_in_and_the_quarantine_stays(lake: Lake, tmp_path: Path) -> None:
    lake.ingest(write(tmp_path / "in", line(), line(order_id="2", quantity="-1")))
    report = lake.ingest(write(tmp_path / "in", line(), line(order_id="2", quantity="1")))
    assert report.ok
    assert len(lake.read("orders")) == 2
    assert lake.tables()["orders"].quarantined == 1
