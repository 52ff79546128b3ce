from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app
from serving.http.auth import create_key

Promoted = Callable[..., str]


@pytest.fixture
def runtime(settings: Settings, registry: Registry) -> Runtime:
    return Runtime(settings.model_copy(update={"use_cases": ("fraud",)}), registry)


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        yield client


def in_use(runtime: Runtime) -> str | None:
    release = runtime.release("fraud")
    return release.version if release else None


def test_promote_and_rollback_in_one_call_each(
    client: TestClient, runtime: Runtime, promoted: Promoted, registry: Registry
) -> None:
    promoted("fraud", 1.0)
    promoted("fraud", 2.0)
    runtime.refresh()
    answer = client.post("/v1/models/fraud:rollback", json={"reason": "too strict"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "use_case": "fraud", "version": "1", "former_version": "2", "failed_checks": []
    }  # fmt: skip
    assert in_use(runtime) == "1"
    answer = client.post("/v1/models/fraud:promote", json={"version": "2", "reason": "was right"})
    assert (answer.status_code, in_use(runtime)) == (200, "2")
    (note,) = [each.note for each in registry.versions("fraud") if each.champion]
    assert note.endswith("promoted: was right (by anyone)")


def test_a_version_that_does_not_pass_the_gates_stays_out_unless_forced(
    client: TestClient, runtime: Runtime, promoted: Promoted, registry: Registry
) -> None:
    promoted("fraud", 1.0)
    runtime.refresh()
    promoted("fraud", 2.0, expected=3.0)
    registry.rollback("fraud")
    body = {"version": "2", "reason": "to try it"}
    answer = client.post("/v1/models/fraud:promote", json=body)
    assert answer.status_code == 409
    assert answer.json()["code"] == "gate_failed"
    assert answer.json()["errors"][0]["message"].startswith("sample: ")
    assert registry.champion_version("fraud") == "1"


def test_what_is_not_there_is_told(
    client: TestClient, runtime: Runtime, promoted: Promoted
) -> None:
    body = {"version": "9", "reason": "why not"}
    assert client.post("/v1/models/fraud:promote", json=body).status_code == 404
    assert client.post("/v1/models/pricing:promote", json=body).status_code == 422
    answer = client.post("/v1/models/fraud:rollback", json={"reason": "why not"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_former_version")


def test_only_an_admin_may(settings: Settings, registry: Registry) -> None:
    given = settings.model_copy(update={"auth": True, "use_cases": ("fraud",)})
    runtime = Runtime(given, registry)
    with TestClient(create_app(given, runtime)) as client:
        key = create_key(runtime.records, "shop", ["decide"])
        answer = client.post(
            "/v1/models/fraud:rollback", json={"reason": "mine"}, headers={"X-API-Key": key}
        )
    assert answer.status_code == 403
