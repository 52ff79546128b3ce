"""The API beside its own description: whatever is asked, it answers as it says it does.

A few requests for each operation; `ARGOSY_FUZZ=full` asks many more, and every edge of each schema.
"""

import json
import os
import re
from typing import Any

import pytest
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.openapi import from_asgi

from decisions.runtime import Runtime
from serving.http.app import create_app
from serving.http.auth import create_key

# All checks are on. 503 is how a row without a model answers, and told in the description; 422
# is how a request is refused whose fields fit one by one and contradict each other, or the clock;
# 413 is how a list is refused that is too long, where its bytes are too many as well.
FULL = os.environ.get("ARGOSY_FUZZ") == "full"
CONFIG: dict[str, Any] = {
    "seed": 7,
    "continue-on-failure": True,
    "generation": {
        "max-examples": 30 if FULL else 2,
        "deterministic": True,
        "database": "none",
        "no-shrink": True,
    },
    "checks": {
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
        "negative_data_rejection": {
            "expected-statuses": [*map(str, (400, 401, 403, 404, 405, 406, 409, 413, 415)), "422"]
        },
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "401", "404", "409", "422", "503"]
        },
    },
    "phases": {"coverage": {"enabled": FULL}, "stateful": {"enabled": FULL}},
}


def faults(finished: events.ScenarioFinished) -> list[str]:
    """What one operation's checks found: the check, what was asked, what was answered."""
    return [
        f"{check.name}: {check.failure_info.failure.message} {told.request.method} "
        f"{told.request.uri} {told.request.body!r} -> {told.response and told.response.content!r}"
        for case, checks in finished.recorder.checks.items()
        for check in checks
        if check.failure_info is not None
        for told in [finished.recorder.interactions[case]]
    ]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_operation_answers_as_described(guarded_shop: Runtime) -> None:
    key = create_key(guarded_shop.records, "admin", ["admin"])
    config = CONFIG | {"headers": {"Authorization": f"Bearer {key}"}}
    app = create_app(guarded_shop.settings, guarded_shop)
    api = from_asgi("/openapi.json", app, config=SchemathesisConfig.from_dict(config))
    asked: set[str] = set()
    found: list[str] = []
    for event in engine.from_schema(api).execute():
        assert not isinstance(event, (events.FatalError, events.NonFatalError)), event
        if isinstance(event, events.ScenarioFinished):
            found += faults(event)
            asked.add(event.recorder.label)
    assert found == []
    described = {
        f"{method.upper()} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    assert described - asked == set()


def test_every_reference_leads_somewhere(guarded_shop: Runtime) -> None:
    told = create_app(guarded_shop.settings, guarded_shop).openapi()
    named = set(re.findall(r'"\$ref": "#([^"]+)"', json.dumps(told)))
    assert named
    for path in named:
        place = told
        for part in path.strip("/").split("/"):
            assert part in place, path
            place = place[part]
