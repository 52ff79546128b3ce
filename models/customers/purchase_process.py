"""What the models of repeat purchase read of a customer: frequency, recency and age, in weeks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.base import TooLittleDataError

Numbers = NDArray[np.float64]
DAYS_A_WEEK = 7.0
HISTORY_COLUMNS = ("repeat_orders", "active_days", "age_days")
MOST_CUSTOMERS = 30_000  # parameters of a whole shop are known well from these
FEWEST_CUSTOMERS, FEWEST_REPEAT_BUYERS = 30, 10


@dataclass(frozen=True)
class PurchaseSummary:
    """Of each customer: repeats (orders after the first), last (weeks from the first order to the
    last), age (weeks from the first order to now)."""

    repeats: Numbers
    last: Numbers
    age: Numbers

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "PurchaseSummary":
        """Read from HISTORY_COLUMNS; a last order is never before the first or after now."""
        repeats, active, age = (frame[name].to_numpy(dtype=float) for name in HISTORY_COLUMNS)
        age = np.maximum(np.nan_to_num(age), 0.0) / DAYS_A_WEEK
        last = np.clip(np.nan_to_num(active) / DAYS_A_WEEK, 0.0, age)
        return cls(np.maximum(np.nan_to_num(repeats), 0.0), last, age)

    def sampled(self, most: int, seed: int) -> "PurchaseSummary":
        """At most `most` customers, drawn by `seed`."""
        if len(self.repeats) <= most:
            return self
        rows = np.random.default_rng(seed).choice(len(self.repeats), most, replace=False)
        return PurchaseSummary(self.repeats[rows], self.last[rows], self.age[rows])


class PurchaseProcess(ABC):
    """A model of repeat purchase with a few parameters of the whole shop, each an attribute.

    PARAMETERS: their names, in the order of the search.
    """

    PARAMETERS: tuple[str, ...] = ()

    def __init__(self, most_customers: int = MOST_CUSTOMERS, seed: int = 7) -> None:
        self.most_customers = most_customers
        self.seed = seed
        self.log_likelihood = float("nan")

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn the parameters by maximum likelihood.

        frame: one row a customer with repeat_orders, active_days, age_days. Raises
        TooLittleDataError where hardly anyone ordered twice.
        """
        history = PurchaseSummary.of(frame)
        require_repeat_buyers(history)
        found, self.log_likelihood = self._likeliest(
            history.sampled(self.most_customers, self.seed), max(float(np.median(history.age)), 1.0)
        )
        return self.restore(dict(zip(self.PARAMETERS, found.tolist(), strict=True)))

    @abstractmethod
    def _likeliest(self, history: PurchaseSummary, middle: float) -> tuple[Numbers, float]:
        """The likeliest parameters and their log likelihood; middle: median age, in weeks."""

    def parameters(self) -> dict[str, float]:
        """The fitted parameters by name; scales of time in weeks."""
        return {name: float(getattr(self, name)) for name in self.PARAMETERS}

    def restore(self, parameters: dict[str, float]) -> Self:
        """Take over what `parameters` gave; returns self."""
        for name in self.PARAMETERS:
            setattr(self, name, float(parameters[name]))
        return self


def maximize_likelihood(
    log_likelihood: Callable[[Numbers], float],
    starts: Sequence[Sequence[float]],
    most: Sequence[float] | None = None,
) -> tuple[Numbers, float]:
    """The positive parameters with the largest log likelihood, and that.

    log_likelihood: of the parameters' logarithms. starts: parameters to begin at; the best end
    wins. most: the largest value of each parameter, where there is one. Logarithms stay within
    ±12, so that a shop where nothing is learned ends there and not in an overflow.
    """
    # In units of its first value: steps of the search are then alike for any number of customers.
    unit = max(abs(log_likelihood(np.log(np.asarray(starts[0], dtype=float)))), 1.0)
    ends_at = [12.0] * len(starts[0]) if most is None else np.log(np.asarray(most, dtype=float))
    options: dict[str, Any] = {"ftol": 1e-12, "gtol": 1e-9}
    search: Any = minimize  # its stubs know no plain function of an array
    ends = [
        search(
            lambda logs: -log_likelihood(np.asarray(logs, dtype=float)) / unit,
            np.log(np.asarray(start, dtype=float)),
            method="L-BFGS-B",
            bounds=[(-12.0, float(end)) for end in ends_at],
            options=options,
        )
        for start in starts
    ]
    best = min(ends, key=lambda end: float(end.fun))
    return np.exp(np.asarray(best.x)), -float(best.fun) * unit


def require_repeat_buyers(history: PurchaseSummary) -> None:
    """Raise TooLittleDataError where a history shows too little repeat purchase to learn from."""
    buyers, repeaters = len(history.repeats), int((history.repeats > 0).sum())
    if buyers < FEWEST_CUSTOMERS or repeaters < FEWEST_REPEAT_BUYERS:
        raise TooLittleDataError(
            f"{buyers:,} customers, {repeaters:,} of them ordered again; at least "
            f"{FEWEST_CUSTOMERS} and {FEWEST_REPEAT_BUYERS} are needed to learn who comes back."
        )
