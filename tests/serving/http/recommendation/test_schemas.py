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
    ],
)
def test_a_request_that_is_wrong_is_told_so(client: TestClient, body: dict[str, object]) -> None:
    reply = client.post("/v1/recommendations", json=body)
    assert reply.status_code == 422
    assert reply.json()["code"] == "invalid_request"
    assert client.post("/v1/events", json={"events": []}).status_code == 422
