"""What is said of coming demand: stored forecasts, planners' overrides, batch scoring."""

from decisions.forecasting.batch import score

__all__ = ["score"]
