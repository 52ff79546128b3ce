"""The forecasters on series whose answer is plain, and on those that break others."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import ModelError, TooLittleDataError
from models.forecasting import LEVELS, MODELS, Baseline, Forecaster, forecaster
from models.forecasting.answers import QUANTILES, WINDOW_QUANTILES
from models.forecasting.boosted import Boosted, some_products
from models.forecasting.classes import CLASSES, classify
from models.forecasting.distribution import Errors, calibrated
from models.forecasting.panel import DemandPanel, panel

SMALL = {"rows": 4000, "trees": 20, "horizon": 4}


def frame(series: dict[str, list[float]], *, frequency: str = "week", **columns) -> pd.DataFrame:
    """A long frame of aligned series: product -> demand by period, NaN for a gap."""
    step = {"day": "D", "week": "7D", "month": "MS"}[frequency]
    parts = []
    for product, values in series.items():
        dates = pd.date_range("2024-01-01", periods=len(values), freq=step)
        parts.append(
            pd.DataFrame(
                {
                    "warehouse_id": "w",
                    "product_id": product,
                    "period_start": dates.strftime("%Y-%m-%d"),
                    "frequency": frequency,
                    "quantity": np.asarray(values, dtype=float),
                    **columns,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def shop(count: int = 60, periods: int = 40, seed: int = 1) -> pd.DataFrame:
    """Poisson demand at levels 0.1 … 20."""
    random = np.random.default_rng(seed)
    levels = np.geomspace(0.1, 20, count)
    return frame({f"p{n}": random.poisson(level, periods) for n, level in enumerate(levels)})


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return Forecaster(**SMALL).fit(shop())


def sane(answer: pd.DataFrame) -> None:
    """No NaN, nothing below 0, quantiles rise with the level, sums never fall with the length."""
    numbers = answer[["mean", "window_mean", *QUANTILES, *WINDOW_QUANTILES]].to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()
    for names in (QUANTILES, WINDOW_QUANTILES):
        assert (np.diff(answer[names].to_numpy(), axis=1) >= 0).all()
    for _, one in answer.groupby(["warehouse_id", "product_id"]):
        assert (np.diff(one[["window_mean", *WINDOW_QUANTILES]].to_numpy(), axis=0) >= -1e-9).all()


def test_a_row_for_every_series_and_period_ahead(fitted: Forecaster) -> None:
    answer = fitted.predict(shop())
    assert len(answer) == 60 * 4
    assert list(answer["horizon"][:4]) == [1, 2, 3, 4]
    assert answer["period_start"].iloc[0] == "2024-10-07"  # 40 weeks after the first
    assert answer["origin"].iloc[0] == pd.Timestamp("2024-10-07", tz="UTC")
    sane(answer)


def test_the_mean_is_near_the_level_it_was_drawn_from(fitted: Forecaster) -> None:
    answer = fitted.predict(shop())
    level = np.geomspace(0.1, 20, 60)
    mine = answer.groupby("product_id")["mean"].mean()[[f"p{n}" for n in range(60)]].to_numpy()
    assert np.abs(mine - level).sum() / level.sum() < 0.2


def test_intervals_cover_what_they_promise(fitted: Forecaster) -> None:
    random = np.random.default_rng(5)
    answer = fitted.predict(shop())
    answer = answer[answer["product_id"].isin([f"p{n}" for n in range(30, 60)])]
    level = np.geomspace(0.1, 20, 60)[answer["product_id"].str[1:].astype(int)]
    drawn = random.poisson(level[:, None], (len(answer), 200))
    inside = (drawn >= answer[["q10"]].to_numpy()) & (drawn <= answer[["q90"]].to_numpy())
    assert 0.7 < inside.mean() < 0.92


def test_quantiles_of_a_sum_are_not_sums_of_quantiles(fitted: Forecaster) -> None:
    answer = fitted.predict(shop())
    last = answer[answer["horizon"] == 4].set_index("product_id")
    sums = answer.groupby("product_id")[["q90", "q10"]].sum()
    busy = [f"p{n}" for n in range(40, 60)]
    assert last.loc[busy, "w90"].sum() < 0.95 * sums.loc[busy, "q90"].sum()
    assert last.loc[busy, "w10"].sum() > 1.05 * sums.loc[busy, "q10"].sum()


def test_the_first_window_is_the_first_period(fitted: Forecaster) -> None:
    answer = fitted.predict(shop())
    first = answer[answer["horizon"] == 1]
    assert first[QUANTILES].to_numpy() == pytest.approx(first[WINDOW_QUANTILES].to_numpy())


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


def test_classes_by_interval_and_variability() -> None:
    made = panel(
        frame(
            {
                "a_smooth": [5, 6, 5, 6, 5, 6, 5, 6, 5, 6],
                "b_erratic": [1, 20, 1, 1, 25, 1, 1, 30, 1, 1],
                "c_intermittent": [0, 0, 2, 0, 0, 2, 0, 0, 2, 0],
                "d_lumpy": [0, 0, 1, 0, 0, 40, 0, 0, 1, 0],
                "e_new": [np.nan] * 5 + [1.0] * 5,
                "f_dead": [0] * 10,
            }
        ),
        horizon=1,
    )
    found = [CLASSES[place] for place in classify(made)]
    assert found == ["smooth", "erratic", "intermittent", "lumpy", "new", "intermittent"]


HARD = {
    "one observation": {"p": [3.0]},
    "all zeros": {"p": [0.0] * 30},
    "a gap of a year": {"p": [4.0] * 30 + [np.nan] * 52 + [5.0] * 30},
    "nothing but gaps at the end": {"p": [4.0] * 20 + [np.nan] * 20, "q": [1.0] * 40},
    "two series, one new": {"p": [2.0] * 40, "q": [np.nan] * 39 + [1.0]},
    "one huge order": {"p": [1.0] * 25 + [1e6] + [1.0] * 25},
    "tiny numbers": {"p": [1e-6] * 30},
    "a negative correction": {"p": [4.0] * 20 + [-30.0] + [4.0] * 20, "q": [-1.0] * 41},
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("make", [lambda: Forecaster(**SMALL), lambda: Baseline("seasonal_naive")])
def test_hard_series_get_a_plain_answer(name: str, make) -> None:
    history = frame(HARD[name])
    answer = make().fit(history).predict(history)
    assert len(answer) >= 4
    sane(answer)


@pytest.mark.parametrize("frequency", ["day", "week", "month"])
def test_every_frequency_has_its_horizon(frequency: str) -> None:
    history = frame({"p": [1.0, 2.0] * 20}, frequency=frequency)
    answer = Forecaster(rows=500, trees=5).fit(history).predict(history)
    assert len(answer) == {"day": 35, "week": 13, "month": 6}[frequency]
    sane(answer)


def test_a_negative_correction_counts_as_no_demand() -> None:
    """What was taken back beyond a period's sales was never demand below 0."""
    corrected = frame({"p": [4.0] * 20 + [-30.0] + [4.0] * 20})
    none = frame({"p": [4.0] * 20 + [0.0] + [4.0] * 20})
    answers = [Forecaster(**SMALL).fit(one).predict(one) for one in (corrected, none)]
    pd.testing.assert_frame_equal(*answers)


def test_days_over_a_clock_change_are_days_like_others() -> None:
    """31 March 2024 has 23 hours in Berlin; periods are UTC days."""
    days = [float(2 + day % 7) for day in range(100)]
    history = frame({"p": days}, frequency="day", country="DE")
    assert {"2024-03-30", "2024-03-31", "2024-04-01"} <= set(history["period_start"])
    answer = Forecaster(rows=500, trees=5, horizon=7).fit(history).predict(history)
    sane(answer)
    assert answer["period_start"].iloc[0] == "2024-04-10"
    assert len(answer["period_start"].unique()) == 7


def test_countries_written_twice_and_unknown_ones_have_a_calendar() -> None:
    """An unknown country has no public holidays; the rest of the year it shares with all."""
    values = {"p": [3.0] * 60, "q": [1.0] * 60}
    for country in (["DE"] * 60 + ["de"] * 60, ["XX"] * 60 + [None] * 60):
        history = frame(values).assign(country=country)
        sane(Forecaster(**SMALL).fit(history).predict(history))


def test_the_back_test_asks_no_model_that_knows_more_than_was_known_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[Boosted, int]] = []
    asked: list[tuple[int, int]] = []
    plain, points = forecaster.boost, Boosted.points

    def boost(known: DemandPanel, *given) -> Boosted | None:
        found = plain(known, *given)
        made.append((found, known.now))
        return found

    def watched(self: Boosted, known: DemandPanel, origin: int, *given):
        asked.extend((now, origin) for one, now in made if one is self)
        return points(self, known, origin, *given)

    monkeypatch.setattr(forecaster, "boost", boost)
    monkeypatch.setattr(Boosted, "points", watched)
    Forecaster(**SMALL).fit(shop())
    assert all(now <= origin for now, origin in asked)
    assert len({now for now, _ in asked}) == forecaster.REFITS


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
    assert set(answer["demand_class"]) == {"new"}
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.iloc[:0], "no rows"),
        (lambda one: pd.concat([one, one]), "Two rows of one"),
        (lambda one: one.assign(period_start=["2024-01-01"] * 9 + ["2024-03-05"]), "start of a"),
    ],
)
def test_faulty_frames_are_refused_with_the_reason(change, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Forecaster(**SMALL).fit(change(frame({"p": [1.0] * 10})))


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


def test_the_order_of_rows_does_not_matter(fitted: Forecaster) -> None:
    history = shop(20, 30)
    mixed = history.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(fitted.predict(mixed), fitted.predict(history))


def test_fit_leaves_its_input_as_it_was() -> None:
    history = shop(10, 20)
    before = history.copy()
    Forecaster(**SMALL).fit(history).predict(history)
    pd.testing.assert_frame_equal(history, before)


def test_calibration_gives_back_the_quantiles_it_was_shown() -> None:
    """Errors of a standard normal around 10 ± 2: the 90 % quantile is 10 + 2 × 1.28."""
    random = np.random.default_rng(2)
    count = 20_000
    errors = Errors(
        group=np.zeros(count, dtype=np.int64),
        step=np.ones(count, dtype=np.int64),
        fold=np.zeros(count, dtype=np.int64),
        mean=np.full(count, 10.0),
        spread=np.full(count, 2.0),
        actual=10 + 2 * random.standard_normal(count),
    )
    place = LEVELS.index(0.9)
    one = np.array([0])
    found = calibrated(errors).quantiles(one, one + 1, np.array([10.0]), np.array([2.0]))
    assert found[0, place] == pytest.approx(10 + 2 * 1.2816, abs=0.1)


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


def test_of_very_many_series_whole_products_are_learned_from() -> None:
    """Five products in four warehouses each, room for nine series: two products."""
    many = pd.concat([shop(5).assign(warehouse_id=f"w{n}") for n in range(4)], ignore_index=True)
    whole = panel(many, horizon=0)
    some = some_products(whole, 9, seed=1)
    assert some.size == 8
    assert some.series["product_id"].value_counts().tolist() == [4, 4]
    assert some_products(whole, 3, seed=1).size == 4
    assert some_products(whole, 20, seed=1) is whole


def test_means_that_the_back_test_found_too_high_are_put_right() -> None:
    """Every series fades by 3 % a week: an average of the past alone is too high."""
    random = np.random.default_rng(8)
    level = 20 * 0.97 ** np.arange(60)
    whole = {f"p{n}": random.poisson(level) for n in range(60)}
    history = frame({name: values[:52] for name, values in whole.items()})
    came = np.mean([values[52:56].mean() for values in whole.values()])
    model = Forecaster(horizon=4, methods="moving_average").fit(history)
    plain = Baseline("moving_average", horizon=4).fit(history)
    assert model.predict(history)["mean"].mean() == pytest.approx(came, rel=0.06)
    assert plain.predict(history)["mean"].mean() > 1.1 * came


def test_a_forecaster_of_an_older_version_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "forecaster.json").write_text('{"chosen": {}}')
    with pytest.raises(ModelError, match="argosy train forecasting"):
        Forecaster.load(tmp_path)
