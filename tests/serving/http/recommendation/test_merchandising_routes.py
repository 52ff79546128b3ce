"""The merchant's lists over HTTP."""

from fastapi.testclient import TestClient

from tests.serving.http.recommendation.asking_products import products, shown


def test_a_merchants_list_holds_at_its_placement(client: TestClient) -> None:
    wanted = {"pins": ["leash"], "boosts": [{"factor": 0.001, "product_id": "tea"}]}
    put = client.put("/v1/placements/list", json=wanted)
    assert put.status_code == 200
    query = {"customer_id": "c01", "limit": 4, "explain": True}
    there = shown(client, **query, placement="list")
    assert products(there)[0] == "leash"
    assert there["items"][0]["reasons"][0]["code"] == "pinned"
    assert "tea" not in products(there)
    assert "leash" not in products(shown(client, **query, placement="elsewhere"))
    listed = client.get("/v1/placements").json()["data"]
    assert [each["placement"] for each in listed] == ["list"]
    assert client.delete("/v1/placements/list").status_code == 204
    assert "leash" not in products(shown(client, **query, placement="list"))
    bad = client.put("/v1/placements/list", json={"boosts": [{"factor": 2}]})
    assert bad.status_code == 422
