"""The API's pages, from files of this machine, and behind a key where it is asked."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app
from serving.http.auth import create_key


@pytest.fixture
def client(settings: Settings, registry: Registry) -> Iterator[TestClient]:
    runtime = Runtime(settings.model_copy(update={"auth": True}), registry)
    with TestClient(create_app(runtime.settings, runtime)) as client:
        yield client


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_a_page_asks_for_nothing_of_the_internet(client: TestClient, page: str) -> None:
    text = client.get(page).text
    assert "://" not in text
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        answer = client.get(address)
        assert answer.status_code == 200
        assert len(answer.content) > 1_000
        assert "max-age" in answer.headers["cache-control"]
    assert '"/openapi.json"' in text


def test_the_description_is_written_once(client: TestClient) -> None:
    first = client.get("/openapi.json")
    assert first.json()["openapi"].startswith("3.1")
    assert client.get("/openapi.json").content == first.content
    assert client.get("/docs/files/..%2f__init__.py").status_code == 404


def test_the_description_asks_for_a_key_where_the_settings_say_so(
    settings: Settings, registry: Registry
) -> None:
    guarded = settings.model_copy(update={"auth": True, "docs_key": True})
    runtime = Runtime(guarded, registry)
    with TestClient(create_app(guarded, runtime)) as client:
        assert client.get("/openapi.json").status_code == 401
        key = create_key(runtime.records, "shop", ["recommend"])
        assert client.get("/openapi.json", headers={"X-API-Key": key}).status_code == 200
        assert client.get("/docs").status_code == 200
