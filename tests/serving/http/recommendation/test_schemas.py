"""Questions that are refused."""

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": 101},
        {"market": "Germany"},
        {"customer": "c01"},
        {"filters": {"colour": "red"}},
        {"diversity": 2},
        {"filters": {"price": {"min": 2.0, "max": 1.0}}},
    ],
)
def test_a_request_that_is_wrong_is_told_so(client: TestClient, body: dict[str, object]) -> None:
    reply = client.post("/v1/recommendations", json=body)
    assert reply.status_code == 422
    assert reply.json()["code"] == "invalid_request"
    assert client.post("/v1/events", json={"events": []}).status_code == 422


def test_prices_between_which_there_is_none_are_refused_in_a_query_too(client: TestClient) -> None:
    reply = client.get("/v1/trending?price_min=2&price_max=1")
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/price_min"
    assert client.get("/v1/trending?price_min=2&price_max=2").status_code == 200
