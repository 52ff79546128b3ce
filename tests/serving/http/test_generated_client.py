"""A stranger's tool makes a client of the description, without a warning, and the client works."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app
from serving.http.auth import create_key

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def server(settings: Settings, registry: Registry) -> Iterator[TestClient]:
    guarded = settings.model_copy(update={"auth": True})
    with TestClient(create_app(guarded, Runtime(guarded, registry))) as client:
        yield client


@pytest.fixture
def generated(
    server: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """The package that the generator made."""
    (tmp_path / "openapi.json").write_text(json.dumps(server.get("/openapi.json").json()))
    command = [str(Path(sys.executable).with_name("openapi-python-client")), "generate"]
    command += ["--path", "openapi.json", "--meta", "none", "--output-path", "shop_client"]
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it runs ruff
    made = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PATH": tools},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert (made.stdout + made.stderr).split() == ["Generating", "shop_client"]  # no warning
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("shop_client")
    for name in [name for name in sys.modules if name.startswith("shop_client")]:
        del sys.modules[name]


def call(client: Any, tag: str, operation: str, **given: Any) -> Any:
    return importlib.import_module(f"shop_client.api.{tag}.{operation}").sync(
        client=client, **given
    )


def body(name: str, content: dict[str, Any]) -> Any:
    models = importlib.import_module("shop_client.models")
    return getattr(models, name).from_dict(content)


@pytest.mark.slow
def test_six_operations_through_a_generated_client(
    server: TestClient, generated: ModuleType
) -> None:
    key = create_key(server.app.state.runtime.records, "shop", ["admin"])
    given = {"base_url": "http://testserver", "raise_on_unexpected_status": True}
    client = generated.AuthenticatedClient(
        **given, token=key, httpx_args={"transport": server._transport}
    )
    assert call(client, "health", "check_health").status == "ok"
    assert {each.use_case for each in call(client, "health", "list_models").data} >= {"fraud"}
    event = {"event_id": "e1", "occurred_at": NOON.isoformat(), "kind": "view"}
    events = {"events": [event | {"product_id": "p", "visitor_id": "v"}]}
    told = call(client, "recommendation", "record_events", body=body("EventsRequest", events))
    assert told.accepted == 1
    payment = {"payment_id": "p1", "attempted_at": NOON.isoformat(), "customer_id": "c"}
    payment |= {"amount": 10.0, "currency": "EUR"}
    payments = importlib.import_module("shop_client.api.fraud.decide_payment")
    kind = payments._get_kwargs.__annotations__["body"].__name__
    decided = call(client, "fraud", "decide_payment", body=body(kind, payment))
    assert decided.payment_id == "p1"
    assert call(client, "fraud", "get_decision", payment_id="p1").decision == decided.decision
    assert call(client, "fraud", "list_rules").data
    problem = call(client, "fraud", "get_decision", payment_id="never")
    assert problem.code == "unknown_payment"
    stranger = generated.AuthenticatedClient(
        **given, token="wrong", httpx_args={"transport": server._transport}
    )
    assert call(stranger, "health", "list_models").code == "unauthorized"
