"""Ids as sorted codes: a compact array and its positions, without a dictionary."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class IdIndex:
    """Sorted ids as UTF-8 bytes."""

    names: NDArray[np.bytes_]

    @classmethod
    def of(cls, values: pd.Series) -> "IdIndex":
        """The distinct values; a missing one is none of them."""
        distinct = values.dropna().unique()
        return cls(np.unique(np.array([str(value).encode() for value in distinct], dtype="S")))

    def __len__(self) -> int:
        return len(self.names)

    def find(self, values: Sequence[str]) -> NDArray[np.int64]:
        """Position of each id, -1 where it is unknown."""
        asked = np.array([value.encode() for value in values], dtype="S")
        if not len(self.names) or not len(asked):
            return np.full(len(asked), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.names, asked), len(self.names) - 1)
        return np.where(self.names[place] == asked, place, -1).astype(np.int64)

    def encode(self, values: pd.Series) -> NDArray[np.int64]:
        """Position of each row's id, -1 where it is unknown."""
        codes, distinct = pd.factorize(values)
        places = self.find([str(value) for value in distinct])
        return np.where(codes < 0, -1, places[codes] if len(places) else -1)

    def text(self, places: NDArray[np.integer]) -> list[str]:
        """The ids at these positions, as strings."""
        return [name.decode() for name in self.names[places]]
