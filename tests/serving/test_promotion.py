from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from features.settings import Settings
from models.registry import Registry
from serving.app import create_app
from serving.auth import create_key
from serving.live import Live

Promoted = Callable[..., str]


@pytest.fixture
def live(settings: Settings, registry: Registry) -> Live:
    return Live(settings.model_copy(update={"rows": ("fraud",)}), registry)


@pytest.fixture
def client(live: Live) -> Iterator[TestClient]:
    with TestClient(create_app(live.settings, live)) as client:
        yield client


def in_use(live: Live) -> str | None:
    release = live.release("fraud")
    return release.version if release else None


def test_promote_and_rollback_in_one_call_each(
    client: TestClient, live: Live, promoted: Promoted, registry: Registry
) -> None:
    promoted("fraud", 1.0)
    promoted("fraud", 2.0)
    live.refresh()
    answer = client.post("/v1/models/fraud:rollback", json={"reason": "too strict"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "row": "fraud", "version": "1", "former_version": "2", "objections": []
    }  # fmt: skip
    assert in_use(live) == "1"
    answer = client.post("/v1/models/fraud:promote", json={"version": "2", "reason": "was right"})
    assert (answer.status_code, in_use(live)) == (200, "2")
    (note,) = [each.note for each in registry.versions("fraud") if each.champion]
    assert note.endswith("promoted: was right (by anyone)")


def test_a_version_that_does_not_pass_the_gates_stays_out_unless_forced(
    client: TestClient, live: Live, promoted: Promoted, registry: Registry
) -> None:
    promoted("fraud", 1.0)
    live.refresh()
    promoted("fraud", 2.0, expected=3.0)
    registry.rollback("fraud")
    body = {"version": "2", "reason": "to try it"}
    answer = client.post("/v1/models/fraud:promote", json=body)
    assert answer.status_code == 409
    assert answer.json()["code"] == "gate_failed"
    assert answer.json()["errors"][0]["message"].startswith("sample: ")
    assert registry.champion_version("fraud") == "1"


def test_what_is_not_there_is_told(client: TestClient, live: Live, promoted: Promoted) -> None:
    body = {"version": "9", "reason": "why not"}
    assert client.post("/v1/models/fraud:promote", json=body).status_code == 404
    assert client.post("/v1/models/pricing:promote", json=body).status_code == 422
    answer = client.post("/v1/models/fraud:rollback", json={"reason": "why not"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_former_version")


def test_only_an_admin_may(settings: Settings, registry: Registry) -> None:
    given = settings.model_copy(update={"auth": True, "rows": ("fraud",)})
    live = Live(given, registry)
    with TestClient(create_app(given, live)) as client:
        key = create_key(live.records, "shop", ["decide"])
        answer = client.post(
            "/v1/models/fraud:rollback", json={"reason": "mine"}, headers={"X-API-Key": key}
        )
    assert answer.status_code == 403
