"""What must not be answered is refused at the door, as a problem, whatever it is."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.records import ApiKey
from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app
from serving.http.auth import create_key, digest

PATH = "/v1/fraud/decisions"
PAYMENT: dict[str, Any] = {
    "payment_id": "p1",
    "attempted_at": "2026-01-01T00:00:00Z",
    "customer_id": "c1",
    "amount": 20.0,
    "currency": "EUR",
}


@pytest.fixture
def client(settings: Settings, registry: Registry) -> Iterator[TestClient]:
    given = settings.model_copy(update={"auth": True, "use_cases": ("fraud",)})
    runtime = Runtime(given, registry)
    runtime.records.migrate()
    key = create_key(runtime.records, "payments", ["decide"])
    with TestClient(create_app(given, runtime), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def refused(client: TestClient, status: int, code: str, **sent: Any) -> str:
    """The detail of the problem with which a request is refused."""
    answer = client.post(PATH, **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == code
    return str(problem["detail"])


def raw(content: str | bytes) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": "application/json"}}


def test_bodies_that_are_no_request(client: TestClient) -> None:
    assert client.post(PATH, json=PAYMENT).status_code == 200
    for torn in ('{"payment_id": "p2"', "", "nothing", '{"amount": 1,}'):
        assert client.post(PATH, **raw(torn)).status_code in {400, 422}
    no_json = ('{"payment_id": "p2"', b'"\xff\xfe"', '{"amount": NaN}')
    for broken in no_json:
        refused(client, 400, "malformed_json", **raw(broken))
    for deep in ("[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000):
        assert client.post(PATH, **raw(deep)).status_code in {400, 422}
    told = refused(client, 413, "body_too_large", **raw(b" " * 10_000_000))
    assert "1,000,000 bytes" in told
    refused(client, 415, "unsupported_media_type", content="a=b", headers={"Content-Type": "x/y"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_id", 7),
        ("payment_id", None),
        ("attempted_at", "yesterday"),
        ("customer_id", ["c1"]),
        ("amount", "much"),
        ("amount", -1.0),
        ("currency", {"code": "EUR"}),
    ],
)
def test_a_wrong_type_is_named_by_its_field(client: TestClient, field: str, value: Any) -> None:
    body = json.dumps(PAYMENT | {field: value})
    assert f"/{field}" in refused(client, 422, "invalid_request", **raw(body))


def test_keys_that_open_nothing(client: TestClient) -> None:
    records = client.app.state.runtime.records  # type: ignore[attr-defined]  # ASGI apps have no state
    past = datetime.now(UTC) - timedelta(seconds=1)
    records.add_key(
        ApiKey(
            name="old",
            digest=digest("argosy_old"),
            scopes=("decide",),
            created_at=past - timedelta(days=1),
            expires_at=past,
            per_minute=None,
        )
    )
    other = create_key(records, "storefront", ["recommend", "events"])
    given = client.headers.pop("Authorization")
    refused(client, 401, "unauthorized", json=PAYMENT)
    for wrong in ("argosy_old", "argosy_unknown", "", "\u00e9"):
        header = {"X-API-Key": wrong.encode()}
        refused(client, 401, "unauthorized", json=PAYMENT, headers=header)
    told = refused(client, 403, "forbidden", json=PAYMENT, headers={"X-API-Key": other})
    assert "lacks the scope decide" in told
    assert client.post(PATH, json=PAYMENT, headers={"Authorization": given}).status_code == 200


def test_a_method_that_is_not_there_is_told_those_that_are(shop_client: TestClient) -> None:
    for path, methods in (
        ("/v1/fraud/lists", "GET, POST"),
        ("/v1/placements/home", "DELETE, PUT"),
        ("/v1/replenishment/suggestions/wDE~lemon~:approve", "POST"),
        ("/v1/customers/c1", "DELETE, GET"),
    ):
        found = shop_client.request("PATCH", path)
        assert (found.status_code, found.headers["allow"]) == (405, methods), path


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/replenishment/plan", {"budget": False}),
        ("/v1/replenishment/plan", {"lead_time_days": "21"}),
        ("/v1/recommendations", {"customer_id": "c1", "explain": 0}),
        ("/v1/recommendations", {"customer_id": "c1", "filters": {"price": {"max": False}}}),
    ],
)
def test_a_number_is_no_text_and_no_flag(
    shop_client: TestClient, path: str, body: dict[str, Any]
) -> None:
    assert shop_client.post(path, json=body).status_code == 422
