"""Pauses: a pair that sold steadily, sold nothing for long, and sells again.

Demand of that time is unknown, not zero: a level that remembers the silence is too low for months
after it. A pair that is still silent may be dead: its zeros stay.
"""

import numpy as np
from numpy.typing import NDArray

from features.forecasting.grid import Grid

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

# Periods without a sale that may be a pause, and those before and after it that have to be known.
_FEWEST = {"day": 28, "week": 4, "month": 2}
_BEFORE = {"day": 28, "week": 8, "month": 4}
_AFTER = {"day": 7, "week": 2, "month": 2}
# Periods on either side that say how often the pair sells.
_AROUND = {"day": 91, "week": 26, "month": 12}
_YEAR = {"day": 364, "week": 52, "month": 12}
# A silence that comes by chance more often than this is no pause.
_CHANCE = 1e-6


def paused_cells(grid: Grid, sold: Floats) -> Bools:
    """True for the cells of a grid that lie in a pause of their pair that has ended.

    A pair that sold in a share d of the periods around (the smaller of both sides) has n periods
    without a sale by chance with (1 - d)^n < 1e-6. Silence that the same weeks of other years have
    too is its season, and none; where no other year is known, a pair has to have sold for twice as
    long before as it was silent.

    grid: the pairs and their periods; sold: units of orders that count, by cell.
    """
    answer = np.zeros(grid.size, dtype=bool)
    fewest = _FEWEST[grid.frequency]
    at = np.flatnonzero(sold > 0)
    # Two sales of one pair with so many periods between them.
    wide = (np.diff(at) > fewest) & (grid.pair[at[1:]] == grid.pair[at[:-1]])
    for place in np.flatnonzero(wide):
        pair = grid.pair[at[place]]
        begin, end = grid.offset[pair], grid.offset[pair] + grid.length[pair]
        first, last = at[place] + 1 - begin, at[place + 1] - begin
        if _is_pause(sold[begin:end] > 0, int(first), int(last), grid.frequency):
            answer[begin + first : begin + last] = True
    return answer


def _is_pause(sells: Bools, first: int, end: int, frequency: str) -> bool:
    """Whether the silence from `first` up to (without) `end` is a pause.

    sells: whether the pair sold in each of its periods.
    """
    begin = int(sells.argmax())
    before = sells[max(begin, first - _AROUND[frequency]) : first]
    after = sells[end : end + _AROUND[frequency]]
    if len(before) < _BEFORE[frequency] or len(after) < _AFTER[frequency]:
        return False
    share = min(before.sum() / (len(before) + 1), after.sum() / (len(after) + 1))
    length, year = end - first, _YEAR[frequency]
    if (1 - share) ** length >= _CHANCE:
        return False
    if length >= year:
        return True
    like = _like_periods(sells, begin, (first, end), year)
    if 2 * len(like) < length:
        return first - begin >= 2 * length
    return bool(like.mean() >= share / 2)


def _like_periods(sells: Bools, begin: int, silence: tuple[int, int], year: int) -> Bools:
    """Whether the pair sold in the same periods of the year before the silence, and after it."""
    first, end = silence
    former = sells[max(begin, first - year) : max(begin, end - year)]
    return np.concatenate([former, sells[first + year : end + year]])
