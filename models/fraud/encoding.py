"""From columns to the numbers a model reads: levels of texts and the rule for what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Columns = Mapping[str, NDArray[Any]]

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
MIN_COUNT, MAX_LEVELS = 20, 250


@dataclass(frozen=True)
class Encoding:
    """Which columns are read, in order, and how.

    levels: the known values of each text column; a value's code is its place, an unknown value's
    is one past the last. A missing number or text is NaN, and so is a number that is none.
    """

    names: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """Learn the columns of a frame; a text column in which all values are numbers is one."""
        names = tuple(name for name in frame.columns if name not in NOT_FEATURES)
        texts = {name: _levels(frame[name]) for name in names if not _is_number(frame[name])}
        return cls(names, texts)

    def matrix(self, columns: Columns) -> Matrix:
        """Rows × names; a column that is not given is missing in every row."""
        rows = len(next(iter(columns.values())))
        answer = np.full((rows, len(self.names)), np.nan, dtype=np.float32)
        for place, name in enumerate(self.names):
            if name in columns:
                answer[:, place] = self._numbers(name, columns[name])
        return answer

    def of_frame(self, frame: pd.DataFrame) -> Matrix:
        """`matrix` of a frame."""
        given = [name for name in self.names if name in frame.columns]
        if not given:
            return np.full((len(frame), len(self.names)), np.nan, dtype=np.float32)
        return self.matrix({name: _array(frame[name]) for name in given})

    def _numbers(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        if name not in self.levels:
            return values if values.dtype.kind == "f" else _floats(values)
        codes, other = self._codes[name], float(len(self.levels[name]))
        listed = values.tolist()
        return np.array([np.nan if _absent(v) else codes.get(str(v), other) for v in listed])

    @cached_property
    def _codes(self) -> Mapping[str, Mapping[str, float]]:
        return {
            name: {level: float(code) for code, level in enumerate(known)}
            for name, known in self.levels.items()
        }

    @property
    def categorical(self) -> list[int]:
        """Places of the text columns."""
        return [place for place, name in enumerate(self.names) if name in self.levels]


def _array(values: pd.Series) -> NDArray[Any]:
    return values.to_numpy(dtype=float if values.dtype.kind in "fiub" else object, na_value=np.nan)


def _is_number(values: pd.Series) -> bool:
    if values.dtype.kind in "fiub":
        return True
    known = values.dropna()
    return bool(len(known)) and bool(pd.to_numeric(known, errors="coerce").notna().all())


def _levels(values: pd.Series) -> tuple[str, ...]:
    counts = values.dropna().astype(str).value_counts()
    kept = counts[counts >= MIN_COUNT].head(MAX_LEVELS)
    return tuple(sorted(kept.index))


def _absent(value: Any) -> bool:
    return value is None or value is pd.NA or value != value


def _floats(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.array([_float(value) for value in values.tolist()])


def _float(value: Any) -> float:
    if _absent(value):
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan
