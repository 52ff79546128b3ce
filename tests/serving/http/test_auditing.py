"""What is changed over HTTP stands in the audit log, with who answers for it."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from data.records import DatabaseError
from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app
from serving.http.auditing import KEPT_THEMSELVES, QUESTIONS
from serving.http.auth import create_key

ENTRY = {"list": "block", "column": "card_id", "value": "tok", "reason": "stolen"}


@pytest.fixture
def runtime(settings: Settings, registry: Registry) -> Runtime:
    return Runtime(settings.model_copy(update={"auth": True}), registry)


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        key = create_key(runtime.records, "desk", ["admin"], owner="Ann Lee")
        client.headers["X-API-Key"] = key
        yield client


def test_changes_are_noted_with_their_owner_and_questions_are_not(
    client: TestClient, runtime: Runtime
) -> None:
    placement = {"pins": [], "boosts": []}
    assert client.put("/v1/placements/home", json=placement).is_success
    assert client.get("/v1/fraud/rules").is_success
    assert client.post("/v1/fraud/lists", json=ENTRY | {"list": "no"}).status_code == 422
    assert client.post("/v1/fraud/lists", json=ENTRY).is_success
    listed, placed = runtime.records.audit.entries()
    assert (listed.actor, listed.owner) == ("desk", "Ann Lee")
    assert listed.action == "POST /v1/fraud/lists"
    assert (placed.action, placed.target) == (
        "PUT /v1/placements/{placement}",
        {"placement": "home"},
    )
    assert client.get("/v1/me").json()["owner"] == "Ann Lee"


# They change something, and a second time nothing more: no Idempotency-Key is needed.
WITHOUT_A_KEY = {
    "/v1/experiments/{experiment_id}:stop",
    "/v1/experiments/{experiment_id}:roll-out",
    "/v1/fraud/policy",
}


def test_what_is_asked_by_post_is_known_as_a_question(client: TestClient) -> None:
    """A POST either takes an Idempotency-Key, or is a question, which stands in no log."""
    paths = client.app.openapi()["paths"]  # type: ignore[attr-defined]  # TestClient knows any ASGI
    posts = {path: methods["post"] for path, methods in paths.items() if "post" in methods}
    keyless = {
        path
        for path, post in posts.items()
        if "idempotency-key" not in {one["name"] for one in post.get("parameters", ())}
    }
    assert keyless - WITHOUT_A_KEY - KEPT_THEMSELVES == QUESTIONS


def test_people_are_in_it_only_as_keyed_hashes(client: TestClient, runtime: Runtime) -> None:
    assert client.delete("/v1/customers/c-ann-4711").is_success
    (entry,) = runtime.records.audit.entries()
    assert entry.action == "DELETE /v1/customers/{customer_id}"
    assert entry.target["customer_id"].startswith("erased_")
    assert client.delete("/v1/customers/c-ann-4711").is_success
    assert runtime.records.audit.check().broken_at is None


def test_what_cannot_be_noted_is_refused_and_noted_when_it_is_sent_again(
    client: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DatabaseError("the disk is full")

    key = {"Idempotency-Key": "once"}
    with monkeypatch.context() as patched:
        patched.setattr(runtime.records.audit, "add", full)
        answer = client.post("/v1/fraud/lists", json=ENTRY, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert client.post("/v1/fraud/lists", json=ENTRY, headers=key).status_code == 201
    (entry,) = runtime.records.audit.entries()
    assert entry.target == {"replayed": "true"}
