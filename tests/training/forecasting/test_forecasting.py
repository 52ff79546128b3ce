"""Judging and making the forecaster: no future is used, in-stock periods alone count."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pytest

from data.lake import Lake
from data.records import Records
from data.settings import Settings
from features.forecasting import Override
from features.store import Store
from models.base import TooLittleDataError
from models.forecasting import LEVELS, Forecaster
from models.forecasting.answers import QUANTILES, WINDOW_QUANTILES
from models.registry import Registry
from training.forecasting import RECIPE
from training.forecasting.judge import figures, judged, known_at, origins
from training.job import Context, ParameterError, Split, run

WEEKS = 40


def history(series: int = 3, weeks: int = WEEKS, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    starts = pd.date_range("2024-01-01", periods=weeks, freq="7D", tz="UTC")
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": f"p{n}",
                "event_timestamp": starts + pd.Timedelta(days=7),
                "frequency": "week",
                "period_start": starts.strftime("%Y-%m-%d"),
                "quantity": random.poisson(4 + n, weeks).astype(float),
                "in_stock": 1.0,
                "censored": False,
                "promotion": 0.0,
                "promotion_discount": 0.0,
                "category": "tea",
                "country": "DE",
            }
        )
        for n in range(series)
    ]
    return pd.concat(parts, ignore_index=True)


def cut(frame: pd.DataFrame) -> Split:
    return RECIPE.split(frame, None)


@dataclass
class Oracle:
    """Answers a constant, and keeps what it was shown."""

    answer: float
    shown: list[pd.DataFrame]

    def fit(self, frame: pd.DataFrame) -> Self:
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        self.shown.append(frame)
        ahead = frame[frame["horizon"] > 0].sort_values(["product_id", "horizon"])
        rows = ahead[["warehouse_id", "product_id", "period_start", "horizon"]]
        single = dict.fromkeys(["mean", *QUANTILES], self.answer)
        sums = dict.fromkeys(["window_mean", *WINDOW_QUANTILES], self.answer * ahead["horizon"])
        return rows.assign(demand_class="smooth", **single, **sums)


def test_the_last_eight_weeks_are_judged_from_eight_origins() -> None:
    split = cut(history())
    assert split.train["event_timestamp"].max() == pd.Timestamp(split.cut)
    assert split.test["event_timestamp"].nunique() == 8
    assert len(origins(split)) == 8
    assert origins(split)[0] == pd.Timestamp(split.cut)


def test_an_origin_shows_no_demand_after_it() -> None:
    split = cut(history())
    for origin in origins(split):
        shown = known_at(split, origin)
        after = shown[shown["event_timestamp"] > origin]
        assert after["quantity"].isna().all()
        assert (after["horizon"] > 0).all()
        assert shown.loc[shown["event_timestamp"] <= origin, "quantity"].notna().all()


def test_metrics_of_a_constant_are_plain() -> None:
    frame = history(1).assign(quantity=10.0)
    found = figures(judged(Oracle(8.0, []), cut(frame)))
    assert found["wape"] == found["wape_median"] == pytest.approx(0.2)
    assert found["bias"] == pytest.approx(-0.2)
    assert found["coverage_80"] == 0
    assert found["scaled_pinball"] == pytest.approx(2 * np.mean(LEVELS) / 10)
    assert found["series_pinball"] == pytest.approx(2 * np.mean(LEVELS) / 10)
    assert found["origin_1_pinball"] == pytest.approx(2 * np.mean(LEVELS) / 10)
    assert found["window_pinball"] == pytest.approx(2 * np.mean(LEVELS) / 10)
    assert found["wape_smooth"] == found["wape"]


def test_one_giant_product_decides_nothing_alone() -> None:
    frame = history(3).assign(quantity=10.0)
    giant = frame["product_id"] == "p0"
    frame["quantity"] = frame["quantity"].where(~giant, 10_000.0)
    found = figures(judged(Oracle(10.0, []), cut(frame)))
    assert found["scaled_pinball"] > 0.4
    assert found["series_pinball"] < 0.2


def test_sums_are_judged_at_every_level() -> None:
    frame = history(2).assign(quantity=10.0)
    frame["quantity"] = frame["quantity"].where(frame["product_id"] == "p0", 6.0)
    found = figures(judged(Oracle(8.0, []), cut(frame)))
    assert found["wape"] == found["wape_of_product"] == pytest.approx(0.25)
    levels = ("category", "country", "warehouse", "total")
    assert [found[f"wape_of_{level}"] for level in levels] == [0, 0, 0, 0]


def test_periods_that_were_not_in_stock_are_not_judged() -> None:
    frame = history(1).assign(quantity=10.0)
    last = frame.index[-1]
    frame.loc[last, ["quantity", "censored"]] = [1.0, True]
    beside = judged(Oracle(10.0, []), cut(frame))
    assert figures(beside)["wape"] == 0
    assert len(beside) == sum(range(1, 9)) - 8
    # A sum over an unseen period is not judged either.
    frame.loc[last - 7, "censored"] = True
    beside = judged(Oracle(10.0, []), cut(frame))
    assert beside["total"].isna().sum() == (beside["horizon"] > 1)[beside["total"].isna()].sum()


def test_too_little_is_named() -> None:
    (told,) = RECIPE.check(history(1, 5))
    assert told.startswith("Closed periods (each a week) with `orders`: 5 of at least 9; ingest")
    assert "ARGOSY_FREQUENCY=day" in told
    (told,) = RECIPE.check(history(1, 5).assign(frequency="day"))
    assert "ARGOSY_FREQUENCY" not in told, "no period is shorter than a day"
    assert "orders" in RECIPE.check(history(1).iloc[:0])[0]
    assert "cancelled" in RECIPE.check(history(1).assign(quantity=0.0))[0]
    assert RECIPE.check(history(1)) == []


# --- the whole job on a small merchant ------------------------------------------------------


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
    assert len(made) == 9  # eight origins and now
    assert made[-1] == pd.Timestamp(context.as_of)
    assert len(published) == 9 * 25
    assert published["model_version"].str.startswith("back-test 2024-07-15").all()
    row = published.iloc[0]
    assert len(row["mean"]) == 6
    assert len(row["window_quantiles"]) == 6 * len(row["levels"])
    assert (published["event_timestamp"].min()) >= pd.Timestamp("2024-07-15", tz="UTC")


def test_what_the_model_said_of_an_overridden_pair_is_kept_beside(tmp_path: Path) -> None:
    context = made(tmp_path, {})
    records = Records(context.settings.database, context.settings.namespace)
    records.migrate()
    records.overrides.add(
        Override(
            "o1",
            "w",
            "p20",
            first=date(2024, 9, 1),
            last=date(2025, 9, 1),
            author="ann",
            reason="television spot",
            created_at=datetime(2024, 9, 8, tzinfo=UTC),
            expires_at=datetime(2025, 9, 8, tzinfo=UTC),
            factor=3.0,
        )
    )
    records.close()
    parts = RECIPE.split(RECIPE.frame(context), context)
    RECIPE.publish(Forecaster(horizon=6, methods="moving_average").fit(parts.train), context, parts)
    now = context.store.history("forecast", context.as_of, only={"product_id": "p20"}).iloc[-1]
    kept = context.store.history("model_forecast", context.as_of)
    assert list(kept["product_id"]) == ["p20"]
    assert kept["event_timestamp"].iloc[0] == now["event_timestamp"]
    assert now["overrides"] == "o1"
    assert kept["overrides"].isna().all()
    assert sum(now["mean"]) == pytest.approx(3 * sum(kept["mean"].iloc[0]), rel=1e-4)


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
