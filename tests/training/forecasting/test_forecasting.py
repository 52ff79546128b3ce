"""The recipe of forecasting: it beats its baselines, registers and publishes."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.lake import Lake
from data.settings import Settings
from features.store import Store
from models.base import TooLittleDataError
from models.registry import Registry
from tests.training.forecasting.histories import history
from training.forecasting import RECIPE
from training.job import Context, ParameterError, run


def test_too_little_is_named() -> None:
    (told,) = RECIPE.check(history(1, 5))
    assert told.startswith("Closed periods (each a week) with `orders`: 5 of at least 9; ingest")
    assert "ARGOSY_FREQUENCY=day" in told
    (told,) = RECIPE.check(history(1, 5).assign(frequency="day"))
    assert "ARGOSY_FREQUENCY" not in told, "no period is shorter than a day"
    assert "orders" in RECIPE.check(history(1).iloc[:0])[0]
    assert "cancelled" in RECIPE.check(history(1).assign(quantity=0.0))[0]
    assert RECIPE.check(history(1)) == []


def orders(products: int = 25, weeks: int = 36) -> pd.DataFrame:
    """Weekly Poisson sales with a rhythm, on random days."""
    random = np.random.default_rng(3)
    rows = [
        (product, week * 7 + random.uniform(0, 7))
        for product in range(products)
        for week in range(weeks)
        for _ in range(random.poisson((1 + product / 2) * (1.5 if week % 4 == 0 else 1.0)))
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


def made(home: Path, overrides: dict[str, str]) -> Context:
    settings = Settings(home=home / "home", auth=False, frequency="week")
    lake = Lake(settings.lake)
    (home / "tables").mkdir()
    orders().to_parquet(home / "tables" / "orders.parquet")
    lake.ingest(home / "tables")
    as_of = datetime(2024, 9, 9, 12, tzinfo=UTC)
    return Context(settings, lake, Store(settings, lake), as_of, overrides, lambda text: None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forecasting")


@pytest.fixture(scope="module")
def context(home: Path) -> Context:
    return made(home, {"rows": "5000", "trees": "25", "horizon": "6"})


@pytest.mark.slow
def test_the_job_beats_its_baselines_registers_and_publishes(context: Context, home: Path) -> None:
    settings = context.settings
    registry = Registry(settings.mlflow, settings.artifacts, settings.namespace)
    outcome = run(RECIPE, context, registry)
    assert outcome.version == "1", outcome.reason
    plain = {"naive", "seasonal_naive", "moving_average"}
    assert set(outcome.baselines) == plain | {"seasonal_naive_textbook"}
    plots = {path.name for path in settings.artifacts.rglob("*.png")}
    assert {"coverage.png", "by_class.png", "fan_1.png", "against_baselines.png"} <= plots
    registry.load("forecasting").trial()
    # Nothing is kept of a run that has ended.
    assert not (settings.home / "checkpoints" / "forecasting").exists()

    published = context.store.history("forecast", context.as_of)
    made = sorted(published["event_timestamp"].unique())
    assert len(made) == 8  # the origins; forecasts of now are the champion's
    assert made[-1] < pd.Timestamp(context.as_of)
    assert len(published) == 8 * 25
    assert published["model_version"].str.startswith("back-test 2024-07-15").all()
    row = published.iloc[0]
    assert len(row["mean"]) == 6
    assert len(row["window_quantiles"]) == 6 * len(row["levels"])
    assert (published["event_timestamp"].min()) >= pd.Timestamp("2024-07-15", tz="UTC")


def test_unknown_settings_are_refused(context: Context) -> None:
    changed = Context(
        context.settings, context.lake, context.store, context.as_of, {"odd": "1"}, print
    )
    with pytest.raises(ParameterError, match="odd"):
        RECIPE.model(changed)


def test_an_earlier_as_of_sees_less(context: Context) -> None:
    earlier = Context(
        context.settings, context.lake, context.store, datetime(2024, 3, 4, tzinfo=UTC), {}, print
    )
    frame = RECIPE.frame(earlier)
    assert frame["event_timestamp"].max() == pd.Timestamp("2024-03-04", tz="UTC")


def test_an_empty_lake_is_too_little(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, auth=False)
    lake = Lake(settings.lake)
    as_of = datetime(2024, 3, 4, tzinfo=UTC)
    empty = Context(settings, lake, Store(settings, lake), as_of, {}, print)
    with pytest.raises(TooLittleDataError, match="orders"):
        run(RECIPE, empty, Registry(settings.mlflow, settings.artifacts, settings.namespace))
