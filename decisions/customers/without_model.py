"""What is expected of customers where there is no model: their own rate, between it and the shop's.

A customer's orders after the first, over the days since, say how often they come; of a short life
they say little, so the shop's rate counts like PRIOR_DAYS of everybody's (the mean of a Gamma–
Poisson posterior). Where nobody ever came back, as with guests, nobody is expected to.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.customers import days_since_1970

Numbers = NDArray[np.float64]
YEAR_DAYS = 365.0
PRIOR_DAYS = 180.0


@dataclass(frozen=True)
class ShopHabits:
    """How often customers of the shop came back in the last year. orders_a_day: after the first, of
    one customer."""

    orders_a_day: float

    @classmethod
    def of(cls, ledger: pd.DataFrame, now: pd.Timestamp) -> Self:
        """ledger: features of the customer ledger, a row a customer who has ordered; now: as of
        when."""
        again, days = _came_again(ledger, now)
        return cls(float(again.sum() / max(days.sum(), 1.0)))


def expected_without_model(
    ledger: pd.DataFrame, habits: ShopHabits, now: pd.Timestamp, horizon_days: int
) -> pd.DataFrame:
    """expected_orders and expected_margin of each customer in the next days.

    ledger: features of the customer ledger, a row a customer who has ordered; habits: of the shop;
    now: as of when; horizon_days: how far. Margin is what an order of the last year brought, NaN
    where no cost is known or there was none.
    """
    again, days = _came_again(ledger, now)
    rate = (again + habits.orders_a_day * PRIOR_DAYS) / (days + PRIOR_DAYS)
    orders = rate * horizon_days
    last_year, margin = (_numbers(ledger, name) for name in ("orders_365d", "margin_365d"))
    known = (last_year > 0) & (_numbers(ledger, "costed_revenue_365d") > 0)
    each = np.divide(margin, last_year, out=np.full(len(ledger), np.nan), where=known)
    return pd.DataFrame({"expected_orders": orders, "expected_margin": orders * each})


def _came_again(ledger: pd.DataFrame, now: pd.Timestamp) -> tuple[Numbers, Numbers]:
    """Orders of the last year that were not a customer's first, and the days they had for them."""
    today = float(days_since_1970(pd.Series([now])).iloc[0])
    age = np.maximum(today - _numbers(ledger, "first_order_day"), 0.0)
    first = (age <= YEAR_DAYS).astype(float)
    again = np.maximum(_numbers(ledger, "orders_365d") - first, 0.0)
    return again, np.minimum(age, YEAR_DAYS)


def _numbers(ledger: pd.DataFrame, name: str) -> Numbers:
    return np.asarray(np.nan_to_num(ledger[name].to_numpy(dtype=float)))
