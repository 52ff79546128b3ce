"""The shelf: for how much of each period there was something to sell, from stock observations."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting.grid import Grid
from features.forecasting.periods import Numbers, seconds

Floats = NDArray[np.float64]

# A look at the shelf tells of the time until the next look, but not for longer than this.
STALE_DAYS = {"day": 14.0, "week": 28.0, "month": 62.0}
_FAR = 10**11  # seconds: further apart than any two moments of one pair


@dataclass(frozen=True)
class Shelf:
    """By cell of a grid. share: of the known time, in stock (NaN: never looked at).

    sold_out: the last look at or before the period's end found it empty.
    """

    share: Floats
    sold_out: NDArray[np.bool_]


def shelf(grid: Grid, stock: pd.DataFrame) -> Shelf:
    """What the stock table says of each cell; on hand but reserved is not there to sell.

    grid: the pairs and their periods; stock: a row a look at a pair's shelf: warehouse_id,
    product_id, observed_at, on_hand and reserved (units).
    """
    looks = stock.assign(pair=grid.find(stock)) if len(stock) else stock.assign(pair=0)
    looks = looks[looks["pair"] >= 0].sort_values(["pair", "observed_at"], kind="stable")
    if looks.empty or grid.size == 0:
        return Shelf(np.full(grid.size, np.nan), np.zeros(grid.size, dtype=bool))
    pair = looks["pair"].to_numpy(dtype=np.int64)
    at = seconds(pd.DatetimeIndex(looks["observed_at"]))
    free = looks["on_hand"].fillna(0) - looks["reserved"].fillna(0)
    full = (free > 0).to_numpy().astype(np.float64)
    held = np.minimum(_until_next(pair, at), STALE_DAYS[grid.frequency] * 86_400)
    start, end = grid.boundaries()
    steps = _Steps(pair * _FAR + at, pair, held, full)
    known, stocked = steps.upto(grid.pair, end) - steps.upto(grid.pair, start)
    share = np.divide(stocked, known, out=np.full(grid.size, np.nan), where=known > 0)
    return Shelf(np.clip(share, 0.0, 1.0), steps.empty(grid.pair, end))


def _until_next(pair: Numbers, at: Numbers) -> Floats:
    gap = np.full(len(at), np.inf)
    same = pair[1:] == pair[:-1]
    gap[:-1][same] = (at[1:] - at[:-1])[same]
    return gap


@dataclass(frozen=True)
class _Steps:
    """A step function a pair: from each look on, full or empty, for `held` seconds."""

    key: Numbers
    pair: Numbers
    held: Floats
    full: Floats

    def upto(self, pair: Numbers, moment: Numbers) -> Floats:
        """Known seconds and stocked seconds of a pair before a moment: 2 × cells."""
        last, own, passed = self._last(pair, moment)
        known = np.concatenate([[0.0], np.cumsum(self.held)])
        stocked = np.concatenate([[0.0], np.cumsum(self.held * self.full)])
        within = np.where(own, np.minimum(passed, self.held[last]), self.held[last])
        return np.stack(
            [
                np.where(last >= 0, known[last] + within, 0.0),
                np.where(last >= 0, stocked[last] + within * self.full[last], 0.0),
            ]
        )

    def empty(self, pair: Numbers, moment: Numbers) -> NDArray[np.bool_]:
        """Whether the last look at or before a moment found nothing."""
        last, own, passed = self._last(pair, moment)
        return np.asarray(own & (self.full[last] == 0) & (passed < self.held[last] + 1))

    def _last(self, pair: Numbers, moment: Numbers) -> tuple[Numbers, NDArray[np.bool_], Floats]:
        key = pair * _FAR + moment
        last = np.searchsorted(self.key, key, side="right") - 1
        own = (last >= 0) & (self.pair[last] == pair)
        return last, own, (key - self.key[last]).astype(np.float64)
