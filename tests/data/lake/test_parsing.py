"""From what a file holds to the types of the contract."""

import math
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.lake import Lake, RefusedError
from tests.data.lake.order_files import line, products, write


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ordered_at", "2024-05-01T14:00:00+02:00"),
        ("ordered_at", "2024-05-01 12:00:00Z"),
        ("ordered_at", "2024-05-01T12:00:00.123456789Z"),
        ("currency", "eur"),
        ("quantity", "0.001"),
        ("unit_price", "0"),
        ("unit_price", "1e3"),
        ("line_no", "0"),
        ("line_no", "2.0"),
        ("customer_id", "c" * 128),
        ("customer_id", "客户-7"),
    ],
)
def test_unusual_but_good_values(lake: Lake, tmp_path: Path, column: str, value: str) -> None:
    assert lake.ingest(write(tmp_path / "in", line(**{column: value}))).ok


def ingest_products(lake: Lake, tmp_path: Path, table: pa.Table) -> None:
    (tmp_path / "in").mkdir(exist_ok=True)
    pq.write_table(table, tmp_path / "in" / "products.parquet")
    lake.ingest(tmp_path / "in")


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([7, 8], pa.int32()),
        pa.array([7, 8], pa.uint64()),
        pa.array([7.0, 8.0]),
        pa.array(["7", "8"]).dictionary_encode(),
        pa.array(["7", "8"], pa.large_string()),
        pa.array([b"7", b"8"]),
    ],
    ids=lambda ids: str(ids.type),
)
def test_ids_become_text(lake: Lake, tmp_path: Path, ids: pa.Array) -> None:
    ingest_products(lake, tmp_path, products(product_id=ids))
    assert lake.read("products")["product_id"].tolist() == ["7", "8"]


def test_columns_of_other_types(lake: Lake, tmp_path: Path) -> None:
    import decimal

    ingest_products(
        lake,
        tmp_path,
        products(
            product_id=pa.array(["a", "b"]),
            price=pa.array([decimal.Decimal("1.25"), None]),
            weight_kg=pa.array([1, math.nan]),
            launched_on=pa.array([datetime(2024, 5, 1, 7), None], pa.timestamp("ns")),  # noqa: DTZ001
            discontinued_on=pa.array([date(2024, 5, 1), None]),
            hs_code=pa.array([1234, None]),
        ),
    )
    row, empty = lake.read("products").to_dict("records")
    assert (row["price"], row["weight_kg"], row["hs_code"]) == (1.25, 1, "1234")
    assert row["launched_on"] == row["discontinued_on"] == datetime(2024, 5, 1, tzinfo=UTC)
    assert empty["hs_code"] is None
    assert math.isnan(empty["weight_kg"])


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("product_id", pa.array([7.5, 8.0]), "a broken number is no id"),
        ("price", pa.array([math.inf, 1.0]), "not a finite number"),
        ("price", pa.array([[1.0], None]), "not a number"),
        ("title", pa.array([b"\xff", None]), "not text"),
        ("launched_on", pa.array([20240501, None]), "not a date"),
        ("launched_on", pa.array(["9999-12-31", None]), "not a date between 1900 and 2261"),
        ("discontinued_on", pa.array([datetime(9999, 1, 1), None]), "outside 1900 to 2261"),  # noqa: DTZ001
    ],
)
def test_values_a_type_cannot_save(
    lake: Lake, tmp_path: Path, column: str, values: pa.Array, said: str
) -> None:
    columns = {"product_id": pa.array(["a", "b"])} | {column: values}
    ingest_products(lake, tmp_path, products(**columns))
    assert len(lake.read("products")) == 1
    assert lake.quarantine("products")["reason"].tolist() == [said]


def test_local_times_in_parquet_have_no_zone(lake: Lake) -> None:
    stock = {"observed_at": [datetime(2024, 5, 1)], "warehouse_id": ["w"], "product_id": ["p"]}  # noqa: DTZ001
    report = lake.append("stock", pd.DataFrame({**stock, "on_hand": [1]}))
    assert report.faults[0].reason == "a time with no zone"


@pytest.mark.parametrize("answer", ["true", "FALSE", "1", "0", "Yes", "maybe"])
def test_flags(lake: Lake, answer: str) -> None:
    label = {"payment_id": ["p"], "reported_at": [pd.Timestamp("2024-05-01", tz="UTC")]}
    report = lake.append("chargebacks", pd.DataFrame({**label, "is_fraud": [answer]}))
    if answer == "maybe":
        assert report.faults[0].reason == "neither true nor false"
    else:
        assert lake.read("chargebacks")["is_fraud"].tolist() == [answer in {"true", "1", "Yes"}]


@pytest.mark.parametrize("value", ["1,250.00", "1 250", "12'345.5", "-1,250,000"])
def test_parted_thousands_are_told(lake: Lake, tmp_path: Path, value: str) -> None:
    source = write(tmp_path / "in", line(unit_price=f'"{value}"'))
    with pytest.raises(RefusedError, match=r"unit_price: parted thousands .*write 1250.00"):
        lake.ingest(source)
