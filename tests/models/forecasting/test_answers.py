"""Answers: a row a series and period, quantiles and sums."""

import pandas as pd
import pytest

from models.forecasting import Forecaster
from models.forecasting.answers import QUANTILES, WINDOW_QUANTILES
from tests.models.forecasting.series import sane, shop


def test_a_row_for_every_series_and_period_ahead(fitted: Forecaster) -> None:
    answer = fitted.predict(shop())
    assert len(answer) == 60 * 4
    assert list(answer["horizon"][:4]) == [1, 2, 3, 4]
    assert answer["period_start"].iloc[0] == "2024-10-07"  # 40 weeks after the first
    assert answer["origin"].iloc[0] == pd.Timestamp("2024-10-07", tz="UTC")
    sane(answer)


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
