"""Health, readiness and what is in use."""

from fastapi.testclient import TestClient

from data.settings import Settings
from data.use_cases import USE_CASES
from decisions.runtime import Runtime
from features.store import Store
from tests.serving.http.addresses import Promoted


def test_health_needs_nothing(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_not_ready_says_what_to_run(client: TestClient) -> None:
    answer = client.get("/readyz")
    problem = answer.json()
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert problem["code"] == "not_ready"
    assert [fault["pointer"] for fault in problem["errors"]] == [
        *(f"/models/{row}" for row in USE_CASES),
        "/features",
    ]
    for row in USE_CASES:
        assert f"argosy train {row}" in problem["detail"]
    assert "argosy materialize" in problem["detail"]


def test_ready_when_models_and_features_are_there(
    client: TestClient, runtime: Runtime, promoted: Promoted, settings: Settings
) -> None:
    for row in USE_CASES:
        promoted(row)
    runtime.refresh()
    assert client.get("/readyz").status_code == 503
    runtime.store = Store(settings, runtime.lake, views=[], services={})
    runtime.store.materialize(runtime.now())
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert {
        model["use_case"]: model["version"] for model in answer.json()["models"]
    } == dict.fromkeys(USE_CASES, "1")


def test_use_cases_without_tables_hold_no_other_back(
    client: TestClient, runtime: Runtime, promoted: Promoted, settings: Settings
) -> None:
    promoted("fraud")
    runtime.refresh()
    runtime.store = Store(settings, runtime.lake, views=[], services={})
    runtime.store.materialize(runtime.now())
    answer = client.get("/readyz")
    assert answer.status_code == 200
    told = " ".join(answer.json()["problems"])
    for name in set(USE_CASES) - {"fraud"}:
        assert f"{name} has no model in use: ingest `" in told


def test_a_release_that_failed_is_told_while_the_old_one_serves(
    client: TestClient, runtime: Runtime, promoted: Promoted
) -> None:
    promoted("fraud", 1.0)
    runtime.refresh()
    promoted("fraud", 2.0, expected=3.0)
    runtime.refresh()
    (fraud,) = [
        each for each in client.get("/v1/models").json()["data"] if each["use_case"] == "fraud"
    ]
    assert fraud["version"] == "1"
    assert fraud["problem"].startswith("version 2 is not in use, version 1 stays in use")
    assert 'argosy_reload_failures_total{use_case="fraud"} 1.0' in client.get("/metrics").text


def test_models_tell_what_is_in_use(
    client: TestClient, runtime: Runtime, promoted: Promoted
) -> None:
    promoted("forecasting")
    runtime.refresh()
    answer = client.get("/v1/models").json()
    assert (answer["has_more"], answer["next_cursor"]) == (False, None)
    found = {each["use_case"]: each for each in answer["data"]}
    assert list(found) == list(USE_CASES)
    assert found["forecasting"] | {"contract": ""} == {
        "use_case": "forecasting",
        "version": "1",
        "model": "Constant",
        "cut_off": "2026-01-01T00:00:00Z",
        "metrics": {"error": 0.5},
        "contract": "",
        "problem": None,
    }
    assert found["fraud"]["version"] is None
