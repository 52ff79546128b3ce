"""What is said of coming demand: stored forecasts, planners' overrides, batch scoring."""

from decisions.forecasting.batch import keep_answers, score

__all__ = ["keep_answers", "score"]
