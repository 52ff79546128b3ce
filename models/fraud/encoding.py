"""From columns to the numbers a model reads: levels of texts and the rule for what is missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.fraud.habits import Habit

Matrix = NDArray[np.float32]

LABEL = "is_fraud"
NOT_FEATURES = (
    LABEL,
    "payment_id",
    "customer_id",
    "card_id",
    "attempted_at",
    "reported_at",
    "declined",
)
# Counts of the whole shop, of a range of cards and of a network: rules read them; a model would
# learn the season by them.
_FOR_RULES = ("shop_", "bin_", "network_")
MIN_COUNT, MAX_LEVELS = 20, 250
# A text whose kept levels cover less than this share of the payments has habits too.
COVERED = 0.9


@dataclass(frozen=True)
class Encoding:
    """Which columns are read, in order, and how.

    levels: the known values of each text column; a value's code is its place, an unknown value's
    is one past the last. A missing number or text is NaN, and so is a number that is none.
    habits: of each text of many values, read as two more columns after `names`.
    """

    names: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    habits: Mapping[str, Habit] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """Learn the columns of a frame; a text column in which all values are numbers is one."""
        return cls.learn(frame)[0]

    @classmethod
    def learn(cls, frame: pd.DataFrame) -> tuple[Self, Matrix]:
        """The encoding, and the frame's own matrix as a model should learn from it: the habits of
        a payment's texts are those of payments well before it. Rows in order of time."""
        names = tuple(
            name
            for name in frame.columns
            if name not in NOT_FEATURES and not name.startswith(_FOR_RULES)
        )
        texts = {name: frame[name] for name in names if not _is_number(frame[name])}
        levels = {name: _levels(values) for name, values in texts.items()}
        habits, past = {}, {}
        for name, values in texts.items():
            if LABEL in frame and _is_many(values, levels[name]):
                label = frame[LABEL].to_numpy(dtype=np.float64)
                habits[name], past[name] = Habit.learn(_texts(values), label)
        encoding = cls(names, levels, habits)
        matrix = encoding.of_frame(frame)
        for place, name in enumerate(habits):
            at = len(names) + 2 * place
            matrix[:, at : at + 2] = past[name]
        return encoding, matrix

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of a matrix's columns: `names`, then two for each habit."""
        more = (f"{name}_{said}" for name in self.habits for said in ("frequency", "fraud_share"))
        return (*self.names, *more)

    @cached_property
    def _read(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """What is read of facts that have every name, at once."""
        if len(self.names) < 2:
            return lambda facts: tuple(facts[name] for name in self.names)
        return itemgetter(*self.names)

    def row(self, facts: Mapping[str, Any]) -> Matrix:
        """One payment, given by name, as a matrix of one row; what is not given is missing."""
        try:
            given = [*self._read(facts)]
        except KeyError:  # something is not given
            given = [facts.get(name) for name in self.names]
        for place, codes, other in self._texts_read:
            given[place] = _cell(given[place], codes, other)
        for name, habit in self.habits.items():
            given += habit.of(_text(facts.get(name)))
        try:
            cells = np.array([given], dtype=np.float64)  # None is NaN
        except (TypeError, ValueError):  # a text where a number should be
            cells = np.array([[_cell(value, None, 0.0) for value in given]])
        return cells.astype(np.float32)

    def of_frame(self, frame: pd.DataFrame) -> Matrix:
        """Many payments as a matrix, a row each; a column that is not in the frame is missing in
        every row."""
        answer = np.full((len(frame), len(self.columns)), np.nan, dtype=np.float32)
        for place, name in enumerate(self.names):
            if name in frame.columns:
                answer[:, place] = self._numbers(name, frame[name])
        for place, (name, habit) in enumerate(self.habits.items()):
            given = frame[name] if name in frame.columns else pd.Series(None, frame.index, object)
            at = len(self.names) + 2 * place
            answer[:, at : at + 2] = habit.of_many(_texts(given))
        return answer

    def _numbers(self, name: str, values: pd.Series) -> NDArray[Any]:
        if name not in self.levels:
            if values.dtype.kind in "fiub":
                return values.to_numpy(dtype=float, na_value=np.nan)
            return np.array([_cell(value, None, 0.0) for value in values.tolist()])
        codes, other = self._codes[name], float(len(self.levels[name]))
        return np.array([_cell(value, codes, other) for value in values.tolist()])

    @cached_property
    def _codes(self) -> Mapping[str, Mapping[str, float]]:
        return {
            name: {level: float(code) for code, level in enumerate(known)}
            for name, known in self.levels.items()
        }

    @cached_property
    def _texts_read(self) -> list[tuple[int, Mapping[str, float], float]]:
        """Where the texts stand, their codes, the code of other values."""
        levels = self.levels
        return [
            (i, self._codes[self.names[i]], len(levels[self.names[i]])) for i in self.categorical
        ]

    @property
    def categorical(self) -> list[int]:
        """Places of the text columns."""
        return [place for place, name in enumerate(self.names) if name in self.levels]

    def numbers(self) -> dict[str, Any]:
        """Fit for JSON; `Encoding.from_numbers` reads it."""
        habits = {name: habit.numbers() for name, habit in self.habits.items()}
        return {"names": self.names, "levels": self.levels, "habits": habits}

    @classmethod
    def from_numbers(cls, numbers: Mapping[str, Any]) -> Self:
        """The encoding of which `numbers` are what `Encoding.numbers` gave."""
        levels = {name: tuple(values) for name, values in numbers["levels"].items()}
        habits = {name: Habit.from_numbers(n) for name, n in numbers.get("habits", {}).items()}
        return cls(tuple(numbers["names"]), levels, habits)


def _is_number(values: pd.Series) -> bool:
    if values.dtype.kind in "fiub":
        return True
    known = values.dropna()
    return bool(len(known)) and bool(pd.to_numeric(known, errors="coerce").notna().all())


def _levels(values: pd.Series) -> tuple[str, ...]:
    counts = values.dropna().astype(str).value_counts()
    kept = counts[counts >= MIN_COUNT].head(MAX_LEVELS)
    return tuple(sorted(kept.index))


def _is_many(values: pd.Series, levels: tuple[str, ...]) -> bool:
    known = values.dropna().astype(str)
    return bool(len(known)) and float(known.isin(levels).mean()) < COVERED


def _texts(values: pd.Series) -> list[str | None]:
    return [_text(value) for value in values.tolist()]


def _text(value: Any) -> str | None:
    return None if _absent(value) else str(value)


def _absent(value: Any) -> bool:
    return value is None or value is pd.NA or value != value


def _cell(value: Any, codes: Mapping[str, float] | None, other: float) -> float:
    if type(value) is float and codes is None:
        return value
    if _absent(value):
        return np.nan
    if codes is not None:
        return codes.get(str(value), other)
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan
