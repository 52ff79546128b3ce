"""What is known for forecasting: the demand signal, what is known ahead, and the forecasts."""

from features.forecasting.demand import TABLES, demand
from features.forecasting.periods import FREQUENCIES, choose, number, starts
from features.forecasting.plan import future
from features.forecasting.views import DEMAND, FORECAST, SERVICE, VIEWS, packed, quantile_names

__all__ = [
    "DEMAND",
    "FORECAST",
    "FREQUENCIES",
    "SERVICE",
    "TABLES",
    "VIEWS",
    "choose",
    "demand",
    "future",
    "number",
    "packed",
    "quantile_names",
    "starts",
]
