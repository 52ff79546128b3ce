"""Level shifts and changes of unit on series whose answer is plain."""

import numpy as np
import pandas as pd
import pytest

from models.forecasting import Forecaster
from models.forecasting.level_shifts import LevelShift, without_shifts
from models.forecasting.panel import panel
from tests.models.forecasting.series import SMALL, frame

PERIODS = {"day": 7, "week": 3, "month": 3}


def shifts(values: list[float], frequency: str = "week", **columns) -> tuple[LevelShift, ...]:
    return without_shifts(panel(frame({"p": values}, frequency=frequency, **columns), horizon=0))[1]


def noisy(levels: list[float], seed: int = 1) -> list[float]:
    return np.random.default_rng(seed).poisson(levels).astype(float).tolist()


@pytest.mark.parametrize("frequency", ["day", "week", "month"])
@pytest.mark.parametrize("factor", [3.0, 1 / 3, 12.0, 1 / 12])
def test_a_shift_is_found_after_three_periods_or_a_week_of_days(
    frequency: str, factor: float
) -> None:
    after = PERIODS[frequency]
    values = noisy([120.0] * 60 + [120.0 * factor] * after)
    (found,) = shifts(values, frequency)
    assert found.since == 60
    assert found.factor == pytest.approx(factor, rel=0.25)
    assert not found.is_unit
    assert shifts(values[: 60 + after - 1], frequency) == ()


def test_what_was_sold_before_is_put_on_the_new_level() -> None:
    moved, _ = without_shifts(panel(frame({"p": [20.0] * 60 + [60.0] * 5}), horizon=0))
    assert moved.demand[0] == pytest.approx(60.0, rel=0.05)


def test_a_change_of_unit_moves_prices_too() -> None:
    price = np.array([120.0] * 60 + [10.0] * 5)
    given = panel(frame({"p": [5.0] * 60 + [60.0] * 5}, price=price), horizon=0)
    moved, (found,) = without_shifts(given)
    assert found == LevelShift(0, 60, pytest.approx(12.0), is_unit=True)
    assert moved.demand[0] == pytest.approx(60.0)
    assert moved.price[0] == pytest.approx(10.0)


def test_a_price_that_fell_explains_its_sales() -> None:
    assert shifts([20.0] * 60 + [60.0] * 5, price=np.array([10.0] * 60 + [8.0] * 5)) == ()


def test_peaks_seasons_promotions_and_trends_are_no_shifts() -> None:
    assert shifts(noisy([20.0] * 40 + [60.0] * 6 + [20.0] * 20)) == ()
    year = np.full(52, 20.0)
    year[44:50] = 80.0
    assert shifts(noisy([*year, *year, *year[:48]])) == ()
    assert shifts(noisy(20 * (1 + 0.8 * np.sin(2 * np.pi * np.arange(150) / 52.18)))) == ()
    promotion = np.array([0.0] * 60 + [1.0] * 5)
    assert shifts([20.0] * 60 + [60.0] * 5, promotion=promotion) == ()
    assert shifts(noisy(20 * 1.03 ** np.arange(80))) == ()


def test_what_falls_to_nothing_or_comes_from_it_is_no_shift() -> None:
    assert shifts([20.0] * 60 + [0.0] * 8) == ()
    assert shifts([0.0] * 60 + [20.0] * 8) == ()


def test_constant_levels_hold_no_shift() -> None:
    random = np.random.default_rng(2)
    levels = np.geomspace(0.05, 200, 300)
    series = {f"p{n}": random.poisson(one, 80) for n, one in enumerate(levels)}
    assert len(without_shifts(panel(frame(series), horizon=0))[1]) <= 1


def test_two_shifts_of_one_series() -> None:
    found = shifts([100.0] * 60 + [20.0] * 60 + [100.0] * 60)
    assert [one.since for one in found] == [120, 60]


def test_the_forecast_is_on_the_new_level() -> None:
    random = np.random.default_rng(5)
    series = {f"p{n}": random.poisson(20, 63) for n in range(8)}
    series["up"] = np.array([20.0] * 60 + [60.0] * 3)
    series["down"] = np.array([60.0] * 60 + [20.0] * 3)
    history = frame({name: list(map(float, values)) for name, values in series.items()})
    answer = Forecaster(**SMALL).fit(history).predict(history)
    mean = answer.groupby("product_id")["mean"].mean()
    assert mean["up"] == pytest.approx(60, rel=0.15)
    assert mean["down"] == pytest.approx(20, rel=0.15)
    assert isinstance(answer, pd.DataFrame)
