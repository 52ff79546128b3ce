"""Gamma–Gamma: what an order of a customer brings, drawn to the shop's mean where few are known.

Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value.
"""

from typing import Self

import numpy as np
import pandas as pd
from scipy.special import gammaln

from models.base import TooLittleDataError
from models.customers.purchase_process import (
    FEWEST_REPEAT_BUYERS,
    MOST_CUSTOMERS,
    Numbers,
    maximize_likelihood,
)


class GammaGamma:
    """Money of an order follows Gamma(p, nu), nu of each customer Gamma(q, gamma)."""

    def __init__(self, most_customers: int = MOST_CUSTOMERS, seed: int = 7) -> None:
        self.most_customers = most_customers
        self.seed = seed
        self.p = self.q = self.gamma = float("nan")
        self.log_likelihood = float("nan")

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn p, q and gamma by maximum likelihood.

        frame: one row a customer with repeat_orders and mean_repeat_revenue (their mean money,
        base currency); rows without repeat orders or with money of 0 or less are left out. Raises
        TooLittleDataError where too few are left.
        """
        x = frame["repeat_orders"].to_numpy(dtype=float)
        mean = frame["mean_repeat_revenue"].to_numpy(dtype=float)
        rows = np.flatnonzero((x > 0) & np.isfinite(mean) & (mean > 0))
        if len(rows) < FEWEST_REPEAT_BUYERS:
            raise TooLittleDataError(
                f"{len(rows)} customers with money in repeat orders; at least "
                f"{FEWEST_REPEAT_BUYERS} are needed to learn what an order brings."
            )
        if len(rows) > self.most_customers:
            rows = np.random.default_rng(self.seed).choice(rows, self.most_customers, replace=False)
        x, mean = x[rows], mean[rows]
        # Money in units of its mean: the likelihood is then alike in every currency.
        unit = float(mean.mean())
        starts = [(6.0, 4.0, 0.5), (1.0, 2.0, 1.0)]
        found, best = maximize_likelihood(
            lambda logs: _log_likelihood(logs, x, mean / unit), starts
        )
        self.p, self.q, self.gamma = float(found[0]), float(found[1]), float(found[2]) * unit
        self.log_likelihood = best - len(rows) * float(np.log(unit))
        return self

    def parameters(self) -> dict[str, float]:
        """The fitted parameters by name; gamma in the base currency."""
        return {"p": self.p, "q": self.q, "gamma": self.gamma}

    def restore(self, parameters: dict[str, float]) -> Self:
        """Take over what `parameters` gave; returns self."""
        for name in ("p", "q", "gamma"):
            setattr(self, name, float(parameters[name]))
        return self

    def expected_revenue(self, orders: Numbers, mean: Numbers) -> Numbers:
        """Money expected of each customer's next order (equation 5 of the note).

        orders: how many are known of each; mean: of their money (base currency, NaN as if none
        were known).
        """
        known = np.where(np.isfinite(mean), orders, 0.0)
        q = max(self.q, 1.0 + 1e-3)  # below 1 the mean of the population is infinite
        weight = self.p * known / (self.p * known + q - 1.0)
        population = self.p * self.gamma / (q - 1.0)
        return np.asarray((1.0 - weight) * population + weight * np.nan_to_num(mean))


def _log_likelihood(logs: Numbers, x: Numbers, mean: Numbers) -> float:
    """Equation 1a of the note, summed over the customers."""
    p, q, gamma = np.exp(logs)
    shape = p * x
    each = (
        gammaln(shape + q)
        - gammaln(shape)
        - gammaln(q)
        + q * np.log(gamma)
        + (shape - 1.0) * np.log(mean)
        + shape * np.log(x)
        - (shape + q) * np.log(gamma + x * mean)
    )
    return float(each.sum())
