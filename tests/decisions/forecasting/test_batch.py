"""What is kept of the forecasts of now: the champion's, with overrides put on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data.settings import Settings
from decisions.batch import keep_answers
from decisions.forecasting.batch import forecast
from decisions.runtime import Runtime
from features.forecasting import Override
from tests.serving.http.forecasting.forecast_shop import HORIZON, NOW, orders, register


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    tables = tmp_path / "tables"
    tables.mkdir()
    orders().to_parquet(tables / "orders.parquet")
    runtime = Runtime(Settings(home=tmp_path / "home", auth=False, frequency="week"))
    runtime.lake.ingest(tables)
    runtime.records.migrate()
    yield runtime
    runtime.stop()


def keep(runtime: Runtime, as_of: datetime) -> pd.DataFrame:
    """Keep the answers and read the newest forecasts, by another process as it were."""
    keep_answers(runtime.settings, ["forecasting"], as_of, lambda text, share: None)
    return runtime.store.latest("forecast", as_of)


def test_after_training_the_forecasts_of_now_are_the_champions(runtime: Runtime) -> None:
    assert keep(runtime, NOW).empty, "nobody forecasts without a model"
    register(runtime.registry, runtime)
    kept = keep(runtime, NOW)
    assert list(kept["product_id"]) == [f"p{n}" for n in range(6)]
    assert set(kept["model_version"]) == {"1"}
    assert set(kept["event_timestamp"]) == {pd.Timestamp(NOW)}
    assert {len(mean) for mean in kept["mean"]} == {HORIZON}
    later = NOW + timedelta(hours=3)
    assert set(keep(runtime, later)["event_timestamp"]) == {pd.Timestamp(NOW)}, "made already"
    register(runtime.registry, runtime)
    renewed = keep(runtime, later)
    assert set(renewed["model_version"]) == {"2"}
    assert set(renewed["event_timestamp"]) == {pd.Timestamp(later)}


def test_another_registrys_version_of_the_same_number_is_not_the_champion(
    runtime: Runtime,
) -> None:
    register(runtime.registry, runtime)
    earlier = NOW - timedelta(days=30)
    forecast(runtime, runtime.registry.load("forecasting", "1"), earlier, horizon=HORIZON)
    assert set(runtime.store.latest("forecast", NOW)["model_version"]) == {"1"}
    assert set(keep(runtime, NOW)["event_timestamp"]) == {pd.Timestamp(NOW)}


def test_what_the_model_said_of_an_overridden_pair_is_kept_beside(runtime: Runtime) -> None:
    register(runtime.registry, runtime)
    runtime.records.overrides.add(
        Override(
            "o1",
            "w",
            "p5",
            first=date(2024, 9, 1),
            last=date(2025, 9, 1),
            author="ann",
            reason="television spot",
            created_at=datetime(2024, 9, 8, tzinfo=UTC),
            expires_at=datetime(2025, 9, 8, tzinfo=UTC),
            factor=3.0,
        )
    )
    now = keep(runtime, NOW).set_index("product_id").loc["p5"]
    said = runtime.store.history("model_forecast", NOW)
    assert list(said["product_id"]) == ["p5"]
    assert said["event_timestamp"].iloc[0] == now["event_timestamp"]
    assert now["overrides"] == "o1"
    assert said["overrides"].isna().all()
    assert sum(now["mean"]) == pytest.approx(3 * sum(said["mean"].iloc[0]), rel=1e-4)
