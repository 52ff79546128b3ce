"""Small data for the tests beside."""

from pathlib import Path

import pyarrow as pa
import pytest

from data.lake import Lake, StructureError

HEADER = (
    "order_id,line_no,ordered_at,customer_id,product_id,warehouse_id,quantity,unit_price,currency"
)


GOOD = ("1", "1", "2024-05-01T12:00:00Z", "c1", "p1", "w1", "2", "9.50", "EUR")


NAMES = HEADER.split(",")


def line(**changed: str) -> str:
    row = dict(zip(NAMES, GOOD, strict=True)) | changed
    return ",".join(row[name] for name in NAMES)


def write(folder: Path, *lines: str, name: str = "orders.csv", header: str = HEADER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join([header, *lines]) + "\n")
    return folder


def refused(lake: Lake, source: Path) -> str:
    with pytest.raises(StructureError) as error:
        lake.ingest(source)
    assert not lake.folder.exists() or lake.version() == Lake(lake.folder / "none").version()
    return str(error.value)


def products(**columns: pa.Array) -> pa.Table:
    return pa.table(columns)
