"""The accuracy of past orders over HTTP, on a real lake."""

from datetime import timedelta

import pandas as pd
from fastapi.testclient import TestClient

from tests.serving.http.replenishment.small_plan import NOW, _Live

PATH = "/v1/replenishment/accuracy"


def test_past_orders_stand_beside_what_was_needed(client: TestClient, runtime: _Live) -> None:
    """100 were there and 150 were sold until the next order could arrive: 50 were needed."""
    first = NOW - timedelta(days=40)
    pair = {"warehouse_id": "W", "product_id": "half"}
    count = {**pair, "observed_at": first - timedelta(days=1), "on_hand": 100.0}
    runtime.lake.append("stock", pd.DataFrame([count]))
    order = {**pair, "line_no": 1, "supplier_id": "S", "quantity": 60.0}
    orders = [
        {**order, "po_id": f"a{place}", "ordered_at": first + timedelta(days=20 * place)}
        for place in (0, 1)
    ]
    runtime.lake.append("purchase_orders", pd.DataFrame(orders))
    sale = {**pair, "order_id": "s", "line_no": 1, "customer_id": "c", "unit_price": 1.0}
    sale |= {"currency": "EUR", "quantity": 150.0, "ordered_at": first + timedelta(days=3)}
    runtime.lake.append("orders", pd.DataFrame([sale]))
    page = client.get(PATH, params={"level": "warehouse"}).json()
    (row,) = page["data"]
    assert (page["level"], page["tolerance"]) == ("warehouse", 0.08)
    assert (row["key"], row["orders"], row["ordered"], row["needed"]) == ("W", 1, 60.0, 50.0)
    assert (row["bias"], row["held"], row["within"]) == (0.2, False, 0.0)
    assert client.get(PATH, params={"warehouse_id": "V"}).json()["data"] == []
    assert client.get(PATH, params={"made_here": True}).json()["data"] == []
    assert len(client.get(PATH, params={"made_here": False}).json()["data"]) == 1
    assert client.get(PATH, params={"level": "moon"}).status_code == 422
