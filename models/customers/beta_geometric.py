"""BG/NBD: orders at a customer's own rate, and after each of them a chance never to come back.

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2).
"""

import numpy as np
from scipy.special import betaincinv, gammaln, hyp2f1

from models.customers.purchase_process import (
    Numbers,
    PurchaseProcess,
    PurchaseSummary,
    maximize_likelihood,
)

_LEVELS = 64  # of the posterior of the chance to leave, each the middle of an equal share


class BetaGeometric(PurchaseProcess):
    """Rates follow Gamma(r, alpha), time in weeks; chances to leave follow Beta(a, b)."""

    PARAMETERS = ("r", "alpha", "a", "b")
    r: float
    alpha: float
    a: float
    b: float

    def _likeliest(self, history: PurchaseSummary, middle: float) -> tuple[Numbers, float]:
        starts = [(1.0, middle, 1.0, 1.0), (0.3, 0.3 * middle, 1.0, 3.0)]
        return maximize_likelihood(lambda logs: _log_likelihood(logs, history), starts)

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
        stays = 1.0 / (1.0 + self._odds_of_having_left(x, age, last))
        return np.asarray(stays * self._orders_while_alive(x, age, weeks))

    def _orders_while_alive(self, x: Numbers, age: Numbers, weeks: Numbers) -> Numbers:
        """Expected orders of each customer in the next weeks, given that the customer is alive.

        The paper's closed form, where it lies between its bounds. Where all customers are nearly
        alike, r and alpha, or a and b, are so large that it loses its digits: there, the mean
        over the chance to leave, whose posterior is Beta(a, b + x).
        """
        r, alpha, a, b = self.r, self.alpha, self._chance_to_leave, self.b
        shape, waited = r + x, weeks / (alpha + age)
        z = weeks / (alpha + age + weeks)
        with np.errstate(over="ignore", invalid="ignore"):  # such values are replaced below
            # Euler's transformation of the paper's 2F1: nothing overflows for thousands of orders.
            series = (1.0 - z) ** (a - 1.0) * hyp2f1(a + b - 1.0 - r, a - 1.0, a + b + x - 1.0, z)
            closed = (a + b + x - 1.0) / (a - 1.0) * (1.0 - series)
        least = _orders_at_chance(a / (a + b + x), shape, waited)  # convex in the chance: Jensen
        most = shape * waited
        sound = (closed >= least * (1.0 - 1e-6)) & (closed <= most * (1.0 + 1e-6))
        if np.all(sound):
            return np.asarray(closed)
        rest = ~sound
        counts, of_count = np.unique(x[rest], return_inverse=True)
        levels = (np.arange(_LEVELS) + 0.5) / _LEVELS
        inverse = betaincinv(self.a, (b + counts)[:, None], levels)
        chances = np.asarray(inverse, dtype=float)  # count of orders x level
        answer = np.where(sound, closed, 0.0)
        answer[rest] = _orders_at_chance(
            chances[of_count], shape[rest, None], waited[rest, None]
        ).mean(axis=1)
        return answer

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


def _orders_at_chance(chance: Numbers, shape: Numbers, waited: Numbers) -> Numbers:
    """Expected orders at a known chance to leave after each of them: (1 - E exp(-chance * rate *
    weeks)) / chance, with rate * weeks from a gamma distribution.

    chance: 0 to 1; shape: of the gamma distribution; waited: its scale, weeks for each week waited.
    """
    grown = chance * waited
    none = -np.expm1(-shape * np.log1p(grown))
    return np.where(grown > 1e-12, none / np.maximum(chance, 1e-300), shape * waited)


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
