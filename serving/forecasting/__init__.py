"""How forecasts are asked for: one pair by HTTP from the store, all pairs by batch."""

from serving.forecasting.batch import score
from serving.forecasting.routes import router

__all__ = ["router", "score"]
