"""The baselines every forecaster has to beat: naive, seasonal naive, moving average."""

from models.forecasting.forecaster import Forecaster


class Baseline(Forecaster):
    """One plain method for every class, with quantiles from its own back-test.

    method: naive (the last period again), seasonal_naive (the same period of the last season: a
    week of days; a year of weeks or months, a quarter of weeks where less than 1.25 years are
    known, and the last period where less than 1.25 seasons are), moving_average
    (28 days, 8 weeks or 6 months), or any of the statistical family.
    """

    def __init__(self, method: str = "moving_average", horizon: int = 0, seed: int = 7) -> None:
        super().__init__(horizon=horizon, methods=method, seed=seed)
        self.method = method

    @property
    def _corrects(self) -> bool:
        """A plain method stays as it is."""
        return False
