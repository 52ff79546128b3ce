"""Lines as JSON and as CSV."""

import io

import pandas as pd
from fastapi.testclient import TestClient

from tests.serving.http.replenishment.small_plan import (
    PRODUCTS,
    get,
)


def test_every_pair_has_a_line_with_a_reason(client: TestClient) -> None:
    page = get(client)
    lines = {line["product_id"]: line for line in page["data"]}
    assert set(lines) == set(PRODUCTS)
    assert (page["model_version"], page["served_by"], page["degraded"]) == ("3", "OrderUpTo", False)
    assert page["as_of"] == "2024-03-04T08:00:00Z"
    assert (page["has_more"], page["next_cursor"]) == (False, None)
    assert lines["short"]["order_quantity"] > 10
    assert lines["short"]["order_quantity"] % 6 == 0
    assert lines["short"]["not_ordered_reason"] is None
    assert lines["enough"]["not_ordered_reason"] == "stock and orders cover the demand"
    assert lines["bare"]["not_ordered_reason"] == "no supply terms"
    assert lines["bare"]["supplier_id"] is None
    assert lines["bare"]["order_up_to"] is None
    assert all(line["reason"] for line in lines.values())
    risks = [line["money_at_risk"] for line in page["data"] if line["money_at_risk"] is not None]
    assert risks == sorted(risks, reverse=True)


def test_csv_has_the_same_lines(client: TestClient) -> None:
    answer = client.get("/v1/replenishment/suggestions", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["x-model-version"] == "3"
    table = pd.read_csv(io.StringIO(answer.text), keep_default_na=False)
    lines = get(client)["data"]
    assert list(table["id"]) == [line["id"] for line in lines]
    assert list(table["order_quantity"]) == [line["order_quantity"] for line in lines]
    assert list(table["reason"]) == [line["reason"] for line in lines]
