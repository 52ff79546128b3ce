"""Forecasts over HTTP and in batch: the same store, the same numbers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from data.views import fingerprint
from decisions.forecasting import score
from decisions.runtime import Runtime
from features.forecasting import DEMAND
from models.base import ModelError, Release
from models.forecasting import Forecaster
from models.registry import Registry, Run
from serving.http.app import create_app

NOW = datetime(2024, 9, 9, 12, tzinfo=UTC)
HORIZON = 5


def orders() -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = [
        (product, week * 7 + random.uniform(0, 7))
        for product in range(6)
        for week in range(36)
        for _ in range(random.poisson(2 + product))
    ]
    frame = pd.DataFrame(rows, columns=["product", "day"])
    moment = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(frame["day"], unit="D")
    return pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(len(frame))],
            "line_no": 1,
            "ordered_at": moment.dt.floor("s"),
            "customer_id": "c",
            "product_id": "p" + frame["product"].astype(str),
            "warehouse_id": "w",
            "quantity": 1.0,
            "unit_price": 5.0,
            "currency": "EUR",
        }
    )


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
    _register(runtime.registry, runtime)
    runtime.records.migrate()
    runtime.refresh()
    yield runtime
    runtime.stop()


def _register(registry: Registry, runtime: Runtime) -> None:
    from features.forecasting import TABLES, demand

    given = {name: runtime.lake.read(name, as_of=NOW) for name in TABLES}
    history = demand(given, NOW, "week")
    model = Forecaster(horizon=HORIZON, rows=2000, trees=10).fit(history)
    sample = history[history["product_id"] == "p1"]
    run_id = registry.log(Run("forecasting", "test", {}, {}, {}, None, {}))
    release = Release(
        use_case="forecasting",
        version="",
        model=model,
        features=dict(DEMAND),
        contract=fingerprint(DEMAND),
        cut_off=NOW,
        metrics={},
        policy={},
        sample=sample,
        expected=model.predict(sample),
    )
    registry.promote("forecasting", registry.register(run_id, release))


@pytest.fixture(scope="module")
def scored(runtime: Runtime) -> pd.DataFrame:
    return score(runtime, NOW, horizon=3, quantiles=[0.9, 0.25])


@pytest.fixture(scope="module")
def client(runtime: Runtime, scored: pd.DataFrame) -> Iterator[TestClient]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        yield client


def ask(client: TestClient, **params) -> dict:
    answer = client.get("/v1/forecasts", params={"warehouse_id": "w", "product_id": "p1", **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_batch_is_a_row_a_pair_and_period(scored: pd.DataFrame) -> None:
    assert list(scored.columns) == [
        "warehouse_id", "product_id", "period_start", "mean", "q25", "q90",
        "demand_class", "abc_xyz", "overrides",
    ]  # fmt: skip
    assert len(scored) == 6 * 3
    assert scored["period_start"].iloc[0] == "2024-09-09"
    assert (scored["q90"] >= scored["q25"]).all()


def test_a_longer_horizon_may_be_asked_for(runtime: Runtime, scored: pd.DataFrame) -> None:
    longer = score(runtime, NOW, horizon=70)
    assert len(longer) == 6 * 70
    assert longer["mean"].notna().all()
    score(runtime, NOW)


def test_scoring_again_changes_nothing_in_the_store(runtime: Runtime, scored: pd.DataFrame) -> None:
    before = runtime.store.history("forecast", NOW)
    score(runtime, NOW)
    pd.testing.assert_frame_equal(runtime.store.history("forecast", NOW), before)
    assert len(before) == 6


def test_http_tells_what_batch_wrote(client: TestClient, scored: pd.DataFrame) -> None:
    answer = ask(client, horizon=3, quantiles=[0.25, 0.9])
    mine = scored[scored["product_id"] == "p1"]
    assert [one["period_start"] for one in answer["periods"]] == list(mine["period_start"])
    assert [one["mean"] for one in answer["periods"]] == pytest.approx(mine["mean"], abs=1e-3)
    for level, name in (("0.25", "q25"), ("0.9", "q90")):
        told = [one["quantiles"][level] for one in answer["periods"]]
        assert told == pytest.approx(mine[name], abs=1e-3)
    assert answer["served_by"] == "store"
    assert answer["model_version"] == "1"
    assert answer["degraded"] is False
    assert answer["as_of"].startswith("2024-09-09T12:00:00")


def test_levels_may_be_repeated_or_parted_by_commas(client: TestClient) -> None:
    assert ask(client, quantiles="0.1,0.9") == ask(client, quantiles=[0.1, 0.9])


def test_windows_grow_and_are_narrower_than_their_periods_added(client: TestClient) -> None:
    answer = ask(client, quantiles=[0.1, 0.9])
    assert [one["periods"] for one in answer["windows"]] == [1, 2, 3, 4, 5]
    width = sum(one["quantiles"]["0.9"] - one["quantiles"]["0.1"] for one in answer["periods"])
    last = answer["windows"][-1]["quantiles"]
    assert last["0.9"] - last["0.1"] < width


@pytest.mark.parametrize("product", ["p6", "nobody-knows-it"])
def test_an_unknown_product_is_a_cold_start(client: TestClient, product: str) -> None:
    answer = ask(client, product_id=product)
    assert answer["served_by"] == "cold_start"
    assert answer["demand_class"] == "new"
    assert len(answer["periods"]) == HORIZON
    assert answer["periods"][0]["mean"] > 0
    assert answer["degraded"] is False


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"horizon": 6}, "invalid_horizon"),
        ({"horizon": 0}, "invalid_request"),
        ({"quantiles": 0.999}, "invalid_quantile"),
        ({"quantiles": "many"}, "invalid_request"),
        ({"product_id": ""}, "invalid_request"),
    ],
)
def test_faulty_requests_say_what_is_wrong(client: TestClient, params: dict, code: str) -> None:
    asked = {"warehouse_id": "w", "product_id": "p1", **params}
    answer = client.get("/v1/forecasts", params=asked)
    assert answer.status_code == 422
    assert answer.json()["code"] == code


def test_batch_refuses_what_it_cannot_give(runtime: Runtime) -> None:
    with pytest.raises(ModelError, match="horizon 999"):
        score(runtime, NOW, horizon=999)
    with pytest.raises(ModelError, match="quantile 1"):
        score(runtime, NOW, quantiles=[1.0])


def test_without_a_model_the_reason_is_told(tmp_path: Path) -> None:
    bare = Runtime(Settings(home=tmp_path / "home", auth=False))
    with TestClient(create_app(bare.settings, bare)) as client:
        answer = client.get("/v1/forecasts", params={"warehouse_id": "w", "product_id": "p"})
    assert answer.status_code == 503
    assert "train" in answer.json()["detail"]
