"""Fixtures of the tests beside."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from features import forecasting
from features.replenishment import SERVICE, VIEWS
from features.store import Store
from serving.http.app import create_app
from tests.serving.http.replenishment.small_plan import NOW, _Live, fill, forecasts, release


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Live]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), auth=False)
    runtime = _Live(settings)
    runtime.mine = release()
    fill(runtime.lake)
    views = (*forecasting.VIEWS, *VIEWS)
    runtime.store = Store(settings, runtime.lake, views=views, services={"replenishment": SERVICE})
    runtime.store.ensure(NOW)
    runtime.store.write("forecast", forecasts())
    yield runtime
    runtime.store.close()


@pytest.fixture(scope="module")
def client(runtime: _Live) -> TestClient:
    return TestClient(create_app(runtime.settings, runtime))  # not entered: Live is not started
