"""How the ordering policy is made, compared and registered."""

from training.replenishment.backtest import Backtest, backtest, log
from training.replenishment.recipe import RECIPE

__all__ = ["RECIPE", "Backtest", "backtest", "log"]
