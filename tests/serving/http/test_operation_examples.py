"""Every example of the description works when pasted: asked of a server over the small sample."""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from serving.http.app import create_app
from serving.http.operation_examples import ANSWERS_FILE

# Asked in this order, since some make what others read; those left out would change the models.
FIRST = (
    "decide_payment",
    "record_events",
    "create_override",
    "create_history_correction",
    "set_placement",
    "start_experiment",
    "set_list_entry",
    "set_rule",
    "snooze_rule",
    "dismiss_suggestions",
    "reopen_suggestions",
)
LAST = (
    "roll_out_experiment",
    "approve_suggestion",
    "export_orders",
    "list_orders",
    "drop_placement",
    "stop_experiment",
    "erase_customer",
)
# These change the models, or ask for an id that only an answer tells.
LEFT_OUT = {
    "promote_model",
    "roll_back_model",
    "read_metrics",
    "retune_policy",
    "preview_policy",
    "drop_override",
    "drop_history_correction",
    "get_order",
    "cancel_order",
    "get_transfer",
    "get_transfer_order",
    "cancel_transfer_order",
    "acknowledge_alert",
    # These ask for a receiver of messages.
    "set_webhook",
    "drop_webhook",
    "list_webhook_deliveries",
    "replay_webhook",
}
NONE_ON_THE_SAMPLE = {
    "list_quarantined_rows",
    "list_alerts",
    "list_awaited_approvals",
    "list_webhooks",
    "list_transfers",
    "list_put_off_transfers",
    "list_transfer_orders",
    "export_transfer_orders",
}
PATIENCE = 120.0  # seconds in which a report is made, also on a busy machine
MOST_ITEMS = 2  # of a list in a recorded answer


def operations(described: Mapping[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """operationId, method, path and entry of every operation, in the order of asking."""
    found = [
        (operation["operationId"], method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in LEFT_OUT
    ]
    order = {name: place - len(FIRST) for place, name in enumerate(FIRST)}
    order |= {name: place + 1 for place, name in enumerate(LAST)}
    yield from sorted(found, key=lambda each: order.get(each[0], 0))


def body_of(operation: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    """The first example of the request's body; None for an operation without a body."""
    if "requestBody" not in operation:
        return None
    content = operation["requestBody"]["content"]["application/json"]
    schema = content["schema"]
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return content.get("example", schema.get("examples", [{}])[0])


def ask(client: TestClient, method: str, path: str, operation: Mapping[str, Any], body: Any) -> Any:
    """The answer to an operation's example."""
    query = {}
    for parameter in operation.get("parameters", ()):
        if "example" not in parameter:
            continue
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(str(parameter["example"]), ""))
        elif parameter["in"] == "query":
            query[parameter["name"]] = parameter["example"]
    return client.request(method.upper(), path, params=query, json=body)


def shortened(value: Any) -> Any:
    """A JSON value with its lists cut."""
    if isinstance(value, dict):
        return {name: shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shortened(each) for each in value[:MOST_ITEMS]]
    return value


@pytest.fixture
def client(merchant: Settings, tmp_path: Path) -> Iterator[TestClient]:
    """A server over a copy of the small sample merchant."""
    home = tmp_path / "home"
    shutil.copytree(merchant.home, home)
    with TestClient(create_app(Settings(home=home, auth=False))) as opened:
        yield opened


@pytest.mark.slow
def test_every_example_works_when_pasted(client: TestClient, tmp_path: Path) -> None:
    """With RECORD_ANSWERS=1 the answers are written down as those of the description."""
    described = client.get("/openapi.json").json()
    failed, answers = {}, {}
    for name, method, path, operation in operations(described):
        body = body_of(operation, described)
        answer = ask(client, method, path, operation, body)
        until = time.monotonic() + PATIENCE
        while method == "get" and answer.status_code == 503 and time.monotonic() < until:
            time.sleep(1)  # a report that is still being made, as the answer says
            answer = ask(client, method, path, operation, body)
        if answer.status_code >= 300:
            failed[name] = f"{answer.status_code} {answer.text[:300]}"
        elif answer.content and answer.headers.get("content-type") == "application/json":
            answers[name] = shortened(answer.json())
    if os.environ.get("RECORD_ANSWERS") == "1":
        text = json.dumps(answers, indent=1, ensure_ascii=False) + "\n"
        ANSWERS_FILE.write_text(text.replace(str(tmp_path / "home"), "/var/lib/argosy"))
    assert failed == {}
    empty = [name for name, told in answers.items() if told in ([], {}) or told.get("data") == []]
    assert set(empty) == NONE_ON_THE_SAMPLE
