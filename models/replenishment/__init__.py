"""Replenishment: how many to order of each product at each warehouse, and why."""

from models.base import Model
from models.replenishment.baselines import MinMax, MovingAverage
from models.replenishment.policy import OrderUpTo

__all__ = ["MODELS", "MinMax", "MovingAverage", "OrderUpTo"]

MODELS: dict[str, type[Model]] = {
    "OrderUpTo": OrderUpTo,
    "MovingAverage": MovingAverage,
    "MinMax": MinMax,
}
