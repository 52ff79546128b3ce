"""Raw exports of six shop systems come in with their preset, without editing a file."""

from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake
from tests.data.sources import exports, exports_abroad
from tests.data.sources.taking import take


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
