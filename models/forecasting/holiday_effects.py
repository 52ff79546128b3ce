"""What holidays do to single days: those before, on and after, as far as history shows it."""

import numpy as np
from numpy.typing import NDArray

from models.forecasting.calendars import Calendar, calendars
from models.forecasting.levels import level, summed
from models.forecasting.panel import Bools, DemandPanel, Floats
from models.forecasting.promotions import local_level

Ints = NDArray[np.int64]

# Days around a holiday that may sell in their own way.
_DAYS = range(-4, 4)
_LARGEST = 2.0  # of the logarithm of a factor


def holiday_factors(past: DemandPanel, demand: Floats, seen: Bools, others: Floats) -> Floats:
    """The factor of each series and day around holidays, 1 elsewhere: S × periods.

    All series of a calendar share it. Each day beside a holiday has the mean of what it did in the
    years known, shrunk to nothing by chance (James & Stein, 1961, positive part).

    past: daily series, with their days closed and to come. demand, seen: S × now. others: S ×
    periods, the factors of season, promotions and prices.
    """
    codes, made = calendars(past)
    usual = others[:, : past.now]
    expected = np.where(seen, local_level(demand, seen, usual, past.memory // 2) * usual, 0.0)
    # Series weigh by the root of their level: one giant does not decide alone.
    weight = 1.0 / np.sqrt(level(past).mean[:, None])
    tops, bottoms = summed(demand * weight, codes), summed(expected * weight, codes)
    periods = others.shape[1]
    factors = [
        _factors(calendar, top, bottom, periods)
        for calendar, top, bottom in zip(made, tops, bottoms, strict=True)
    ]
    return np.stack(factors)[codes]


def _factors(calendar: Calendar, top: Floats, bottom: Floats, periods: int) -> Floats:
    now = len(top)
    there = (top > 0) & (bottom > 0)
    off = np.full(now, np.nan)
    off[there] = np.log(top[there] / bottom[there])
    if there.sum() < 2 * 7:
        return np.ones(periods)
    off -= np.nanmedian(off)
    noise = (1.4826 * float(np.nanmedian(np.abs(off)))) ** 2
    answer = np.zeros(periods)
    taken = calendar.special[:periods].copy()
    for shift in sorted(_DAYS, key=abs):
        for places in calendar.named.values():
            at = places + shift
            at = at[(at >= 0) & (at < periods)]
            at = at if shift == 0 else at[~taken[at]]
            past = at[at < now]
            found = off[past][np.isfinite(off[past])] if len(past) else np.zeros(0)
            if len(found):
                mean = float(found.mean())
                trust = max(1 - noise / (len(found) * max(mean**2, 1e-12)), 0.0)
                answer[at] += trust * mean
                off[past] -= trust * mean
    return np.exp(np.clip(answer, -_LARGEST, _LARGEST))
