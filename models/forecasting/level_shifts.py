"""Level shifts: a series that sells several times more, or less, from one period on.

What was sold before such a shift is put on the new level, so that every method sees one level with
the season, weekdays and effects of all years. Where price times quantity stayed what it was, the
unit changed (single bottles in place of a case of twelve), and the price is put on the new unit
too.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.forecasting.panel import SEASONS, Bools, DemandPanel, Floats, running_sums
from models.forecasting.successors import on_own_level

# Periods that a level is read from on either side, and fewest of them before and after a shift.
_WINDOW = {"day": 28, "week": 8, "month": 6}
_BEFORE = {"day": 21, "week": 6, "month": 4}
_AFTER = {"day": 7, "week": 3, "month": 3}
# Periods beside the shift that have to show it at once: what grows slowly is a trend.
_AT_ONCE = {"day": 7, "week": 2, "month": 2}
# A shift is at least so many times the level (or one over it), and so many standard errors.
_TIMES, _ERRORS = 2.2, {"day": 5.0, "week": 5.0, "month": 7.0}
# What falls to next to nothing may be out of stock, what rises from it is a launch: neither is one.
_MOST_TIMES = 30.0
# Series that are looked at together.
_TOGETHER = 256
# Share of a shift, in logarithms, that the periods beside it, or those of last year, have to show.
_SHARE = 0.6
# Shifts of one series that are looked for, the newest first.
_MOST = 3
# Money of a period before and after a change of unit differs by at most this factor.
_SAME_MONEY = 1.6
_SAME_PRICE = 1.1


@dataclass(frozen=True)
class LevelShift:
    """From the period at place `since` on, the series at `row` sells `factor` times as much.

    is_unit: True if price times quantity stayed the same, so that only the unit changed.
    """

    row: int
    since: int
    factor: float
    is_unit: bool


def without_shifts(past: DemandPanel) -> tuple[DemandPanel, tuple[LevelShift, ...]]:
    """The panel with all demand on the newest level of its series, and the shifts that were found.

    past: the series, with their periods closed and to come.
    """
    found: list[LevelShift] = []
    past = on_own_level(past)
    rows = np.arange(past.size)
    for _ in range(_MOST):
        # In parts, since each place of each series has some twenty numbers on the way.
        parts = np.split(rows, np.arange(_TOGETHER, len(rows), _TOGETHER))
        shifts = [one for part in parts for one in _newest_shifts(past, part)]
        if not shifts:
            break
        past = _on_new_level(past, shifts)
        found += shifts
        rows = np.array([one.row for one in shifts])
    return past, tuple(found)


def _on_new_level(past: DemandPanel, shifts: list[LevelShift]) -> DemandPanel:
    """What was sold before each shift, times its factor; prices over it where the unit changed."""
    demand, price, listed = past.demand.copy(), past.price.copy(), past.list_price.copy()
    for one in shifts:
        demand[one.row, : one.since] *= one.factor
        if one.is_unit:
            price[one.row, : one.since] /= one.factor
            listed[one.row, : one.since] /= one.factor
    return replace(past, demand=demand, price=price, list_price=listed, computed={})


@dataclass(frozen=True)
class _RunningSums:
    """Sums of known demand, its square and its logarithm before each period: S × (T + 1)."""

    count: Floats
    units: Floats
    square: Floats
    log: Floats

    @classmethod
    def of(cls, demand: Floats, seen: Bools) -> "_RunningSums":
        values = np.where(seen, demand, 0.0)
        units, count = running_sums(values, seen)
        square, _ = running_sums(values**2, seen)
        log, _ = running_sums(np.log(values + 0.5), seen)
        return cls(count, units, square, log)

    def row(self, place: int) -> "_RunningSums":
        """Those of one series: 1 × (T + 1)."""
        own = slice(place, place + 1)
        return _RunningSums(self.count[own], self.units[own], self.square[own], self.log[own])

    def between(self, sums: Floats, first: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
        """Of each series and candidate place the sum from `first` up to (without) `end`."""
        return np.asarray(sums[:, end] - sums[:, first])


def _newest_shifts(past: DemandPanel, rows: NDArray[np.int64]) -> list[LevelShift]:
    """The newest shift of each of some series that has one."""
    frequency, now = past.frequency, past.now
    if now < _BEFORE[frequency] + _AFTER[frequency]:
        return []
    # Promotions lift for a while: their periods say nothing of the level.
    demand = past.demand[rows]
    seen = ~np.isnan(demand) & ~(past.promotion[rows, :now] > 0)
    sums = _RunningSums.of(demand, seen)
    clear = _candidates(sums, frequency, now)
    found = []
    for at in np.flatnonzero(clear.any(axis=1)):
        # The last run of candidates is one shift.
        places = np.flatnonzero(clear[at])
        run = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)[-1]
        shift = _told(past, int(rows[at]), sums.row(int(at)), run)
        if shift is not None:
            found.append(shift)
    return found


def _candidates(sums: _RunningSums, frequency: str, now: int) -> Bools:
    """Whether each place may be a shift: S × now."""
    at = np.arange(now)
    window, year = _WINDOW[frequency], SEASONS[frequency][-1]
    first, end = np.maximum(at - window, 0), np.minimum(at + window, now)
    factor, errors = _compared(sums, at, (first, end))
    few = sums.between(sums.count, first, at) < _BEFORE[frequency]
    few |= sums.between(sums.count, at, end) < _AFTER[frequency]
    size = np.abs(np.log(factor))
    near = _AT_ONCE[frequency]
    beside, _ = _compared(sums, at, (np.maximum(at - near, 0), np.minimum(at + near, now)))
    clear = (
        ~few
        & (errors >= _ERRORS[frequency])
        & (size >= np.log(_TIMES))
        & (size <= np.log(_MOST_TIMES))
    )
    clear &= np.log(beside) * np.sign(np.log(factor)) >= _SHARE * size
    way = np.sign(np.log(factor))
    # What lasts until now, and is another level than that of the whole year before, is no peak.
    earlier, end_of_all = _log_mean(sums, np.maximum(at - year, 0), at), np.full(now, now)
    for since in (at, np.maximum(at, now - window)):
        clear &= (_log_mean(sums, since, end_of_all) - earlier) * way >= _SHARE * size
    # What the like periods of the year before, or after, did too is the season.
    for there in (at - year, at + year):
        other, known = _in_another_year(sums, there, at, min(window, year // 4))
        clear &= ~(known & (other * way >= (1 - _SHARE) * size))
    return np.asarray(clear)


def _compared(
    sums: _RunningSums, at: NDArray[np.int64], bounds: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> tuple[Floats, Floats]:
    """How many times the mean before is the mean after, and how many standard errors apart: S × T.

    The variance is that around both means, and at least that of counts.
    """
    first, end = bounds
    parts = [(sums.between(sums.count, *one), sums.between(sums.units, *one),
              sums.between(sums.square, *one)) for one in ((first, at), (at, end))]  # fmt: skip
    (n_before, before, square_before), (n_after, after, square_after) = parts
    mean_before, mean_after = before / np.maximum(n_before, 1), after / np.maximum(n_after, 1)
    total = np.maximum(n_before + n_after, 1)
    rest = square_before - n_before * mean_before**2 + square_after - n_after * mean_after**2
    counts = (before + after) / total
    variance = np.maximum(rest / np.maximum(total - 2, 1), np.maximum(counts, 1e-9))
    error = np.sqrt(variance * (1 / np.maximum(n_before, 1) + 1 / np.maximum(n_after, 1)))
    # Half a unit on either side: nothing sold is no factor of 0 or infinity.
    factor = (after + 0.5) / np.maximum(n_after, 1) / ((before + 0.5) / np.maximum(n_before, 1))
    return factor, np.abs(mean_after - mean_before) / error


def _log_mean(sums: _RunningSums, first: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
    """Mean logarithm of demand, which a short peak hardly moves: S × T."""
    count = sums.between(sums.count, first, end)
    return np.asarray(sums.between(sums.log, first, end) / np.maximum(count, 1))


def _in_another_year(
    sums: _RunningSums, there: NDArray[np.int64], at: NDArray[np.int64], window: int
) -> tuple[Floats, Bools]:
    """Logarithm of the factor at the same place of another year, and whether it is known: S × T.

    there: T places, inside the panel or not; at: the places that they are compared with, which the
    periods read do not reach over; window: periods read on either side.
    """
    now = len(at)
    place = np.clip(there, 0, now)
    low, high = np.where(there < at, 0, at), np.where(there < at, at, now)
    first, end = np.maximum(place - window, low), np.minimum(place + window, high)
    first, end = np.minimum(first, place), np.maximum(end, place)
    factor, _ = _compared(sums, place, (first, end))
    before, after = sums.between(sums.count, first, place), sums.between(sums.count, place, end)
    inside = (there > 0) & (there < now)
    return np.log(factor), np.asarray((before >= 3) & (after >= 3) & inside[None, :])


def _told(
    past: DemandPanel, row: int, sums: _RunningSums, run: NDArray[np.int64]
) -> LevelShift | None:
    """The shift of a series that lies in a run of candidates; None where its price says why it
    sells more or less.

    sums: of this series alone.
    """
    window, near = _WINDOW[past.frequency], _AT_ONCE[past.frequency]
    first, end = max(int(run[0]) - window, 0), min(int(run[-1]) + window, past.now)
    price = past.price[row, : past.now]
    # Where too few periods are known since, a place before the true one may look like a shift.
    places = np.arange(max(int(run[0]) - near, 1), min(int(run[-1]) + near, past.now - 1) + 1)
    place = _price_step(price, int(places[0]), int(places[-1]))
    if place is None:
        place = int(places[_likelihood(sums, places, (first, end)).argmax()])
    if past.now - place < _AFTER[past.frequency]:
        return None
    before = sums.units[0, place] - sums.units[0, first]
    after = sums.units[0, end] - sums.units[0, place]
    counts = [sums.count[0, place] - sums.count[0, first]]
    counts += [sums.count[0, end] - sums.count[0, place]]
    factor = float((after + 0.5) / counts[1] / ((before + 0.5) / counts[0]))
    dearer = _median(price[place:end]) / _median(price[first:place])
    if not np.isfinite(dearer) or max(dearer, 1 / dearer) <= _SAME_PRICE:
        return LevelShift(row, place, factor, is_unit=False)
    doubt = 2 / np.sqrt(min(before, after) + 0.5)  # of the logarithm, as counts have it
    if abs(np.log(dearer * factor)) <= np.log(_SAME_MONEY) + doubt:
        return LevelShift(row, place, 1 / dearer, is_unit=True)
    return None


def _price_step(price: Floats, first: int, last: int) -> int | None:
    """Where the price moves most, if it does by a factor as large as a shift; else None."""
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.abs(np.log(price[first : last + 1] / price[first - 1 : last]))
    steps = np.where(np.isfinite(steps), steps, 0.0)
    if not len(steps) or steps.max() < np.log(_TIMES):
        return None
    return first + int(steps.argmax())


def _likelihood(sums: _RunningSums, places: NDArray[np.int64], bounds: tuple[int, int]) -> Floats:
    """How likely counts with one level before and one after each place are (Poisson, logarithm)."""
    first, end = bounds
    answer = np.zeros(len(places))
    for low, high in ((np.full(len(places), first), places), (places, np.full(len(places), end))):
        units = sums.units[0, high] - sums.units[0, low]
        count = sums.count[0, high] - sums.count[0, low]
        answer += units * np.log(np.maximum(units, 0.5) / np.maximum(count, 1))
    return answer


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")
