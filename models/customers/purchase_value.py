"""Orders and money of each customer by the purchase process alone: no features, no trees."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from models.base import TooLittleDataError
from models.customers.beta_geometric import BetaGeometric
from models.customers.boosted_hurdle import ProcessExpectation
from models.customers.customer_frame import MarginShare, newest_rows, weeks_of
from models.customers.gamma_gamma import GammaGamma
from models.customers.pareto_nbd import ParetoNbd
from models.customers.purchase_process import DAYS_A_WEEK, Numbers, PurchaseSummary

# The share a customer's own orders keep is believed as far as they outnumber this many.
_ORDERS_BEHIND_SHARE = 5.0
RHYTHM_DAYS = 210.0  # the memory of `repeats_210d`
PROCESSES = ("bg_nbd", "pareto_nbd", "rhythm")


@dataclass(frozen=True)
class PurchaseValue:
    """BG/NBD, Pareto/NBD and Gamma–Gamma of one shop, and what it keeps of its revenue.

    money: None where too few repeat orders have money; mean_revenue stands in then.
    """

    coming: BetaGeometric
    leaving: ParetoNbd
    money: GammaGamma | None
    share: MarginShare
    mean_revenue: float

    @classmethod
    def fit(cls, frame: pd.DataFrame, *, most_customers: int, seed: int) -> Self:
        """Learn from the newest row of each customer in the frame.

        most_customers: to fit on, drawn by `seed`. Raises TooLittleDataError.
        """
        now = newest_rows(frame)
        coming = BetaGeometric(most_customers, seed).fit(now)
        leaving = ParetoNbd(most_customers, seed).fit(now)
        try:
            money = GammaGamma(most_customers, seed).fit(now)
        except TooLittleDataError:
            money = None
        ordered, priced = now["ordered_revenue"].sum(), now["priced_orders"].sum()
        mean = float(ordered / priced) if priced > 0 else float("nan")
        return cls(coming, leaving, money, MarginShare.fit(now), mean)

    def alive(self, frame: pd.DataFrame) -> Numbers:
        """The probability that each customer will come back some day."""
        history = PurchaseSummary.of(frame)
        return np.asarray((self.coming.alive(history) + self.leaving.alive(history)) / 2.0)

    def coming_alive(self, frame: pd.DataFrame) -> Numbers:
        """`alive` by BG/NBD alone."""
        return self.coming.alive(PurchaseSummary.of(frame))

    def expected_orders(self, frame: pd.DataFrame) -> dict[str, Numbers]:
        """Orders expected in each row's horizon, by process.

        rhythm: Pareto/NBD with recent orders counting more (memory RHYTHM_DAYS), for customers
        whose rate has changed.
        """
        history, weeks = PurchaseSummary.of(frame), weeks_of(frame)
        leaving = self.leaving.expected_orders(history, weeks)
        return {
            "bg_nbd": self.coming.expected_orders(history, weeks),
            "pareto_nbd": leaving,
            "rhythm": leaving * self._change_of_rate(frame, history),
        }

    def order_probability(self, frame: pd.DataFrame) -> Numbers:
        """Probability of any order of each row in its horizon."""
        return self.coming.order_probability(PurchaseSummary.of(frame), weeks_of(frame))

    def value_of_order(self, frame: pd.DataFrame) -> Numbers:
        """Margin expected of each customer's next order (base currency)."""
        orders = frame["priced_orders"].to_numpy(dtype=float)
        ordered = frame["ordered_revenue"].to_numpy(dtype=float)
        known = orders > 0
        mean = np.divide(ordered, orders, out=np.full(len(orders), np.nan), where=known)
        usual = self._usual_revenue(orders, mean)
        # Margin ÷ ordered revenue, drawn to the shop's share where few orders are known.
        pulled = _ORDERS_BEHIND_SHARE * usual
        kept = np.nan_to_num(self.share.value_so_far(frame)) + pulled * self.share.share
        return np.asarray(usual * kept / (np.nan_to_num(ordered) + pulled))

    def expectation(self, frame: pd.DataFrame) -> ProcessExpectation:
        """The mean of the processes as trees start from it."""
        by_process, unit = self.expected_orders(frame), self.value_of_order(frame)
        return self.expectation_of(by_process, self.order_probability(frame), unit)

    def expectation_of(
        self, by_process: Mapping[str, Numbers], probability: Numbers, unit: Numbers
    ) -> ProcessExpectation:
        """Where trees start: the mean of the orders by_process, at a value of `unit` each.

        probability: of any order of each row.
        """
        orders = np.mean([by_process[name] for name in PROCESSES], axis=0)
        return ProcessExpectation(probability, orders, orders * unit)

    def numbers(self) -> dict[str, Any]:
        """What `restore` takes, as JSON has it."""
        return {
            "coming": self.coming.parameters(),
            "leaving": self.leaving.parameters(),
            "money": self.money.parameters() if self.money else None,
            "share": self.share.numbers(),
            "mean_revenue": None if np.isnan(self.mean_revenue) else self.mean_revenue,
        }

    @classmethod
    def restore(cls, numbers: dict[str, Any]) -> Self:
        """The model that `numbers` describes."""
        mean = numbers["mean_revenue"]
        return cls(
            BetaGeometric().restore(numbers["coming"]),
            ParetoNbd().restore(numbers["leaving"]),
            GammaGamma().restore(numbers["money"]) if numbers["money"] else None,
            MarginShare(**numbers["share"]),
            float("nan") if mean is None else mean,
        )

    def _usual_revenue(self, orders: Numbers, mean: Numbers) -> Numbers:
        if self.money is not None:
            return np.maximum(self.money.expected_revenue(orders, mean), 1e-9)
        weight = orders / (orders + _ORDERS_BEHIND_SHARE)
        shop = self.mean_revenue
        return np.maximum(np.where(np.isnan(mean), shop, weight * mean + (1 - weight) * shop), 1e-9)

    def _change_of_rate(self, frame: pd.DataFrame, history: PurchaseSummary) -> Numbers:
        """The rate by recent orders ÷ the rate by all: both drawn to the shop's, as in BG/NBD."""
        memory = RHYTHM_DAYS / DAYS_A_WEEK
        r, alpha = self.coming.r, self.coming.alpha
        recent = np.nan_to_num(frame["repeats_210d"].to_numpy(dtype=float))
        weighed = memory * (1.0 - np.exp(-history.age / memory))  # weeks, by how much they count
        lately = (r + np.maximum(recent, 0.0)) / (alpha + weighed)
        return np.asarray(lately / ((r + history.repeats) / (alpha + history.age)))
