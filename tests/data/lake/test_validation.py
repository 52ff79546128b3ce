"""All faults of a row at once."""

import time
from pathlib import Path

from data.lake import Lake
from tests.data.lake.order_files import line, write


def test_all_faults_of_a_row_are_told_and_the_row_counts_once(lake: Lake, tmp_path: Path) -> None:
    bad = line(order_id="2", quantity="-1", currency="EUX", ordered_at="soon")
    report = lake.ingest(write(tmp_path / "in", line(), bad)).tables["orders"]
    assert {fault.column for fault in report.faults} == {"quantity", "currency", "ordered_at"}
    assert report.quarantined == 1


def test_a_wrong_type_in_row_one_million_is_found(lake: Lake, tmp_path: Path) -> None:
    rows = [f"p{number},{number % 50}.5" for number in range(1, 1_000_101)]
    rows[999_999] = "p1000000,cheap"
    source = write(tmp_path / "in", *rows, name="products.csv", header="product_id,price")
    start = time.perf_counter()
    report = lake.ingest(source)
    seconds = time.perf_counter() - start
    (fault,) = report.faults
    assert str(fault) == (
        "products.csv: price: not a number (row 1000000: 'cheap'); write a number such as 12.50"
    )
    assert report.tables["products"].new == 1_000_099
    assert seconds < 30
