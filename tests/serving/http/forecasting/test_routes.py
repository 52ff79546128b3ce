"""Forecasts over HTTP and in batch: the same store, the same numbers."""

from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.forecasting import score
from decisions.runtime import Runtime
from models.base import ModelError
from serving.http.app import create_app
from tests.serving.http.forecasting.forecast_shop import HORIZON, NOW, ask, orders, register


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
    assert (answer["served_by"], answer["note"]) == ("store", None)
    assert answer["model_version"] == "1"
    assert answer["degraded"] is False
    assert answer["as_of"].startswith("2024-09-09T12:00:00")


def test_the_first_period_runs_in_the_warehouse_itself(tmp_path: Path) -> None:
    """On Sunday evening in Los Angeles it is Monday in Auckland: another week has begun."""
    sunday = pd.Timestamp("2024-09-08T20:00Z")
    tables, sold = tmp_path / "tables", orders()
    tables.mkdir()
    sold = sold[sold["ordered_at"] <= sunday]
    both = [sold.assign(warehouse_id=w, order_id=sold["order_id"] + w) for w in ("akl", "lax")]
    whole = pd.concat(both, ignore_index=True)
    whole.loc[whole.index[-1], "ordered_at"] = sunday
    whole.to_parquet(tables / "orders.parquet")
    zones = {"akl": ("NZ", "Pacific/Auckland"), "lax": ("US", "America/Los_Angeles")}
    sites = [{"warehouse_id": w, "country": c, "time_zone": z} for w, (c, z) in zones.items()]
    pd.DataFrame(sites).to_csv(tables / "warehouses.csv", index=False)
    runtime = Runtime(Settings(home=tmp_path / "home", auth=False, frequency="week"))
    runtime.lake.ingest(tables)
    register(runtime.registry, runtime)
    runtime.records.migrate()
    runtime.refresh()
    rows = score(runtime, runtime.now(), horizon=HORIZON)
    first = rows.groupby("warehouse_id")["period_start"].agg(["first", "nunique"])
    assert first.T.to_dict("list") == {"akl": ["2024-09-09", 5], "lax": ["2024-09-02", 5]}
    with TestClient(create_app(runtime.settings, runtime)) as client:
        for warehouse, begins in (("akl", "2024-09-09"), ("lax", "2024-09-02")):
            for product in ("p1", "nobody-knows-it"):
                found = ask(client, warehouse_id=warehouse, product_id=product, horizon=HORIZON)
                assert found["periods"][0]["period_start"] == begins
                assert (len(found["periods"]), found["degraded"]) == (HORIZON, False)
    runtime.stop()


@pytest.mark.parametrize("product", ["p6", "nobody-knows-it"])
def test_an_unknown_product_is_a_cold_start(client: TestClient, product: str) -> None:
    answer = ask(client, product_id=product)
    assert answer["served_by"] == "cold_start"
    assert answer["demand_class"] == "unseen"
    assert "never sold here: this is a guess" in answer["note"]
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


def test_without_a_model_recent_sales_are_carried_on(tmp_path: Path) -> None:
    bare = Runtime(Settings(home=tmp_path / "home", auth=False, frequency="week"))
    (tmp_path / "tables").mkdir()
    told = orders()
    last = told["ordered_at"].max()
    recent = told[told["ordered_at"] > last - pd.Timedelta(days=28)]
    recent.to_parquet(tmp_path / "tables" / "orders.parquet")
    bare.lake.ingest(tmp_path / "tables")
    bare.store.materialize(NOW)
    batch = score(bare, bare.now(), horizon=4, quantiles=[0.9])
    asked = {"warehouse_id": "w", "product_id": "p5", "horizon": 4, "quantiles": "0.9"}
    with TestClient(create_app(bare.settings, bare)) as client:
        answer = client.get("/v1/forecasts", params=asked).json()
    assert answer["served_by"] == "recent_sales"
    assert answer["degraded"]
    assert "argosy train forecasting" in answer["degraded_because"]
    sold = float((recent["product_id"] == "p5").sum())
    assert answer["windows"][3]["mean"] == pytest.approx(sold, rel=0.4)
    mine = batch[batch["product_id"] == "p5"]
    assert list(mine["period_start"]) == [one["period_start"] for one in answer["periods"]]
    for name, told in (("mean", "mean"), ("q90", "quantiles")):
        found = [one[told] for one in answer["periods"]]
        found = [one["0.9"] if name == "q90" else one for one in found]
        assert mine[name].tolist() == pytest.approx(found, abs=1e-3)
