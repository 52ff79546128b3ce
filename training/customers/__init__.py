"""How the customer value model is made and judged."""

from training.customers.recipe import RECIPE

__all__ = ["RECIPE"]
