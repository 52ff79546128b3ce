"""Pareto/NBD: orders at a customer's own rate until an unseen, exponential leaving time.

Schmittlein, Morrison & Colombo (1987), Counting Your Customers, Management Science 33(1); in the
form of Fader & Hardie's note "A Note on Deriving the Pareto/NBD Model" (2005).
"""

import numpy as np
from scipy.special import gammaln, hyp2f1

from models.customers.purchase_process import (
    Numbers,
    PurchaseProcess,
    PurchaseSummary,
    maximize_likelihood,
)

_MOST_AGES = 10.0


class ParetoNbd(PurchaseProcess):
    """Rates follow Gamma(r, alpha), leaving rates Gamma(s, beta); time in weeks."""

    PARAMETERS = ("r", "alpha", "s", "beta")
    r: float
    alpha: float
    s: float
    beta: float

    def _likeliest(self, history: PurchaseSummary, middle: float) -> tuple[Numbers, float]:
        # A leaving time of many times the shop's age is no leaving; beyond, the series is slow.
        longest = _MOST_AGES * max(float(history.age.max()), 1.0)
        return maximize_likelihood(
            lambda logs: _log_likelihood(logs, history),
            [(0.5, 0.4 * middle, 0.6, 0.5 * middle)],
            most=(1e5, longest, 1e5, longest),
        )

    def alive(self, history: PurchaseSummary) -> Numbers:
        """The probability that each customer has not left yet."""
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        x, age = history.repeats, history.age
        odds = (
            np.log(s / (r + s + x))
            + (r + x) * np.log(alpha + age)
            + s * np.log(beta + age)
            + _log_left((r, alpha, s, beta), history)
        )
        return np.asarray(1.0 / (1.0 + np.exp(np.minimum(odds, 600.0))))

    def expected_orders(self, history: PurchaseSummary, weeks: Numbers) -> Numbers:
        """Expected orders of each customer of a history in the next `weeks` (one number each)."""
        s = self.s if abs(self.s - 1.0) > 1e-4 else 1.0 + 1e-4
        waited = self.beta + history.age
        rate = (self.r + history.repeats) * waited / ((self.alpha + history.age) * (s - 1.0))
        lasting = 1.0 - (waited / (waited + weeks)) ** (s - 1.0)
        return np.asarray(np.maximum(self.alive(history) * rate * lasting, 0.0))


def _log_left(parameters: tuple[float, float, float, float], history: PurchaseSummary) -> Numbers:
    """The logarithm of the note's A0: the weight of having left between the last order and now."""
    r, alpha, s, beta = parameters
    q = r + s + history.repeats
    most, least = max(alpha, beta), min(alpha, beta)
    power = s + 1.0 if alpha >= beta else r + history.repeats
    early, late = (_log_series(q, power, most, least, time) for time in (history.last, history.age))
    return np.asarray(early + np.log(np.maximum(1.0 - np.exp(late - early), 1e-300)))


def _log_series(
    q: Numbers, power: Numbers | float, most: float, least: float, time: Numbers
) -> Numbers:
    """ln of 2F1(q, power; q + 1; z) / (most + time)^q at z = (most − least) / (most + time), by
    Euler's transformation: nothing overflows for thousands of orders."""
    z = (most - least) / (most + time)
    series = np.log(hyp2f1(1.0, q + 1.0 - power, q + 1.0, z))
    return np.asarray((1.0 - power) * np.log1p(-z) + series - q * np.log(most + time))


def _log_likelihood(logs: Numbers, history: PurchaseSummary) -> float:
    r, alpha, s, beta = np.exp(logs)
    x = history.repeats
    front = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    active = -(r + x) * np.log(alpha + history.age) - s * np.log(beta + history.age)
    left = np.log(s) - np.log(r + s + x) + _log_left((r, alpha, s, beta), history)
    if np.isnan(left).any():  # the series does not end: so far out nothing is looked for
        return -1e300
    total = float((front + np.logaddexp(active, left)).sum())
    return total if np.isfinite(total) else -1e300
