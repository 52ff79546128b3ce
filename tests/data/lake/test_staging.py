"""Files of one table through the checks."""

import time
from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake, RefusedError
from tests.data.lake.order_files import line, write


def test_equal_rows_of_one_file_count_once(lake: Lake, tmp_path: Path) -> None:
    report = lake.ingest(write(tmp_path / "in", line(), line(), line(order_id="2")))
    assert report.ok
    orders = report.tables["orders"]
    assert (orders.read, orders.new, orders.repeated) == (3, 2, 1)


def test_different_rows_with_one_key_are_both_faults(lake: Lake, tmp_path: Path) -> None:
    lake.ingest(write(tmp_path / "first", line(quantity="7")))
    rows = [line(order_id="2"), line(quantity="1"), line(order_id="3"), line(quantity="2")]
    report = lake.ingest(write(tmp_path / "in", *rows))
    (fault,) = report.faults
    assert fault.count == 2
    assert fault.column == "order_id + line_no"
    assert [(found.row, found.value) for found in fault.examples] == [
        (2, "1 1 (also in row 4)"),
        (4, "1 1 (also in row 2)"),
    ]
    frame = lake.read("orders").set_index("order_id")
    assert frame["quantity"].to_dict() == {"1": 7, "2": 2, "3": 2}  # the older row stays
    orders = report.tables["orders"]
    assert orders.read == orders.new + orders.quarantined == 4


def test_columns_of_mixed_values_are_read_as_text(lake: Lake) -> None:
    products = pd.DataFrame({"product_id": [7, "b", "c"], "price": [1, "2.5", "x"]})
    report = lake.append("products", products)
    assert lake.read("products")["product_id"].tolist() == ["7", "b"]
    assert report.faults[0].examples[0].row == 3


def test_one_key_on_every_row_is_told_in_no_time(lake: Lake, tmp_path: Path) -> None:
    rows = [f"same,{number}" for number in range(30_000)]
    source = write(tmp_path / "in", *rows, name="products.csv", header="product_id,price")
    start = time.perf_counter()
    with pytest.raises(RefusedError, match=r"different rows with one key .* and 29997 more"):
        lake.ingest(source)
    assert time.perf_counter() - start < 15
