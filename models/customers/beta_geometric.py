"""BG/NBD: orders at a customer's own rate, and after each of them a chance never to come back.

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2).
"""

from typing import Self

import numpy as np
import pandas as pd
from scipy.special import gammaln, hyp2f1

from models.customers.purchase_process import (
    MOST_CUSTOMERS,
    Numbers,
    PurchaseSummary,
    maximize_likelihood,
    require_repeat_buyers,
)


class BetaGeometric:
    """Rates follow Gamma(r, alpha), time in weeks; chances to leave follow Beta(a, b)."""

    def __init__(self, most_customers: int = MOST_CUSTOMERS, seed: int = 7) -> None:
        self.most_customers = most_customers
        self.seed = seed
        self.r = self.alpha = self.a = self.b = float("nan")
        self.log_likelihood = float("nan")

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the four parameters by maximum likelihood.

        frame: one row a customer with repeat_orders, active_days, age_days. Raises
        TooLittleDataError where hardly anyone ordered twice.
        """
        history = PurchaseSummary.of(frame)
        require_repeat_buyers(history)
        history = history.sampled(self.most_customers, self.seed)
        middle = max(float(np.median(history.age)), 1.0)
        starts = [(1.0, middle, 1.0, 1.0), (0.3, 0.3 * middle, 1.0, 3.0)]
        found, best = maximize_likelihood(lambda logs: _log_likelihood(logs, history), starts)
        self.r, self.alpha, self.a, self.b = map(float, found)
        self.log_likelihood = best
        return self

    def parameters(self) -> dict[str, float]:
        """The fitted parameters by name; alpha in weeks."""
        return {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}

    def restore(self, parameters: dict[str, float]) -> Self:
        """Take over what `parameters` gave; returns self."""
        for name in ("r", "alpha", "a", "b"):
            setattr(self, name, float(parameters[name]))
        return self

    def alive(self, history: PurchaseSummary) -> Numbers:
        """The probability that each customer will order again some day (equation 8 of Fader,
        Hardie & Lee's note of 2008)."""
        x, age, last = history.repeats, history.age, history.last
        left = self._odds_of_having_left(x, age, last)
        return np.asarray(1.0 / (1.0 + left))

    def expected_orders(self, history: PurchaseSummary, weeks: Numbers) -> Numbers:
        """Expected orders of each customer in the next weeks (equation 10 of the paper).

        history, weeks: one number a customer.
        """
        x, age, last = history.repeats, history.age, history.last
        r, alpha, a, b = self.r, self.alpha, self._chance_to_leave, self.b
        z = weeks / (alpha + age + weeks)
        # Euler's transformation of the paper's 2F1: nothing overflows for thousands of orders.
        series = (1.0 - z) ** (a - 1.0) * hyp2f1(a + b - 1.0 - r, a - 1.0, a + b + x - 1.0, z)
        expected = (a + b + x - 1.0) / (a - 1.0) * (1.0 - series)
        answer = expected / (1.0 + self._odds_of_having_left(x, age, last))
        return np.asarray(np.maximum(np.nan_to_num(answer), 0.0))

    def order_probability(self, history: PurchaseSummary, weeks: Numbers) -> Numbers:
        """Probability of at least one order of each customer in the next weeks.

        history, weeks: one number a customer.

        Exact in this model: who is alive stays so until the next order, whose waiting time is
        Pareto distributed.
        """
        waited = self.alpha + history.age
        none = (waited / (waited + weeks)) ** (self.r + history.repeats)
        return np.asarray(self.alive(history) * (1.0 - none))

    @property
    def _chance_to_leave(self) -> float:
        """`a`, a hair off 1, where the expectation has a removable hole."""
        return self.a if abs(self.a - 1.0) > 1e-4 else 1.0 + 1e-4

    def _odds_of_having_left(self, x: Numbers, age: Numbers, last: Numbers) -> Numbers:
        growth = (self.r + x) * np.log((self.alpha + age) / (self.alpha + last))
        odds = self.a / (self.b + np.maximum(x, 1.0) - 1.0) * np.exp(np.minimum(growth, 600.0))
        return np.where(x > 0, odds, 0.0)


def _log_likelihood(logs: Numbers, history: PurchaseSummary) -> float:
    """Equation 6 of the paper, summed over the customers."""
    r, alpha, a, b = np.exp(logs)
    x = history.repeats
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    active = -(r + x) * np.log(alpha + history.age)
    # The other branch, having left at the last order, needs a repeat order.
    gone = np.log(a) - np.log(b + np.maximum(x, 1.0) - 1.0) - (r + x) * np.log(alpha + history.last)
    both = np.logaddexp(active, np.where(x > 0, gone, -np.inf))
    return float((rate + stay + both).sum())
