"""Whatever goes wrong in a request, the answer says so: no error of the server's own."""

import os

import pytest
from fastapi.testclient import TestClient

from decisions.runtime import Runtime
from serving.http.app import create_app
from serving.http.auth import create_key
from tests.serving.http.mutations import is_fault, requests, send

COUNT = 50_000 if os.environ.get("ARGOSY_FUZZ") == "full" else 2_500


@pytest.mark.slow
def test_no_mutation_makes_the_server_fail(guarded_shop: Runtime) -> None:
    key = create_key(guarded_shop.records, "mutator", ["admin"])
    app = create_app(guarded_shop.settings, guarded_shop)
    found = []
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        described = app.openapi()
        for asked in requests(described, COUNT, seed=11):
            answer = send(client, asked)
            if answer is not None and is_fault(answer):
                found.append((asked, answer.status_code, answer.text[:300]))
        assert client.get("/healthz").status_code == 200
    assert found == []
