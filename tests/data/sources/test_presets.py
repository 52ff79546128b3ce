"""Raw exports of six shop systems come in with their preset, without editing a file."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import exports
import exports_abroad

from data.lake import Lake, StructureError
from data.sources.ingesting import SourceReport, ingest_source
from data.sources.locations import parse_address


def take(lake: Lake, folder: Path, mapping: str, **values: str) -> SourceReport:
    return ingest_source(
        lake,
        parse_address(str(folder)),
        mapping=mapping,
        values=values,
        base_currency="EUR",
    )


@pytest.mark.parametrize("system", exports.SYSTEMS)
def test_each_system(tmp_path: Path, system: str) -> None:
    exports.SYSTEMS[system](tmp_path / "in")
    lake = Lake(tmp_path / "lake")
    report = take(lake, tmp_path / "in", system)
    assert report.ingest.ok
    assert not report.ingest.ignored
    orders = lake.read("orders")
    expected = pd.DataFrame([vars(line) | {"state": line.state} for line in exports.lines()])
    assert len(orders) == len(expected) == 12
    told = orders.sort_values(["order_id", "line_no"])
    assert told["product_id"].tolist() == expected["sku"].tolist()
    assert told["quantity"].tolist() == expected["quantity"].tolist()
    prices = [exports.PRODUCTS[sku][1] for sku in expected["sku"]]
    assert told["unit_price"].tolist() == pytest.approx(prices)
    assert set(orders["currency"]) == {"EUR"}
    returns = {"odoo"}  # returns are stock moves there, not states of an order
    states = expected["state"].where(
        ~expected["state"].eq("returned") | (system not in returns), "placed"
    )
    assert told["status"].tolist() == states.tolist()
    days = [moment.date() for moment in expected["moment"]]
    assert [moment.date() for moment in told["ordered_at"]] == days
    assert set(lake.read("products")["product_id"]) == set(exports.PRODUCTS)
    assert orders["customer_id"].nunique() == (6 if system == "amazon" else 3)


@pytest.mark.parametrize("system", ["shopify", "erpnext"])
def test_the_same_again_changes_nothing(tmp_path: Path, system: str) -> None:
    exports.SYSTEMS[system](tmp_path / "in")
    lake = Lake(tmp_path / "lake")
    take(lake, tmp_path / "in", system)
    before = lake.version()
    take(lake, tmp_path / "in", system)
    assert lake.version() == before


def test_what_only_stands_in_never_replaces_what_is_known(tmp_path: Path) -> None:
    exports.shopify(tmp_path / "in")
    lake = Lake(tmp_path / "lake")
    take(lake, tmp_path / "in", "shopify")
    (tmp_path / "in" / "products_export_1.csv").unlink()
    take(lake, tmp_path / "in", "shopify")
    assert set(lake.read("products")["category"]) == {"Küche"}


def test_master_data_and_stock_of_shopify(tmp_path: Path) -> None:
    exports.shopify(tmp_path / "in")
    lake = Lake(tmp_path / "lake")
    report = take(lake, tmp_path / "in", "shopify", country="DE", time_zone="Europe/Berlin")
    product = lake.read("products").set_index("product_id").loc["=SKU-1"]
    assert (product["origin_country"], product["hs_code"]) == ("CN", "6912")
    stock = lake.read("stock")
    assert set(stock["warehouse_id"]) == set(lake.read("orders")["warehouse_id"]) == {"Berlin"}
    assert stock["observed_at"].max() == lake.read("orders")["ordered_at"].max()
    assert lake.read("warehouses")["country"].tolist() == ["DE"]
    customers, orders = lake.read("customers"), lake.read("orders")
    assert set(customers["customer_id"]) == set(orders["customer_id"])
    assert "@example.com" not in customers.to_csv()
    assert any("currency" in text for text in report.assumed)


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


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    exports.odoo(tmp_path / "in")
    lake = Lake(tmp_path / "lake")
    report = ingest_source(
        lake,
        parse_address(str(tmp_path / "in")),
        mapping="odoo",
        values={},
        base_currency="EUR",
        dry_run=True,
    )
    assert report.ingest.tables["orders"].new == 12
    assert lake.tables()["orders"].rows == 0


def test_without_a_preset_the_right_one_is_named(tmp_path: Path) -> None:
    exports.amazon(tmp_path / "in")
    with pytest.raises(StructureError, match="--map amazon"):
        ingest_source(
            Lake(tmp_path / "lake"),
            parse_address(str(tmp_path / "in")),
            mapping=None,
            values={},
            base_currency="EUR",
        )


@pytest.mark.parametrize("export", exports_abroad.ABROAD, ids=lambda export: str(export.name))
def test_each_system_in_other_languages(tmp_path: Path, export: exports_abroad.Abroad) -> None:
    lake = Lake(tmp_path / "lake")
    folder = exports_abroad.write(export, tmp_path / "in")
    report = take(lake, folder, export.system, **(export.settings or {}))
    assert report.ingest.ok, [str(fault) for fault in report.ingest.faults]
    orders = lake.read("orders").sort_values(["order_id", "line_no"])
    expected = list(exports.lines())
    assert orders["product_id"].tolist() == [line.sku for line in expected]
    assert orders["quantity"].tolist() == [line.quantity for line in expected]
    prices = [export.price(line) for line in expected]
    assert orders["unit_price"].tolist() == pytest.approx(prices)
    assert set(orders["currency"]) == {export.currency}
    told = {state for state, word in export.states.items() if word != export.states["placed"]}
    states = [line.state if line.state in told else "placed" for line in expected]
    assert orders["status"].tolist() == states
    times = [line.moment for line in expected]
    if "%H" in export.time:
        assert [moment.to_pydatetime() for moment in orders["ordered_at"]] == times
    else:
        assert [moment.date() for moment in orders["ordered_at"]] == [at.date() for at in times]
