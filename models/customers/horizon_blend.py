"""What one length of horizon taught: how the parts blend, and how outcomes lay around the blend."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from models.customers.blending import Blend
from models.customers.customer_frame import ANSWER_COLUMNS, QUANTILES, quantile_name
from models.customers.outcome_quantiles import OutcomeQuantiles
from models.customers.purchase_process import Numbers

# What each part is believed to deserve. Purchase processes expect too little far ahead (they take
# silence for leaving); last year's rate, which knows no leaving, makes up for it in orders. In
# money it is too much at the mercy of single large orders.
ORDERS_PRIOR = {"trees": 0.4, "rhythm": 0.2, "pareto_nbd": 0.2, "bg_nbd": 0.1, "last_year": 0.1}
VALUE_PRIOR = {"trees": 0.4, "rhythm": 0.25, "pareto_nbd": 0.2, "bg_nbd": 0.1, "last_year": 0.05}
FEWEST_JUDGED = 100  # rows to choose a blend by


@dataclass(frozen=True)
class CustomerParts:
    """What each part expects of each row.

    orders, value: name of a part -> one number a row. chance: probability of any order. alive:
    probability of coming back some day. unit: margin of one order.
    """

    orders: Mapping[str, Numbers]
    value: Mapping[str, Numbers]
    chance: Numbers
    alive: Numbers
    unit: Numbers


@dataclass(frozen=True)
class HorizonBlend:
    """The blend of orders and of value, the level of the probability of any order, and the
    quantiles of both."""

    orders: Blend
    value: Blend
    chance_level: float
    orders_quantiles: OutcomeQuantiles
    value_quantiles: OutcomeQuantiles

    @classmethod
    def without_past(cls, names: Collection[str]) -> Self:
        """The prior's weights and plain distributions, where no outcome is known yet.

        names: of the parts there are.
        """
        empty = OutcomeQuantiles.without_past()
        orders, value = (Blend.of_prior(prior, names) for prior in (ORDERS_PRIOR, VALUE_PRIOR))
        return cls(orders, value, 1.0, empty, empty)

    @classmethod
    def fit(cls, parts: CustomerParts, orders: Numbers, value: Numbers) -> Self:
        """The blend of what the parts expected of rows they had not seen, by what came.

        orders: that came; value: NaN where money is unknown; with fewer than FEWEST_JUDGED known
        ones value takes the weights of the prior.
        """
        priced = np.isfinite(value) & np.isfinite(np.sum(list(parts.value.values()), axis=0))
        blend = Blend.fit(parts.orders, orders, ORDERS_PRIOR)
        worth = Blend.of_prior(VALUE_PRIOR, tuple(parts.value))
        if priced.sum() >= FEWEST_JUDGED:
            known = {name: part[priced] for name, part in parts.value.items()}
            worth = Blend.fit(known, value[priced], VALUE_PRIOR)
        level = float((orders > 0).mean() / max(float(parts.chance.mean()), 1e-9))
        return cls(
            blend,
            worth,
            float(np.clip(level, 0.5, 2.0)),
            OutcomeQuantiles.fit(blend.predict(parts.orders), orders),
            OutcomeQuantiles.fit(worth.predict(parts.value), value),
        )

    def predict(self, parts: CustomerParts) -> pd.DataFrame:
        """ANSWER_COLUMNS, one row as in the parts."""
        expected, worth = self.orders.predict(parts.orders), self.value.predict(parts.value)
        chance = np.clip(parts.chance * self.chance_level, 0.0, 1.0)
        answer = {
            "expected_orders": expected,
            "expected_margin": worth,
            "alive_probability": parts.alive,
            # Who is expected to order n times orders at all with no more than that probability.
            "order_probability": np.minimum(chance, expected),
        }
        unit = np.maximum(parts.unit, 1e-9)
        for level in QUANTILES:
            name = quantile_name(level)
            answer[f"expected_orders_{name}"] = self.orders_quantiles.predict(expected, level)
            answer[f"expected_margin_{name}"] = self.value_quantiles.predict(worth, level, unit)
        return pd.DataFrame(answer)[list(ANSWER_COLUMNS)]

    def numbers(self) -> dict[str, Any]:
        """What `restore` takes, as JSON has it."""
        return {
            "orders": {"weights": dict(self.orders.weights), "level": self.orders.level},
            "value": {"weights": dict(self.value.weights), "level": self.value.level},
            "chance_level": self.chance_level,
            "orders_quantiles": self.orders_quantiles.numbers(),
            "value_quantiles": self.value_quantiles.numbers(),
        }

    @classmethod
    def restore(cls, numbers: dict[str, Any]) -> Self:
        """The blend that `numbers` describes."""
        return cls(
            Blend(**numbers["orders"]),
            Blend(**numbers["value"]),
            numbers["chance_level"],
            OutcomeQuantiles.restore(numbers["orders_quantiles"]),
            OutcomeQuantiles.restore(numbers["value_quantiles"]),
        )
