"""Small data for the tests beside."""

from collections.abc import Mapping
from typing import Any

from fastapi.testclient import TestClient

PETS = ("kibble", "leash", "bowl", "toy")


def shown(client: TestClient, **body: object) -> Mapping[str, Any]:
    reply = client.post("/v1/recommendations", json=body)
    assert reply.status_code == 200, reply.text
    answer: Mapping[str, Any] = reply.json()
    return answer


def products(answer: Mapping[str, Any]) -> list[str]:
    return [item["product_id"] for item in answer["items"]]
