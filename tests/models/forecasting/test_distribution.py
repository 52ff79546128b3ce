"""Quantiles from the errors of a back-test."""

import numpy as np
import pandas as pd
import pytest

from models.forecasting.baselines import Baseline
from models.forecasting.distribution import LEVELS, Errors, calibrated


def errors(actual: np.ndarray, *, mean: float, scale: float) -> Errors:
    """One class, one step ahead, the same forecast each time."""
    zeros = np.zeros(len(actual), dtype=np.int64)
    same = np.ones(len(actual))
    return Errors(zeros, zeros + 1, zeros, same * mean, same * scale, actual)


def one(distribution_errors: Errors, *, mean: float, scale: float) -> np.ndarray:
    place = np.zeros(1, dtype=np.int64)
    found = calibrated(distribution_errors).quantiles(
        place, place + 1, np.array([mean]), np.array([scale])
    )
    return found[0]


def test_errors_of_a_shop_that_sold_nothing_before_make_no_huge_quantiles() -> None:
    """All orders were cancelled but the last: a scale next to nothing, and then a sale of 1."""
    came = np.where(np.arange(400) % 4 == 0, 1.0, 0.0)
    told = one(errors(came, mean=0.001, scale=0.0016), mean=1.0, scale=1.0)
    assert told.max() <= 3.0
    assert (np.diff(told) >= 0).all()


def test_quantiles_of_usual_errors_are_those_seen() -> None:
    random = np.random.default_rng(3)
    came = 10.0 + 2.0 * random.standard_normal(4_000)
    told = one(errors(came, mean=10.0, scale=2.0), mean=20.0, scale=1.0)
    at = dict(zip(LEVELS, told, strict=True))
    assert abs(at[0.5] - 20.0) < 0.1
    assert abs(at[0.9] - 21.28) < 0.1


def test_no_quantile_is_beyond_what_a_series_and_its_forecast_have_seen() -> None:
    """Ninety days of nothing, as all orders were cancelled, then three days with one each."""
    days = pd.date_range("2024-01-01", periods=93, freq="D", tz="UTC")
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": f"p{number}",
                "event_timestamp": days + pd.Timedelta(days=1),
                "period_start": days.strftime("%Y-%m-%d"),
                "frequency": "day",
                "quantity": np.where(np.arange(93) >= 90, float(number % 3), 0.0),
                "price": 1.0,
                "currency": "EUR",
                "censored": False,
            }
        )
        for number in range(8)
    ]
    history = pd.concat(parts, ignore_index=True)
    answer = Baseline("moving_average", horizon=14).fit(history).predict(history)
    assert answer["q99"].max() <= 3 * 2
    assert answer["w99"].max() <= 3 * 2 * np.sqrt(14)


def test_calibration_gives_back_the_quantiles_it_was_shown() -> None:
    """Errors of a standard normal around 10 ± 2: the 90 % quantile is 10 + 2 × 1.28."""
    random = np.random.default_rng(2)
    count = 20_000
    errors = Errors(
        group=np.zeros(count, dtype=np.int64),
        step=np.ones(count, dtype=np.int64),
        fold=np.zeros(count, dtype=np.int64),
        mean=np.full(count, 10.0),
        scale=np.full(count, 2.0),
        actual=10 + 2 * random.standard_normal(count),
    )
    place = LEVELS.index(0.9)
    one = np.array([0])
    found = calibrated(errors).quantiles(one, one + 1, np.array([10.0]), np.array([2.0]))
    assert found[0, place] == pytest.approx(10 + 2 * 1.2816, abs=0.1)
