"""Orders above an amount take two people: over HTTP, with keys, in two workers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.replenishment.plan import Plans
from decisions.runtime import Runtime
from features import forecasting
from features.replenishment import SERVICE, VIEWS
from features.store import Store
from serving.http.app import create_app
from serving.http.auth import create_key
from tests.serving.http.replenishment.small_plan import NOW, fill, forecasts, release

SHORT, HALF = "W~short~S", "W~half~S"
ROOT = "/v1/replenishment"
PEOPLE = {"screen-1": "anna@shop.example", "screen-2": "Anna@shop.example", "till": "bela"}


class _Live(Runtime):
    """With one release in use without a registry behind it."""

    def release(self, row: str) -> Any:
        return release() if row == "replenishment" else None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", second_approval_above=20.0)


@pytest.fixture
def runtime(settings: Settings) -> Iterator[_Live]:
    runtime = _Live(settings)
    fill(runtime.lake)
    views = (*forecasting.VIEWS, *VIEWS)
    runtime.store = Store(settings, runtime.lake, views=views, services={"replenishment": SERVICE})
    runtime.store.ensure(NOW)
    runtime.store.write("forecast", forecasts())
    runtime.records.migrate()
    yield runtime
    runtime.store.close()
    runtime.records.close()


@pytest.fixture
def workers(settings: Settings, runtime: _Live) -> Iterator[list[TestClient]]:
    other = _Live(settings)
    with TestClient(create_app(settings, other)) as second:
        yield [TestClient(create_app(settings, runtime)), second]


@pytest.fixture
def keys(runtime: _Live) -> dict[str, str]:
    return {
        name: create_key(runtime.records, name, ("plan", "approve", "admin"), owner=owner)
        for name, owner in PEOPLE.items()
    }


def test_what_one_approves_in_one_worker_another_one_approves_in_the_other(
    workers: list[TestClient], keys: dict[str, str]
) -> None:
    one, other = workers

    def post(at: TestClient, who: str, path: str, body: Any, **headers: str) -> Any:
        return at.post(f"{ROOT}{path}", json=body, headers={"X-API-Key": keys[who], **headers})

    def get(at: TestClient, path: str) -> Any:
        return at.get(f"{ROOT}{path}", headers={"X-API-Key": keys["till"]}).json()

    asked = {"items": [{"id": SHORT, "reason": "before the fair"}, {"id": HALF}]}
    first, again = (
        post(each, "screen-1", "/suggestions:approve", asked, **{"Idempotency-Key": "k"})
        for each in workers
    )
    assert first.json() == again.json(), "one effect, one answer"
    assert {each["state"] for each in first.json()["data"]} == {"awaiting_second"}
    refused = post(other, "screen-2", f"/suggestions/{SHORT}:approve", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "second_person_needed")
    assert "anna@shop.example approved it; somebody else" in refused.json()["detail"]
    assert post(one, "till", "/orders:export", {}).json()["data"] == []

    waiting = get(other, "/approvals")
    assert waiting["above"] == 20.0
    assert {each["asked_by"] for each in waiting["data"]} == {"anna@shop.example"}
    found = {each["id"]: each for each in waiting["data"]}
    assert found[SHORT]["value"] == 2.0 * found[SHORT]["quantity"]
    assert found[SHORT]["reason"] == "before the fair"
    assert {each["id"] for each in get(one, "/lines?state=awaiting_second")["data"]} == set(found)

    done = post(other, "till", "/suggestions:approve", {"items": [{"id": SHORT}, {"id": HALF}]})
    assert {each["state"] for each in done.json()["data"]} == {"approved"}
    assert get(one, "/approvals")["data"] == []
    ordered = post(one, "screen-1", "/orders:export", {}).json()
    assert (len(ordered["data"]), ordered["awaiting_second"]) == (1, [])
    trail = get(one, f"/suggestions/{SHORT}")["trail"]
    assert [(each["after"], each["owner"], each["actor"]) for each in trail] == [
        ("exported", "anna@shop.example", "screen-1"),
        ("approved", "bela", "till"),
        ("awaiting_second", "anna@shop.example", "screen-1"),
    ]


def test_small_orders_together_wait_and_the_export_says_so(
    workers: list[TestClient], keys: dict[str, str], runtime: _Live
) -> None:
    client, key = workers[0], {"X-API-Key": keys["screen-1"]}
    for line in (SHORT, HALF):
        body = {"quantity": 6.0}
        made = client.post(f"{ROOT}/suggestions/{line}:approve", json=body, headers=key)
        assert made.json()["data"][0]["state"] != "awaiting_second"
    made = client.post(f"{ROOT}/orders:export", json={}, headers=key).json()
    assert (made["data"], sorted(made["awaiting_second"])) == ([], [HALF, SHORT])
    audit = runtime.records.audit.entries()
    assert (audit[0].owner, audit[0].action) == (
        "anna@shop.example",
        "POST /v1/replenishment/orders:export",
    )
    assert audit[1].action == "POST /v1/replenishment/suggestions/{suggestion_id}:approve"
    client.post(f"{ROOT}/plan", json={"budget": 30.0}, headers=key)
    assert len(runtime.records.audit.entries()) == len(audit), "a question is no change"


def test_what_waits_since_an_earlier_plan_is_on_order_and_can_be_approved(
    workers: list[TestClient], keys: dict[str, str], runtime: _Live, monkeypatch: Any
) -> None:
    client, other = workers[0], {"X-API-Key": keys["till"]}
    path = f"{ROOT}/suggestions/{SHORT}"
    mine = {"X-API-Key": keys["screen-1"]}
    (asked,) = client.post(f"{path}:approve", json={}, headers=mine).json()["data"]
    tomorrow = NOW + timedelta(days=1)
    monkeypatch.setattr(runtime, "now", lambda: tomorrow)
    held = client.get(path, headers=mine).json()["data"]
    assert (held["state"], held["on_order"]) == ("awaiting_second", asked["quantity"])
    assert Plans(runtime).current().as_of == tomorrow
    (done,) = client.post(f"{path}:approve", json={}, headers=other).json()["data"]
    assert (done["state"], done["quantity"]) == ("approved", asked["quantity"])
    (order,) = client.post(f"{ROOT}/orders:export", json={}, headers=mine).json()["data"]
    assert [each["quantity"] for each in order["lines"]] == [asked["quantity"]]


def test_what_is_taken_back_since_an_earlier_plan_is_needed_again_at_once(
    workers: list[TestClient], keys: dict[str, str], runtime: _Live, monkeypatch: Any
) -> None:
    client, key = workers[0], {"X-API-Key": keys["screen-1"]}
    path = f"{ROOT}/suggestions/{SHORT}"
    client.post(f"{path}:approve", json={}, headers=key)
    monkeypatch.setattr(runtime, "now", lambda: NOW + timedelta(days=1))
    held = client.get(path, headers=key).json()["data"]
    gone = client.post(f"{path}:dismiss", json={"reason": "too much"}, headers=key)
    assert gone.json()["data"][0]["state"] == "dismissed"
    freed = client.get(path, headers=key).json()["data"]
    assert (freed["state"], freed["on_order"]) == ("draft", 0.0)
    assert freed["order_quantity"] > held["order_quantity"]


def test_two_people_cannot_be_told_apart_without_keys(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ARGOSY_AUTH=true"):
        Settings(home=tmp_path, second_approval_above=20.0, auth=False)
