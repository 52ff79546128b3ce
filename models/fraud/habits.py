"""Texts of many values (a hashed address, a postcode): how frequent a value was, and how often
fraud.

Learned in blocks of time: a payment is described by the blocks before its own, as a served payment
is by the time before its model (ordered target statistics: Prokhorenkova et al., 2018, CatBoost).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCKS, PRIOR, MOST_VALUES = 8, 10.0, 100_000


@dataclass(frozen=True)
class Habit:
    """frequency: share of the payments with each value; fraud_share: of them that were fraud,
    drawn to `rate` as if PRIOR more payments had been at it."""

    known: Mapping[str, tuple[float, float]]
    rate: float

    @classmethod
    def learn(cls, values: Sequence[str | None], label: Floats) -> tuple[Self, Floats]:
        """The habit of all rows, and what the rows before each row's block say of it.

        values: a text a payment, None where it is missing, rows in order of time; label: of each
        payment, 1 is fraud and 0 honest. What the rows before say: payments × (frequency, fraud
        share), NaN where there is nothing to say.
        """
        codes, names = pd.factorize(np.array(values, dtype=object), use_na_sentinel=True)
        count, fraud = np.zeros(len(names)), np.zeros(len(names))
        past = np.full((len(codes), 2), np.nan)
        for rows in np.array_split(np.arange(len(codes)), BLOCKS):
            if len(rows) and rows[0] > 0:
                rate = float(fraud.sum() / max(count.sum(), 1.0))
                said = np.column_stack([count / rows[0], _share(count, fraud, rate)])
                here = codes[rows]
                past[rows] = np.where(here[:, None] >= 0, said[here], np.nan)
            seen = codes[rows] >= 0
            np.add.at(count, codes[rows][seen], 1.0)
            np.add.at(fraud, codes[rows][seen], label[rows][seen])
        rate = float(fraud.sum() / max(count.sum(), 1.0))
        said = np.column_stack([count / max(len(codes), 1), _share(count, fraud, rate)])
        kept = np.argsort(-count, kind="stable")[:MOST_VALUES]
        known = {str(names[i]): (float(said[i, 0]), float(said[i, 1])) for i in kept}
        return cls(known, rate), past

    def of(self, value: str | None) -> tuple[float, float]:
        """Frequency and fraud share of a value; NaN where there is none.

        >>> Habit({"a": (0.5, 0.1)}, 0.02).of("b")
        (0.0, 0.02)
        """
        return (np.nan, np.nan) if value is None else self.known.get(value, (0.0, self.rate))

    def of_many(self, values: Sequence[str | None]) -> Floats:
        """Frequency and fraud share of each value of a column: values × 2; NaN where it is None."""
        return np.array([self.of(value) for value in values]).reshape(-1, 2)

    def numbers(self) -> dict[str, Any]:
        """The habit, fit for JSON."""
        return {"known": self.known, "rate": self.rate}

    @classmethod
    def from_numbers(cls, numbers: Mapping[str, Any]) -> Self:
        """The habit of which `numbers` are what `Habit.numbers` gave."""
        known = {name: (float(f), float(s)) for name, (f, s) in numbers["known"].items()}
        return cls(known, float(numbers["rate"]))


def _share(count: Floats, fraud: Floats, rate: float) -> Floats:
    return (fraud + PRIOR * rate) / (count + PRIOR)
