"""Two steps of gradient-boosted trees: does a customer order at all; if so, how often, how much.

Each tree model starts at what the purchase process says (LightGBM's init_score) and learns where
the other features know better, so that it also answers for a horizon longer than any it saw.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
from scipy.special import expit, logit

from models.customers.customer_frame import ROW_COLUMNS, TARGET_COLUMNS
from models.customers.purchase_process import Numbers

_LEAST_PROBABILITY = 1e-5
_MOST_LOG_CHANGE = 2.0  # trees may not move an expectation by more than a factor of e²
_EXTREME = 0.995  # outcomes above this quantile count as that: one wholesale order is no pattern
FEWEST_ROWS, FEWEST_EVENTS = 2_000, 200
# Of fewer rows threads wait for each other longer than they work; of more, OpenMP says how many.
_SMALL = 50_000


@dataclass(frozen=True)
class ProcessExpectation:
    """What the purchase process says of each row: where the trees start.

    probability: of any order in the horizon. orders, value: expected in it.
    """

    probability: Numbers
    orders: Numbers
    value: Numbers

    def clipped_probability(self) -> Numbers:
        """The probability, kept off 0 and 1 so that its log-odds exist."""
        return np.clip(self.probability, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)

    def orders_if_any(self) -> Numbers:
        """Expected orders of those who order at all: at least 1."""
        return np.maximum(self.orders / self.clipped_probability(), 1.0)

    def value_if_any(self) -> Numbers:
        """Expected value of those who order at all."""
        return np.asarray(self.value / self.clipped_probability() * self._consistency())

    def _consistency(self) -> Numbers:
        """Where the process expects less than one order of those who order, value is raised as
        orders are."""
        raw = np.maximum(self.orders / self.clipped_probability(), _LEAST_PROBABILITY)
        return self.orders_if_any() / raw


class BoostedHurdle:
    """P(any order) × expected orders and value of those who order."""

    def __init__(self, rounds: int, leaves: int, learning_rate: float, seed: int) -> None:
        self.rounds = rounds
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.seed = seed
        self._categories: dict[str, list[str]] = {}
        self._columns: list[str] = []
        self._scale = 1.0
        self._trees: Mapping[str, lightgbm.Booster] = {}

    @staticmethod
    def has_enough(target_orders: Numbers) -> bool:
        """True if there are outcomes enough for trees. target_orders: of each row, none missing."""
        return len(target_orders) >= FEWEST_ROWS and int((target_orders > 0).sum()) >= FEWEST_EVENTS

    def fit(
        self, frame: pd.DataFrame, start: ProcessExpectation, orders: Numbers, value: Numbers
    ) -> Self:
        """Learn from rows whose horizon is over.

        frame: inputs and horizon_days; start: what the process says of the same rows; orders,
        value: what came.
        """
        self._learn_columns(frame)
        x, some = self._matrix(frame), orders > 0
        capped = np.minimum(orders, max(float(np.quantile(orders[some], _EXTREME)), 1.0))
        low, high = np.quantile(value[some], [1.0 - _EXTREME, _EXTREME])
        self._scale = max(float(np.abs(value[some]).mean()), 1e-9)
        worth = np.clip(value, low, high) / self._scale
        begin = start.value_if_any() / self._scale
        self._trees = {
            "any": self._boost("binary", x, some.astype(float), logit(start.clipped_probability())),
            "orders": self._boost(
                "poisson", x[some], capped[some], np.log(start.orders_if_any()[some])
            ),
            "value": self._boost("regression", x[some], worth[some], begin[some]),
        }
        return self

    def predict(self, frame: pd.DataFrame, start: ProcessExpectation) -> ProcessExpectation:
        """The process's expectation, moved by the trees.

        frame: inputs and horizon_days; start: what the process says of the same rows.
        """
        x = self._matrix(frame)
        moved = {name: self._raw(name, x) for name in self._trees}
        probability = expit(logit(start.clipped_probability()) + moved["any"])
        change = np.clip(moved["orders"], -_MOST_LOG_CHANGE, _MOST_LOG_CHANGE)
        orders = np.maximum(start.orders_if_any() * np.exp(change), 1.0)
        value = start.value_if_any() + self._scale * moved["value"]
        return ProcessExpectation(probability, probability * orders, probability * value)

    def save(self, folder: Path) -> None:
        """Write to an existing folder: hurdle.json, and a text file for each tree model."""
        told = {"categories": self._categories, "columns": self._columns, "scale": self._scale}
        (folder / "hurdle.json").write_text(json.dumps(told))
        for name, booster in self._trees.items():
            booster.save_model(str(folder / f"{name}.txt"))

    def restore(self, folder: Path) -> Self:
        """Take over what `save` wrote; returns self."""
        told = json.loads((folder / "hurdle.json").read_text())
        self._categories, self._columns = told["categories"], told["columns"]
        self._scale = told["scale"]
        self._trees = {
            name: lightgbm.Booster(model_file=str(folder / f"{name}.txt"))
            for name in ("any", "orders", "value")
        }
        return self

    def _learn_columns(self, frame: pd.DataFrame) -> None:
        """Which columns are inputs, and the values that each text column has (the most frequent
        ones first: rare ones count as missing)."""
        left_out = {*ROW_COLUMNS, *TARGET_COLUMNS} - {"horizon_days"}
        self._columns = [name for name in frame.columns if name not in left_out]
        texts = [
            name for name in self._columns if not pd.api.types.is_numeric_dtype(frame[name].dtype)
        ]
        self._categories = {
            name: [str(value) for value in frame[name].value_counts().index[:50]] for name in texts
        }

    def _matrix(self, frame: pd.DataFrame) -> Numbers:
        """rows × inputs, text columns as the place of their value (NaN where unknown)."""
        columns = []
        for name in self._columns:
            if name in self._categories:
                places = pd.Categorical(frame[name], categories=self._categories[name]).codes
                columns.append(np.where(places < 0, np.nan, places.astype(float)))
            else:
                columns.append(frame[name].to_numpy(dtype=float, na_value=np.nan))
        return np.column_stack(columns)

    def _boost(self, objective: str, x: Numbers, y: Numbers, start: Numbers) -> lightgbm.Booster:
        parameters: dict[str, Any] = {
            "objective": objective,
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": max(50, len(y) // 200),
            "lambda_l2": 10.0,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "seed": self.seed,
            "deterministic": True,
            "boost_from_average": False,
            "verbosity": -1,
            "num_threads": 1 if len(y) < _SMALL else 0,
        }
        texts = [place for place, name in enumerate(self._columns) if name in self._categories]
        data = lightgbm.Dataset(
            x, y, init_score=start, categorical_feature=texts, free_raw_data=True
        )
        return lightgbm.train(parameters, data, self.rounds)

    def _raw(self, name: str, x: Numbers) -> Numbers:
        raw = self._trees[name].predict(x, raw_score=True)
        return np.asarray(raw, dtype=float)
