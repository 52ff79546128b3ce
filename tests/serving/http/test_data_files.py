"""Files over HTTP: tried without effect, taken in whole, refused whole with what to do."""

import zipfile
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.runtime import Runtime
from serving.http import data_files
from serving.http.app import create_app

ORDERS = """order_id,line_no,ordered_at,customer_id,product_id,warehouse_id,quantity,unit_price,\
currency
o1,1,2024-05-01T10:00:00Z,c1,p1,DE1,2,3.5,EUR
o2,1,2024-05-02T10:00:00Z,c2,p1,DE1,1,3.5,EUR
"""
SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Variant SKU,Variant Price,Cost per item,Status
kettle,Kettle,,Acme,Kitchen,KET-1,29.90,12.00,active
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[TestClient, Runtime]]:
    settings = Settings(home=tmp_path, auth=False)
    runtime = Runtime(settings)
    runtime.records.migrate()
    yield TestClient(create_app(settings, runtime)), runtime
    runtime.stop()


def sent(client: TestClient, *files: tuple[str, bytes | str], **more: Any) -> Any:
    body = [
        {
            "name": name,
            "content": b64encode(text.encode() if isinstance(text, str) else text).decode(),
        }
        for name, text in files
    ]
    return client.post("/v1/data/files", json={"files": body, **more})


def test_a_try_changes_nothing_and_taking_in_twice_changes_nothing_more(shop: Any) -> None:
    client, runtime = shop
    tried = sent(client, ("orders.csv", ORDERS), dry_run=True).json()
    assert tried["dry_run"]
    assert tried["tables"][0]["read"] == 2
    assert {each["use_case"] for each in tried["missing"]} >= {"fraud", "replenishment"}
    assert runtime.lake.read("orders").empty
    assert sent(client, ("orders.csv", ORDERS)).json()["tables"][0]["new"] == 2
    assert sent(client, ("orders.csv", ORDERS)).json()["tables"][0]["new"] == 0
    assert len(runtime.lake.read("orders")) == 2


def test_an_export_of_another_system_is_read_by_its_mapping(shop: Any) -> None:
    client, runtime = shop
    told = sent(
        client, ("products_export.csv", SHOPIFY), mapping="shopify", values={"currency": "EUR"}
    )
    assert told.status_code == 200, told.text
    assert told.json()["files"][0]["read_as"]
    assert runtime.lake.read("products")["title"].tolist() == ["Kettle"]


@pytest.mark.parametrize(
    ("files", "more", "said"),
    [
        ([("orders.csv", "order_id,line_no\no1,1\n")], {}, "ordered_at"),
        ([("orders.csv", ORDERS.replace("EUR", "EURO"))], {}, "currency"),
        ([("holiday.csv", "a,b\n1,2\n")], {}, "holiday"),
        ([("products_export.csv", SHOPIFY)], {}, '"mapping\\": \\"shopify\\"'),
        ([("orders.csv", ORDERS), ("orders.csv", ORDERS)], {}, "twice"),
        ([("orders.parquet", b"not parquet")], {}, "orders"),
    ],
)
def test_what_cannot_be_taken_is_told_with_the_remedy(
    shop: Any, files: Any, more: Any, said: str
) -> None:
    client, runtime = shop
    told = sent(client, *files, **more)
    assert told.status_code == 422, told.text
    assert said in told.text
    assert "/tmp" not in told.text
    assert runtime.lake.read("orders").empty


@pytest.mark.parametrize(
    "name", ["../orders.csv", ".orders.csv", "", "a/orders.csv", "a\\b.csv", "字" * 100 + ".csv"]
)
def test_a_name_is_no_path(shop: Any, name: str) -> None:
    assert sent(shop[0], (name, ORDERS)).status_code == 422


@pytest.mark.parametrize("content", ["%%%", "é", "a", "====", "💥💥💥💥"])
def test_content_that_is_no_base64(shop: Any, content: str) -> None:
    body = {"files": [{"name": "orders.csv", "content": content}]}
    told = shop[0].post("/v1/data/files", json=body)
    assert told.status_code == 422
    assert "Base64" in told.text


@pytest.mark.parametrize("mapping", [None, "magento"])
def test_a_broken_workbook_is_told(shop: Any, mapping: str | None) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        book.writestr("a", "b")
    broken = bytearray(packed.getvalue())
    broken[-20:-4] = bytes(16)
    for name in ("orders.xlsx", "CON", "orders.csv"):
        assert sent(shop[0], (name, bytes(broken)), mapping=mapping).status_code == 422


def test_bad_rows_go_to_quarantine_and_are_told(shop: Any) -> None:
    client, runtime = shop
    many = ORDERS + "".join(f"x{n},1,2024-05-03T10:00:00Z,c3,p1,DE1,1,3.5,EUR\n" for n in range(40))
    told = sent(client, ("orders.csv", many + "y,1,yesterday,c3,p1,DE1,1,3.5,EUR\n")).json()
    assert told["tables"][0]["quarantined"] == 1
    assert told["faults"][0]["value"] == "yesterday"
    assert len(runtime.lake.quarantine("orders")) == 1


def test_a_file_may_be_larger_than_other_bodies(shop: Any) -> None:
    rows = "".join(
        f"o{n},1,2024-05-03T10:00:00Z,customer-{n},product-{n % 50},DE1,1,3.5,EUR\n"
        for n in range(20_000)
    )
    told = sent(shop[0], ("orders.csv", ORDERS.splitlines()[0] + "\n" + rows))
    assert told.status_code == 200, told.text
    assert told.json()["tables"][0]["new"] == 20_000
    big = shop[0].post("/v1/identities", content=b" " * 2_000_000)
    assert big.status_code == 413


def test_a_file_that_unpacks_to_far_more_is_refused_unread(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "_MOST_UNPACKED", 1_000_000)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b" " * 2_000_000)
    table = BytesIO()
    pd.DataFrame({"order_id": ["o"] * 1_000_000, "line_no": range(1_000_000)}).to_parquet(table)
    for name, content in (("orders.xlsx", packed), ("orders.parquet", table)):
        told = sent(shop[0], (name, content.getvalue()))
        assert told.status_code == 422, told.text
        assert "unpacks to more" in told.text
