"""The baselines every forecaster has to beat: naive, seasonal naive, moving average, and others."""

from functools import partial
from typing import Self

import numpy as np
import pandas as pd

from models.forecasting.backtest import PointForecaster, Rows
from models.forecasting.distribution import Errors, calibrated
from models.forecasting.forecaster import Forecaster
from models.forecasting.panel import DemandPanel, Floats
from models.forecasting.statistical import point_forecast


class Baseline(Forecaster):
    """One plain method for every class, with quantiles from its own back-test.

    method: naive (the last period again), seasonal_naive (the same period of the last season: a
    week of days; a year of weeks or months, a quarter of weeks where less than 1.25 years are
    known, and the last period where less than 1.25 seasons are), moving_average
    (28 days, 8 weeks or 6 months), or any of the statistical family.
    textbook: a naive method's quantiles are the textbook's instead, normal with the standard
    deviation of its one-season errors (Hyndman & Athanasopoulos, Forecasting: Principles and
    Practice, 3rd ed., 5.5), as forecasting libraries give them.
    """

    def __init__(
        self,
        method: str = "moving_average",
        horizon: int = 0,
        seed: int = 7,
        textbook: bool = False,
    ) -> None:
        super().__init__(horizon=horizon, methods=method, seed=seed)
        self.method = method
        self.textbook = textbook

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn as every forecaster does; textbook quantiles need no back-test."""
        super().fit(frame)
        if self.textbook:
            normal = calibrated(Errors.none())
            self.distributions_ = (normal, normal)
        return self

    @property
    def _corrects(self) -> bool:
        """A plain method stays as it is."""
        return False

    def _method(self, method: str) -> PointForecaster:
        """A baseline knows nothing of promotions and prices."""
        return partial(_textbook if self.textbook else point_forecast, method=method)


def _textbook(
    panel: DemandPanel, origin: int, horizon: int, rows: Rows, *, method: str
) -> tuple[Floats, Floats]:
    """Mean and standard deviation of a naive method: the latter grows with the root of seasons."""
    mean, _ = point_forecast(panel, origin, horizon, rows, method=method)
    past = panel.at(origin).rows(rows)
    season = past.season if method == "seasonal_naive" else 1
    errors = past.filled[:, season:] - past.filled[:, :-season]
    inside = np.arange(season, past.now)[None, :] >= (past.first + season)[:, None]
    square = np.where(inside, errors**2, 0.0).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    seasons = np.arange(horizon) // season + 1
    return mean, np.sqrt(square)[:, None] * np.sqrt(seasons)[None, :]
