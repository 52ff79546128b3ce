"""The ordering policy made from tiny tables: a lake, a store, forecasts of past weeks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy.stats import poisson

from data.lake import Lake
from data.settings import Settings
from features import forecasting
from features.replenishment import SERVICE, VIEWS
from features.store import Store
from models.base import Model
from models.registry import Registry
from training.job import Context, ParameterError
from training.replenishment import RECIPE, backtest, log

FIRST = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
WEEKS, PRODUCTS = 24, 8
AS_OF = FIRST + timedelta(weeks=WEEKS)
LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
PACE = np.linspace(2, 30, PRODUCTS)
HORIZON = 8


def tables() -> dict[str, pd.DataFrame]:
    """One warehouse; each product sells a Poisson number every Wednesday and is never short."""
    random = np.random.default_rng(7)
    sold = random.poisson(PACE, (WEEKS, PRODUCTS))
    week, product = np.nonzero(sold)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(len(week))],
            "line_no": 1,
            "ordered_at": [FIRST + timedelta(weeks=int(n), days=2) for n in week],
            "customer_id": "c",
            "product_id": [f"P{n}" for n in product],
            "warehouse_id": "W",
            "quantity": sold[week, product].astype(float),
            "unit_price": 9.0,
            "currency": "EUR",
        }
    )
    looks = pd.MultiIndex.from_product([range(WEEKS + 1), range(PRODUCTS)], names=["w", "p"])
    stock = looks.to_frame(index=False)
    terms = {"warehouse_id": "W", "supplier_id": "S", "lead_time_days": 7.0, "lead_time_sd": 2.0}
    money = {"unit_cost": 4.0, "currency": "EUR", "holding_cost_rate": 0.25, "stockout_cost": 3.0}
    return {
        "orders": orders,
        "stock": pd.DataFrame(
            {
                "observed_at": [FIRST + timedelta(weeks=int(n)) for n in stock["w"]],
                "warehouse_id": "W",
                "product_id": [f"P{n}" for n in stock["p"]],
                "on_hand": np.ceil(PACE * 2)[stock["p"]],
            }
        ),
        "supply_terms": pd.DataFrame(
            [{**terms, **money, "product_id": f"P{n}"} for n in range(PRODUCTS)]
        ),
    }


def forecasts(origins: list[datetime]) -> pd.DataFrame:
    """Forecasts that know the true pace."""
    steps = np.arange(1, HORIZON + 1)
    rows = []
    for origin in origins:
        for n, pace in enumerate(PACE):
            table = poisson.ppf(LEVELS, pace * steps[:, None])
            rows.append(
                {
                    "warehouse_id": "W",
                    "product_id": f"P{n}",
                    "event_timestamp": pd.Timestamp(origin),
                    "forecast_as_of": origin.isoformat(),
                    "frequency": "week",
                    "period_start": origin.strftime("%Y-%m-%d"),
                    "levels": LEVELS,
                    "mean": [float(pace)] * HORIZON,
                    "quantiles": np.tile(poisson.ppf(LEVELS, pace), HORIZON).tolist(),
                    "window_mean": (pace * steps).tolist(),
                    "window_quantiles": table.ravel().tolist(),
                    "model_version": "1",
                    "demand_class": "smooth",
                    **dict.fromkeys(("abc_xyz", "explanation", "overrides")),
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    settings = Settings(home=tmp_path_factory.mktemp("home"), auth=False)
    lake = Lake(settings.lake)
    for name, frame in tables().items():
        lake.append(name, frame)
    store = Store(
        settings, lake, views=(*forecasting.VIEWS, *VIEWS), services={"replenishment": SERVICE}
    )
    store.ensure(AS_OF)
    store.write("forecast", forecasts([FIRST + timedelta(weeks=n) for n in range(12, WEEKS + 1)]))
    return Context(settings, lake, store, AS_OF, {}, progress=lambda text: None)


@pytest.fixture(scope="module")
def frame(context: Context) -> pd.DataFrame:
    return RECIPE.frame(context)


def test_the_frame_pairs_each_origin_with_what_came_after(
    context: Context, frame: pd.DataFrame
) -> None:
    assert len(frame) == 12 * PRODUCTS  # the newest origin has nothing after it yet
    assert frame["event_timestamp"].max() == pd.Timestamp(AS_OF - timedelta(weeks=1))
    one = frame[(frame["product_id"] == "P3")].sort_values("event_timestamp")
    sold = context.lake.read("orders")
    sold = sold[sold["product_id"] == "P3"].set_index("ordered_at")["quantity"]
    for at, demand in zip(one["event_timestamp"], one["demand"], strict=True):
        assert demand == [sold.get(at + pd.Timedelta(days=2), 0.0)]
    assert (one["lead_time_mean"] == 7).all()
    assert one["on_hand"].iloc[0] == np.ceil(PACE * 2)[3]


def test_enough_is_checked(frame: pd.DataFrame) -> None:
    assert RECIPE.check(frame) == []
    (nothing,) = RECIPE.check(frame.iloc[:0])
    assert "has sales in `orders` over several closed periods" in nothing
    (few,) = RECIPE.check(frame[frame["event_timestamp"] == frame["event_timestamp"].max()])
    assert few.startswith("Closed periods of `orders` to replay: 1 of at least 4, from 1 of at")


def test_sparse_origins_carry_the_weeks_between(context: Context, tmp_path: object) -> None:
    early = Context(
        context.settings,
        context.lake,
        _Sparse(context.store),  # type: ignore[arg-type]
        AS_OF,
        {},
        progress=lambda text: None,
    )
    found = RECIPE.frame(early)
    assert sorted({len(demand) for demand in found["demand"]}) == [4]
    assert found["event_timestamp"].nunique() == 3


class _Sparse:
    """A store in which only every fourth origin was forecast."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.latest, self.training_frame = store.latest, store.training_frame

    def history(self, view: str, as_of: datetime) -> pd.DataFrame:
        rows = self._store.history(view, as_of)
        if view != "forecast":
            return rows
        weeks = (rows["event_timestamp"] - pd.Timestamp(FIRST)).dt.days // 7
        return rows[(weeks % 4 == 0)]


def test_ours_beats_its_baselines_on_the_later_weeks(context: Context, frame: pd.DataFrame) -> None:
    split = RECIPE.split(frame, context)
    assert split.train["event_timestamp"].max() < split.cut
    assert (split.test["event_timestamp"] >= split.cut).all()
    ours = RECIPE.score(RECIPE.model(context).fit(split.train), split)
    assert set(ours) >= {"cost_ratio", "cost", "fill_rate", "stock_value"}
    for name, baseline in RECIPE.baselines(context).items():
        theirs = RECIPE.score(baseline.fit(split.train), split)
        assert ours["cost_ratio"] < theirs["cost_ratio"]
        if name == "moving average":
            assert theirs["cost_ratio"] == pytest.approx(1.0)


def test_the_sample_is_answered_again_the_same(context: Context, frame: pd.DataFrame) -> None:
    model: Model = RECIPE.model(context).fit(frame)
    sample = RECIPE.sample(frame)
    assert "demand" not in sample
    assert set(RECIPE.features) <= set(sample)
    assert_frame_equal(model.predict(sample), model.predict(sample.copy()))


def test_plots_are_drawn(context: Context, frame: pd.DataFrame, tmp_path: object) -> None:
    split = RECIPE.split(frame, context)
    folder = context.settings.home / "plots"
    folder.mkdir()
    RECIPE.plots(RECIPE.model(context).fit(split.train), split, folder)
    assert {path.name for path in folder.glob("*.png") if path.stat().st_size > 5000} == {
        "cost_parts.png",
        "stock_and_fill.png",
        "one_line_explained.png",
    }


def test_a_parameter_can_be_set(context: Context) -> None:
    given = Context(
        context.settings,
        context.lake,
        context.store,
        AS_OF,
        {"default_service_level": "0.9"},
        progress=lambda text: None,
    )
    assert RECIPE.model(given).default_service_level == 0.9  # type: ignore[attr-defined]
    with pytest.raises(ParameterError, match="fit_pairs"):
        RECIPE.model(
            Context(given.settings, given.lake, given.store, AS_OF, {"x": "1"}, given.progress)
        )


def test_the_backtest_compares_policies_and_is_kept(context: Context, tmp_path: Path) -> None:
    done = backtest(context)
    rows = done.policies.set_index("policy")
    assert list(rows.index) == ["argosy", "moving average", "min-max"]
    assert rows.loc["moving average", "cost_ratio"] == 1.0
    inside = rows["cost_ratio"].between(rows["cost_ratio_low"] - 1e-9, rows["cost_ratio_high"])
    assert inside.all()
    assert rows["fill_rate"].between(0, 1).all()
    assert rows["stockouts"].between(0, 1).all()
    assert len(done.weeks) == 3 * done.panel.demand.shape[1]
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "artifacts")
    assert log(done, context, registry)
