"""The models of demand."""

from models.base import Model
from models.forecasting.baselines import Baseline
from models.forecasting.distribution import LEVELS
from models.forecasting.explain import explained
from models.forecasting.forecaster import HORIZONS, Forecaster
from models.forecasting.history_events import history_events
from models.forecasting.statistical import LIBRARY

MODELS: dict[str, type[Model]] = {"Forecaster": Forecaster, "Baseline": Baseline}

__all__ = [
    "HORIZONS",
    "LEVELS",
    "LIBRARY",
    "MODELS",
    "Baseline",
    "Forecaster",
    "explained",
    "history_events",
]
