"""What each customer is worth: purchase processes and trees, blended as the past says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from models.base import ModelError, TooLittleDataError
from models.customers.boosted_hurdle import BoostedHurdle
from models.customers.customer_frame import ANSWER_COLUMNS, MONEY_COLUMNS, repeat_rate
from models.customers.horizon_blend import FEWEST_JUDGED, CustomerParts, HorizonBlend
from models.customers.purchase_process import MOST_CUSTOMERS
from models.customers.purchase_value import PurchaseValue

_PARAMETERS = ("rounds", "leaves", "learning_rate", "most_customers", "most_rows", "seed")


class CustomerValueModel:
    """Expected orders and margin of a horizon with quantiles, and who is alive.

    rounds, leaves, learning_rate: of the trees. most_customers: to fit a purchase process on.
    most_rows: to fit trees on.
    """

    def __init__(
        self,
        rounds: int = 120,
        leaves: int = 10,
        learning_rate: float = 0.05,
        most_customers: int = MOST_CUSTOMERS,
        most_rows: int = 120_000,
        seed: int = 7,
    ) -> None:
        self.rounds = rounds
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.most_customers = most_customers
        self.most_rows = most_rows
        self.seed = seed
        self._process: PurchaseValue | None = None
        self._hurdle: BoostedHurdle | None = None
        self._blends: Mapping[int, HorizonBlend] = {}

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from rows of several origins: customer_id, origin, horizon_days, the inputs, and
        the targets, missing where the horizon is not over.

        For each length of horizon the parts are fitted on what was known at the newest origin
        whose outcome is known, and blended by that outcome; then they are fitted again on all.
        Raises TooLittleDataError where hardly anyone ordered twice.
        """
        known = frame[frame["target_orders"].notna()]
        self._process = self._fit_process(frame)
        blends = {days: self._fit_blend(frame, known, days) for days in _horizons(known)}
        self._blends = {days: blend for days, blend in blends.items() if blend is not None}
        self._hurdle = self._fit_hurdle(known, self._process)
        return self

    @property
    def process(self) -> PurchaseValue:
        """The fitted purchase processes. Raises ModelError before `fit`."""
        if self._process is None:
            raise ModelError("the customer value model is not fitted; call fit first")
        return self._process

    @property
    def basis(self) -> str:
        """What `expected_margin` is of: `margin`, or `revenue` where no costs are known."""
        return self.process.share.basis

    def weights(self) -> pd.DataFrame:
        """The weight of each part: one row a horizon, `orders` or `value`, and part."""
        rows = [
            {"horizon_days": days, "of": of, "part": part, "weight": weight, "level": blend.level}
            for days, both in self._blends.items()
            for of, blend in (("orders", both.orders), ("value", both.value))
            for part, weight in blend.weights.items()
        ]
        return pd.DataFrame(rows, columns=["horizon_days", "of", "part", "weight", "level"])

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """ANSWER_COLUMNS of each row. frame: the inputs and horizon_days (1 and more)."""
        answer = np.full((len(frame), len(ANSWER_COLUMNS)), np.nan)
        asked = frame["horizon_days"].to_numpy(dtype=float)
        for days in np.unique(asked):
            rows = np.flatnonzero(asked == days)
            part = frame if len(rows) == len(frame) else frame.iloc[rows]
            parts = self._expect(part, self.process, self._hurdle)
            answer[rows] = self._blend_for(days, parts).predict(parts).to_numpy()
        return pd.DataFrame(answer, columns=list(ANSWER_COLUMNS), index=frame.index)

    def save(self, folder: Path) -> None:
        """Write to an existing, empty folder: model.json and, where there are trees, hurdle/."""
        told: dict[str, Any] = {
            "parameters": {name: getattr(self, name) for name in _PARAMETERS},
            "process": self.process.numbers(),
            "blends": {str(days): blend.numbers() for days, blend in self._blends.items()},
        }
        (folder / "model.json").write_text(json.dumps(told))
        if self._hurdle is not None:
            (folder / "hurdle").mkdir()
            self._hurdle.save(folder / "hurdle")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        told = json.loads((folder / "model.json").read_text())
        model = cls(**told["parameters"])
        model._process = PurchaseValue.restore(told["process"])
        model._blends = {
            int(days): HorizonBlend.restore(numbers) for days, numbers in told["blends"].items()
        }
        if (folder / "hurdle").is_dir():
            model._hurdle = model._trees().restore(folder / "hurdle")
        return model

    def _fit_blend(
        self, frame: pd.DataFrame, known: pd.DataFrame, days: int
    ) -> HorizonBlend | None:
        """How the parts blend for one horizon; None where too little was known before its newest
        outcomes."""
        judged = known[known["horizon_days"] == days]
        start = judged["origin"].max()
        judged = judged[judged["origin"] == start]
        if len(judged) < FEWEST_JUDGED:
            return None
        over = known["origin"] + pd.to_timedelta(known["horizon_days"], unit="D")
        try:
            process = self._fit_process(frame[frame["origin"] <= start])
        except TooLittleDataError:
            return None
        parts = self._expect(judged, process, self._fit_hurdle(known[over <= start], process))
        came = judged["target_orders"].to_numpy(dtype=float)
        return HorizonBlend.fit(parts, came, process.share.target_value(judged))

    def _blend_for(self, days: float, parts: CustomerParts) -> HorizonBlend:
        """The blend learned on the horizon that is nearest by its logarithm."""
        if not self._blends:
            return HorizonBlend.without_past(tuple(parts.orders))
        nearest = min(self._blends, key=lambda other: abs(np.log(other / days)))
        return self._blends[nearest]

    def _fit_process(self, frame: pd.DataFrame) -> PurchaseValue:
        return PurchaseValue.fit(frame, most_customers=self.most_customers, seed=self.seed)

    def _fit_hurdle(self, known: pd.DataFrame, process: PurchaseValue) -> BoostedHurdle | None:
        """Trees on rows with known outcomes; None where those are too few."""
        rows = known.sample(min(len(known), self.most_rows), random_state=self.seed)
        value = process.share.target_value(rows)
        start = process.expectation(rows)
        usable = np.isfinite(value) & np.isfinite(start.value)
        rows, value = rows[usable], value[usable]
        orders = rows["target_orders"].to_numpy(dtype=float)
        if not BoostedHurdle.has_enough(orders):
            return None
        return self._trees().fit(rows, process.expectation(rows), orders, value)

    def _trees(self) -> BoostedHurdle:
        return BoostedHurdle(self.rounds, self.leaves, self.learning_rate, self.seed)

    def _expect(
        self, frame: pd.DataFrame, process: PurchaseValue, hurdle: BoostedHurdle | None
    ) -> CustomerParts:
        """What each part says of each row."""
        orders = process.expected_orders(frame)
        unit = process.value_of_order(frame)
        value = {name: part * unit for name, part in orders.items()}
        orders["last_year"] = repeat_rate(frame)
        value["last_year"] = orders["last_year"] * unit
        chance = process.order_probability(frame)
        if hurdle is not None:
            found = hurdle.predict(frame, process.expectation_of(orders, chance, unit))
            orders["trees"], value["trees"] = found.orders, found.value
            chance = found.probability
        return CustomerParts(orders, value, chance, process.alive(frame), unit)


def _horizons(known: pd.DataFrame) -> list[int]:
    return sorted(int(days) for days in known["horizon_days"].unique())


REQUIRED_COLUMNS = (
    "repeat_orders",
    "active_days",
    "age_days",
    "repeats_210d",
    "mean_repeat_revenue",
    "ordered_revenue",
    "priced_orders",
    "orders_365d",
    *MONEY_COLUMNS,
    *(f"{name}_365d" for name in MONEY_COLUMNS),
)
