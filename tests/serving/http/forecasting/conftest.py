"""Fixtures of the tests beside."""

from collections.abc import Iterator

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.forecasting import score
from decisions.runtime import Runtime
from serving.http.app import create_app
from tests.serving.http.forecasting.forecast_shop import NOW, orders, register


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    home = tmp_path_factory.mktemp("forecasting")
    settings = Settings(home=home / "home", auth=False, frequency="week")
    tables = home / "tables"
    tables.mkdir()
    orders().to_parquet(tables / "orders.parquet")
    pd.DataFrame({"product_id": [f"p{n}" for n in range(7)], "category": "tea"}).to_csv(
        tables / "products.csv", index=False
    )
    runtime = Runtime(settings)
    runtime.lake.ingest(tables)
    register(runtime.registry, runtime)
    runtime.records.migrate()
    runtime.refresh()
    yield runtime
    runtime.stop()


@pytest.fixture(scope="module")
def scored(runtime: Runtime) -> pd.DataFrame:
    return score(runtime, NOW, horizon=3, quantiles=[0.9, 0.25])


@pytest.fixture(scope="module")
def client(runtime: Runtime, scored: pd.DataFrame) -> Iterator[TestClient]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        yield client
