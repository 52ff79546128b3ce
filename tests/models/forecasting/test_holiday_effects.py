"""Days around holidays sell as they did in the years known."""

import numpy as np
import pandas as pd
import pytest

from models.forecasting.panel import panel
from models.forecasting.seasonal import seasonal_level


def test_the_day_before_a_moving_holiday_peaks_again() -> None:
    dates = pd.date_range("2022-01-01", "2024-03-25", freq="D")
    before = pd.to_datetime(["2022-04-14", "2023-04-06", "2024-03-28"])  # before Good Friday
    closed = before + pd.Timedelta(days=1)
    demand = np.where(dates.isin(before), 300.0, 100.0) + np.random.default_rng(1).normal(
        0, 4, len(dates)
    )
    frame = pd.DataFrame(
        {
            "warehouse_id": "w",
            "product_id": "p",
            "period_start": dates.strftime("%Y-%m-%d"),
            "frequency": "day",
            "quantity": np.where(dates.isin(closed), np.nan, demand),
            "country": "DE",
        }
    )
    answer = seasonal_level(panel(frame, horizon=7), 7)[0]
    assert answer[2] == pytest.approx(300, rel=0.15)  # 28 March 2024
    assert answer[1] == pytest.approx(100, rel=0.1)
