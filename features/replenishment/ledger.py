"""Sums of what happened to each key up to any moment, for many keys and moments at once."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# One sorted whole number holds key and second: the second stands in the low bits, until 2106.
_SECOND_BITS = 32


def seconds(times: pd.Series | pd.DatetimeIndex) -> Ints:
    """Whole seconds since 1970; what is missing lies beyond every moment."""
    stamps = pd.to_datetime(pd.Series(times), utc=True).to_numpy(dtype="datetime64[s]")
    whole = stamps.astype(np.int64)
    return np.where(np.isnat(stamps), (1 << _SECOND_BITS) - 1, np.maximum(whole, 0))


@dataclass(frozen=True)
class Keys:
    """The distinct values of some key columns, numbered; `codes` finds the number of each row."""

    columns: tuple[str, ...]
    index: pd.MultiIndex

    @classmethod
    def of(cls, columns: tuple[str, ...], *frames: pd.DataFrame) -> "Keys":
        """Every key in any of the frames, sorted."""
        parts = [frame[list(columns)].drop_duplicates() for frame in frames if len(frame)]
        every = pd.concat(parts) if parts else pd.DataFrame(columns=list(columns), dtype=object)
        every = every.drop_duplicates().sort_values(list(columns))
        return cls(columns, pd.MultiIndex.from_frame(every))

    def codes(self, frame: pd.DataFrame) -> Ints:
        """The number of each row's key; -1 where it is none of ours."""
        if not len(frame) or not len(self.index):
            return np.full(len(frame), -1, dtype=np.int64)
        asked = pd.MultiIndex.from_frame(frame[list(self.columns)])
        return self.index.get_indexer(asked).astype(np.int64)

    def frame(self, codes: Ints) -> pd.DataFrame:
        """The key columns of these numbers."""
        return self.index[codes].to_frame(index=False)


@dataclass(frozen=True)
class Ledger:
    """Amounts by key and time, summed up to any moment (that moment included)."""

    keys: Ints
    totals: Floats

    @classmethod
    def of(cls, codes: Ints, at: Ints, amounts: Floats) -> "Ledger":
        """Codes below 0 are left out; a missing amount counts 0.

        codes: the number of each row's key (see `Keys`); at: whole seconds since 1970; amounts:
        what is summed; all one a row.
        """
        known = codes >= 0
        keys = (codes[known] << _SECOND_BITS) + at[known]
        order = np.argsort(keys, kind="stable")
        running = np.cumsum(np.nan_to_num(amounts[known][order]))
        return cls(keys[order], np.concatenate([[0.0], running]))

    def between(self, codes: Ints, after: Ints, until: Ints) -> Floats:
        """Sum over after < time <= until, one a code.

        codes: numbers of keys; after, until: whole seconds since 1970; all one a sum.
        """
        return self._running(codes, until) - self._running(codes, np.minimum(after, until))

    def until(self, codes: Ints, until: Ints) -> Floats:
        """Sum over everything up to `until`.

        codes: numbers of keys; until: whole seconds since 1970; both one a sum.
        """
        start = np.searchsorted(self.keys, codes << _SECOND_BITS, side="left")
        return self._running(codes, until) - self.totals[start]

    def _running(self, codes: Ints, until: Ints) -> Floats:
        found = np.searchsorted(self.keys, (codes << _SECOND_BITS) + until, side="right")
        return self.totals[found]


def moments(as_of: datetime, *, weeks: int, every: int = 1) -> pd.DatetimeIndex:
    """Mondays at midnight UTC of the last `weeks` weeks, one in `every`, and `as_of` at the end.

    The Mondays are the same whatever `as_of`, so that histories built at different times agree.
    """
    last = pd.Timestamp(as_of).tz_convert("UTC")
    first_monday = pd.Timestamp("1970-01-05", tz="UTC")
    newest = (last - first_monday) // pd.Timedelta(days=7)
    numbers = [n for n in range(newest - weeks + 1, newest + 1) if n % every == 0]
    mondays = [first_monday + pd.Timedelta(days=7 * n) for n in numbers]
    return pd.DatetimeIndex([*(m for m in mondays if m < last), last]).as_unit("ns")
