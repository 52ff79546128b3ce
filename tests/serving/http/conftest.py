"""Fixtures of the tests beside."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app


@pytest.fixture
def runtime(settings: Settings, registry: Registry) -> Runtime:
    return Runtime(settings, registry)


@pytest.fixture
def client(settings: Settings, runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(settings, runtime), raise_server_exceptions=False) as client:
        yield client
