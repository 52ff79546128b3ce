"""A source into the lake, or only looked at."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake, RefusedError
from data.sources.ingesting import SourceReport, ingest_source
from data.sources.loading import MappingError
from data.sources.locations import parse_address
from tests.data.sources import exports


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


def ingest_own(folder: Path, lake: Lake, values: Mapping[str, str]) -> SourceReport:
    address = parse_address(str(folder))
    return ingest_source(lake, address, mapping=None, values=values, base_currency="EUR")


@pytest.fixture
def german(tmp_path: Path) -> Path:
    """Our own tables as a German spreadsheet writes them, orders in a folder of two files."""
    folder = tmp_path / "in"
    (folder / "orders").mkdir(parents=True)
    head = "order_id;line_no;ordered_at;customer_id;product_id;warehouse_id;quantity;unit_price;"
    line = "{n};1;{n}.07.2024 08:30:00;17;1001;main;2,0;19,90;EUR\n"
    for place, days in enumerate(((13, 14), (15, 16))):
        text = f"{head}currency\n" + "".join(line.format(n=day) for day in days)
        (folder / "orders" / f"{place}.csv").write_text(text, "utf-8-sig")
    products = pd.DataFrame({"product_id": [1001.0], "title": ["Größe 7"]})
    products.to_excel(folder / "products.xlsx", index=False, engine="xlsxwriter")
    return folder


def test_own_tables_say_how_they_are_written(german: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    with pytest.raises(RefusedError, match=r"Or say how .* --set time_zone=Europe/Berlin"):
        ingest_own(german, lake, {})
    report = ingest_own(german, lake, {"time_zone": "Europe/Berlin"})
    assert report.ingest.ok
    orders = lake.read("orders")
    assert orders["ordered_at"].min() == pd.Timestamp("2024-07-13T06:30:00Z")
    assert set(orders["unit_price"]) == {19.9}
    assert set(orders["product_id"]) == set(lake.read("products")["product_id"]) == {"1001"}


def test_what_is_set_for_own_tables_is_checked(german: Path, tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="there is no value 'zone'"):
        ingest_own(german, Lake(tmp_path / "lake"), {"zone": "Europe/Berlin"})
