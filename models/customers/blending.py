"""How several expectations become one: weights and a level learned on rows they had not seen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import nnls

from models.customers.purchase_process import Numbers

_PULL = 0.3  # strength of the prior weights, beside the rows' own say
_LOWEST_LEVEL, _HIGHEST_LEVEL = 0.75, 1.33
_MOST_TRUST = 0.25  # all outcomes are of one stretch of time: its season is no level for the next
_ROWS_BEHIND_LEVEL_1 = 300.0  # outcomes' worth of belief that the level is right as it is


@dataclass(frozen=True)
class Blend:
    """A weighted sum: weights (>= 0, together 1) by the name of an expectation, times a level."""

    weights: Mapping[str, float]
    level: float = 1.0

    @classmethod
    def of_prior(cls, prior: Mapping[str, float], names: Collection[str]) -> Self:
        """The prior's weights of the names there are, together 1. prior: name -> weight >= 0."""
        total = sum(prior[name] for name in names)
        return cls({name: prior[name] / total for name in names})

    @classmethod
    def fit(
        cls, expected: Mapping[str, Numbers], actual: Numbers, prior: Mapping[str, float]
    ) -> Self:
        """The weights with the least squared error, large expectations weighing less, drawn to the
        prior: parts that are much alike do not chase the noise of one horizon.

        expected: name -> one number a row; actual: what came of each row; prior: name -> weight.
        """
        names = tuple(expected)
        columns = np.column_stack([expected[name] for name in names])
        middle = np.maximum(columns.mean(axis=1), 0.0)
        spread = float(middle.mean()) or 1.0
        weight = 1.0 / np.sqrt(spread + middle)  # variance grows with the mean, as counts' does
        believed = cls.of_prior(prior, names)
        pull = _PULL * float(np.linalg.norm(columns * weight[:, None]))
        # The last rows say: each weight is the prior's, as far as the others do not object.
        rows = np.vstack([columns * weight[:, None], pull * np.eye(len(names))])
        aims = np.concatenate([actual * weight, [pull * believed.weights[n] for n in names]])
        found = nnls(rows, aims)[0]
        if found.sum() <= 0:
            return believed
        weights = dict(zip(names, (found / found.sum()).tolist(), strict=True))
        return cls(weights, _level(columns @ (found / found.sum()), actual))

    def predict(self, expected: Mapping[str, Numbers]) -> Numbers:
        """The blend of expectations, by the names it was fitted with."""
        parts = [weight * expected[name] for name, weight in self.weights.items() if weight > 0]
        return np.asarray(self.level * np.sum(parts, axis=0))


def _level(expected: Numbers, actual: Numbers) -> float:
    """What came ÷ what was expected, drawn to 1 where little came."""
    total, came = float(expected.sum()), float(actual.sum())
    if total <= 0 or came <= 0:
        return 1.0
    events = float((actual > 0).sum())
    trust = _MOST_TRUST * events / (events + _ROWS_BEHIND_LEVEL_1)
    return float(np.clip((came / total) ** trust, _LOWEST_LEVEL, _HIGHEST_LEVEL))
