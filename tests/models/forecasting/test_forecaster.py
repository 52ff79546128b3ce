"""The forecasters on series whose answer is plain, and on those that break others."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import ModelError, TooLittleDataError
from models.forecasting import MODELS, Forecaster
from tests.models.forecasting.series import SMALL, frame, sane, shop


def test_intervals_cover_what_they_promise(fitted: Forecaster) -> None:
    random = np.random.default_rng(5)
    answer = fitted.predict(shop())
    answer = answer[answer["product_id"].isin([f"p{n}" for n in range(30, 60)])]
    level = np.geomspace(0.1, 20, 60)[answer["product_id"].str[1:].astype(int)]
    drawn = random.poisson(level[:, None], (len(answer), 200))
    inside = (drawn >= answer[["q10"]].to_numpy()) & (drawn <= answer[["q90"]].to_numpy())
    assert 0.7 < inside.mean() < 0.92


def test_an_empty_shelf_does_not_lower_the_forecast() -> None:
    """Half of the weeks were empty: with the correction the forecast is the demand, not half."""
    random = np.random.default_rng(3)
    sold = random.poisson(10, (30, 40)).astype(float)
    empty = random.random((30, 40)) < 0.5
    parts = [
        frame({f"p{n}": sold[n]}).assign(
            sold=np.where(empty[n], 0, sold[n]), quantity=np.where(empty[n], np.nan, sold[n])
        )
        for n in range(30)
    ]
    history = pd.concat(parts, ignore_index=True)
    with_it = Forecaster(**SMALL).fit(history).predict(history)["mean"].mean()
    without = Forecaster(**SMALL, correct_stockouts=False).fit(history).predict(history)["mean"]
    assert with_it == pytest.approx(10, rel=0.1)
    assert without.mean() < 7


def test_a_promotion_known_ahead_lifts_its_week() -> None:
    random = np.random.default_rng(4)
    promoted = random.random((50, 45)) < 0.25
    sold = random.poisson(np.where(promoted, 12, 4))
    parts = [frame({f"p{n}": sold[n]}).assign(promotion=promoted[n] * 1.0) for n in range(50)]
    whole = pd.concat(parts, ignore_index=True)
    model = Forecaster(horizon=4, rows=8000, trees=60, methods="lightgbm").fit(whole)
    ahead = frame({f"p{n}": [0.0] * 49 for n in range(50)})
    ahead["horizon"] = ahead.groupby("product_id").cumcount() - 44
    ahead = ahead[ahead["horizon"] > 0].assign(quantity=np.nan)
    ahead["promotion"] = (ahead["horizon"] == 2) * 1.0
    answer = model.predict(pd.concat([whole, ahead], ignore_index=True))
    by_step = answer.groupby("horizon")["mean"].mean()
    assert by_step[2] > 1.8 * by_step[1]
    assert by_step[2] == pytest.approx(12, rel=0.25)


@pytest.mark.parametrize("frequency", ["day", "week", "month"])
def test_every_frequency_has_its_horizon(frequency: str) -> None:
    history = frame({"p": [1.0, 2.0] * 20}, frequency=frequency)
    answer = Forecaster(rows=500, trees=5).fit(history).predict(history)
    assert len(answer) == {"day": 35, "week": 13, "month": 6}[frequency]
    sane(answer)


def test_countries_written_twice_and_unknown_ones_have_a_calendar() -> None:
    """An unknown country has no public holidays; the rest of the year it shares with all."""
    values = {"p": [3.0] * 60, "q": [1.0] * 60}
    for country in (["DE"] * 60 + ["de"] * 60, ["XX"] * 60 + [None] * 60):
        history = frame(values).assign(country=country)
        sane(Forecaster(**SMALL).fit(history).predict(history))


def test_all_zeros_are_forecast_near_zero() -> None:
    history = frame({f"p{n}": [0.0] * 30 for n in range(5)})
    assert Forecaster(**SMALL).fit(history).predict(history)["mean"].max() < 0.05


def test_a_product_never_seen_gets_its_look_alikes_level(fitted: Forecaster) -> None:
    history = frame({"a": [8.0] * 20, "b": [12.0] * 20}, category="tea")
    model = Forecaster(**SMALL).fit(history)
    unknown = pd.DataFrame(
        [{"warehouse_id": "w", "product_id": "new", "category": "tea", "frequency": "week",
          "period_start": "2024-05-20", "quantity": np.nan, "horizon": 1}]
    )  # fmt: skip
    answer = model.predict(unknown)
    assert len(answer) == 4
    assert set(answer["demand_class"]) == {"unseen"}
    assert answer["mean"].iloc[0] == pytest.approx(10, rel=0.05)
    sane(answer)


def test_a_product_no_longer_offered_sells_nothing(fitted: Forecaster) -> None:
    history = shop(5, 20)
    ahead = frame({"p0": [np.nan] * 24}).assign(horizon=np.arange(24) - 19)
    ahead = ahead[ahead["horizon"] > 0].assign(offered=[1.0, 1.0, 0.0, 0.0])
    answer = fitted.predict(pd.concat([history, ahead], ignore_index=True))
    assert set(answer["product_id"]) == {"p0"}
    assert list(answer["q99"][2:]) == [0, 0]
    assert answer["q99"].iloc[0] > 0


def test_a_frame_without_demand_is_too_little() -> None:
    with pytest.raises(TooLittleDataError, match="orders"):
        Forecaster().fit(frame({"p": [np.nan] * 10}))


def test_unknown_methods_and_losses_are_named() -> None:
    with pytest.raises(ModelError, match="'magic' is unknown"):
        Forecaster(methods="magic").fit(shop(3, 20))
    with pytest.raises(ModelError, match="'odd' is unknown"):
        Forecaster(loss="odd", **SMALL).fit(shop(10, 30))


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_answers_the_same(name: str, tmp_path: Path) -> None:
    history = shop(30, 30)
    settings_ = SMALL if name == "Forecaster" else {"method": "moving_average", "horizon": 3}
    model = MODELS[name](**settings_).fit(history)
    model.save(tmp_path)
    again = MODELS[name].load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(history), model.predict(history))
    assert not [one for one in tmp_path.iterdir() if one.suffix in (".pkl", ".pickle")]


def test_the_same_seed_gives_the_same_model() -> None:
    history = shop(30, 30)
    one, other = (Forecaster(**SMALL).fit(history).predict(history) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)


def test_fit_leaves_its_input_as_it_was() -> None:
    history = shop(10, 20)
    before = history.copy()
    Forecaster(**SMALL).fit(history).predict(history)
    pd.testing.assert_frame_equal(history, before)


demands = st.one_of(st.just(float("nan")), st.integers(0, 500).map(float))


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.lists(demands, min_size=1, max_size=30),
        min_size=1,
        max_size=4,
    ).filter(lambda many: any(not np.isnan(one) for series in many for one in series))
)  # fmt: skip
def test_whatever_came_the_answer_is_sane(values: list[list[float]]) -> None:
    history = frame({f"p{n}": series for n, series in enumerate(values)})
    answer = Forecaster(horizon=3, rows=500, trees=5).fit(history).predict(history)
    assert len(answer) == 3 * len(values)
    sane(answer)


def test_a_forecaster_of_an_older_version_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "forecaster.json").write_text('{"chosen": {}}')
    with pytest.raises(ModelError, match="argosy train forecasting"):
        Forecaster.load(tmp_path)
