"""Tables found in a folder."""

from pathlib import Path

import pytest

from data.lake import Lake
from tests.data.lake.order_files import refused, write


def test_structural_faults_are_told_together(lake: Lake, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "orders.csv").touch()
    (source / "products.csv").write_text("sku,title\n1,a\n")
    (source / "stock.parquet").write_text("not parquet")
    (source / "customers.csv").write_text("customer_id\nc1\n")
    (source / "customers.parquet").touch()
    (source / "events").mkdir()
    said = refused(lake, source).splitlines()
    assert len(said) == 5
    assert any("orders.csv: the file is empty" in text for text in said)
    assert any("products.csv: the required column product_id is missing" in text for text in said)
    assert any("stock.parquet: cannot be read" in text for text in said)
    assert any("both customers.csv and customers.parquet are here" in text for text in said)
    assert any("events/: no .csv, .xlsx or .parquet file inside" in text for text in said)


def test_all_missing_columns_are_told_with_a_hint(lake: Lake, tmp_path: Path) -> None:
    source = write(tmp_path / "in", "1,w", name="stock.csv", header="On_Hand,warehouse")
    said = refused(lake, source)
    assert "column observed_at is missing" in said
    assert "column on_hand is missing; rename 'On_Hand' to 'on_hand'" in said
    assert "column product_id is missing" in said


def test_a_folder_without_tables(lake: Lake, tmp_path: Path) -> None:
    assert "is not there" in refused(lake, tmp_path / "nowhere")
    (tmp_path / "in").mkdir()
    assert "holds no table. It is empty" in refused(lake, tmp_path / "in")
    (tmp_path / "in" / "order.csv").touch()
    assert "order.csv (did you mean orders?)" in refused(lake, tmp_path / "in")
    write(tmp_path / "in" / "2024")
    assert f"tables are inside: name that folder, {tmp_path / 'in' / '2024'}" in refused(
        lake, tmp_path / "in"
    )
    (tmp_path / "in" / "orders.csv.gz").touch()
    assert "orders.csv.gz (it is compressed; unpack it)" in refused(lake, tmp_path / "in")
    for number in range(7):
        (tmp_path / "in" / f"photo_{number}.jpg").touch()
    assert "photo_0.jpg, photo_1.jpg and 5 more. Name" in refused(lake, tmp_path / "in")


@pytest.mark.parametrize("name", ["x_Größe", "x_A", 'x_a"b', "x_"])
def test_own_signals_need_plain_names(lake: Lake, tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    header = f"payment_id,attempted_at,customer_id,amount,currency,{quoted}"
    source = write(tmp_path / "in", "1", name="payments.csv", header=header)
    assert "rename it" in refused(lake, source)


def test_an_empty_table_is_no_fault(lake: Lake, tmp_path: Path) -> None:
    report = lake.ingest(write(tmp_path / "in"))
    assert report.ok
    assert report.tables["orders"].read == 0
