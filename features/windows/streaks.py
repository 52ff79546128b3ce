"""Streaks in batch: what has been counted of a value since the last event that ended its streak."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.windows.plan import MISSING, Streak

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StreakColumns:
    """Payments and hundredths of money, one entry an event; MISSING where it has no value.

    before: rows of [payments, cents] before each event; after: the same after it, where it is the
    last of its value; last: places of those, one a value.
    """

    before: Ints
    after: Ints
    last: NDArray[np.intp]

    @classmethod
    def of(cls, events: pd.DataFrame, streak: Streak) -> Self:
        """The streaks of a stream.

        events: in order of arrival, with payments, cents, ends and the streak's column; streak:
        what is counted.
        """
        codes = pd.factorize(events[streak.column], use_na_sentinel=True)[0]
        order = np.argsort(codes, kind="stable")
        order = order[np.searchsorted(codes[order], 0) :]
        code = codes[order]
        ends = events["ends"].to_numpy(dtype=bool)[order]
        added = events[["payments", "cents"]].to_numpy(dtype=np.int64)[order]
        # A streak begins at a value's first event and after each event that ended one.
        begins = np.ones(len(order), dtype=bool)
        begins[1:] = (code[1:] != code[:-1]) | ends[:-1]
        total = np.concatenate((np.zeros((1, 2), np.int64), np.cumsum(added, axis=0)))
        start = np.flatnonzero(begins)[np.cumsum(begins) - 1] if len(order) else order
        run = total[:-1] - total[start]
        before = np.full((len(events), 2), MISSING, np.int64)
        before[order] = run
        last = np.ones(len(order), dtype=bool)
        last[:-1] = code[1:] != code[:-1]
        after = np.where(ends[:, None], 0, run + added)[last]
        return cls(before, after, order[last])

    def states(self, values: NDArray[np.object_]) -> Iterator[tuple[str, list[int]]]:
        """Each value with its payments and cents after all events. values: of each event."""
        for row, state in zip(self.last.tolist(), self.after.tolist(), strict=True):
            yield str(values[row]), state
