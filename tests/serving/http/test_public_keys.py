"""Public keys and the origins whose pages may ask."""

import pytest
from fastapi.testclient import TestClient

from decisions.runtime import Runtime
from serving.http.app import create_app
from serving.http.auth import create_key

ORIGIN = "https://shop.example"


@pytest.fixture(scope="module")
def client(guarded_shop: Runtime) -> TestClient:
    settings = guarded_shop.settings.model_copy(update={"cors_origins": (ORIGIN,)})
    key = create_key(guarded_shop.records, "pages", ["public"])
    return TestClient(create_app(settings, guarded_shop), headers={"X-API-Key": key})


def view(**more: str) -> dict[str, list[dict[str, str]]]:
    row = {"event_id": "e1", "kind": "view", "product_id": "tea", "visitor_id": "v1"}
    return {"events": [row | more]}


def test_a_public_key_sends_events_and_asks_for_recommendations(client: TestClient) -> None:
    assert client.post("/v1/events", json=view()).status_code == 202
    body = {"visitor_id": "v1", "market": "DE", "limit": 2}
    assert len(client.post("/v1/recommendations", json=body).json()["items"]) == 2


def test_a_public_key_speaks_for_no_customer(client: TestClient) -> None:
    assert client.post("/v1/events", json=view(customer_id="c01")).status_code == 403
    refused = client.post("/v1/recommendations", json={"customer_id": "c01"})
    assert (refused.status_code, "/v1/identities" in refused.text) == (403, True)


@pytest.mark.parametrize(
    "path", ["/v1/kpis", "/v1/alerts", "/v1/data/tables", "/v1/models", "/v1/trending", "/v1/keys"]
)
def test_a_public_key_reads_nothing_else(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in {403, 404}


def test_pages_of_named_origins_may_ask_and_no_others(client: TestClient) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-API-Key"}
    allowed = client.options("/v1/events", headers=asked | {"Origin": ORIGIN})
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    answer = client.post("/v1/events", json=view(), headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    other = client.options("/v1/events", headers=asked | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_without_the_setting_no_origin_is_allowed(guarded_shop: Runtime) -> None:
    plain = TestClient(create_app(guarded_shop.settings, guarded_shop))
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in plain.options("/v1/events", headers=asked).headers
