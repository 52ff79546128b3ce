"""The calendar of a market: the holidays that history reacts to, and each period's like one of the
year before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.forecasting.holiday_dates import named_days
from models.forecasting.levels import level, summed
from models.forecasting.panel import SEASONS, DemandPanel, Floats

Places = NDArray[np.int64]
Days = NDArray[np.int64]

FAR = 60  # days: a holiday further away than this says nothing
_STEP = {"day": 7, "week": 1, "month": 1}  # to the next period of the same kind
_LENGTH = {"day": 1, "week": 7, "month": 28}
# A holiday counts where its periods lie so many standard errors off their neighbours: of all series
# together, or of a category, of which there are many.
_CLEAR, _CLEAR_CATEGORY = 2.5, 4.0
_LEAST_EFFECT = 0.03  # and by at least this share
_CATEGORIES = 40  # the biggest categories that are looked at one by one


@dataclass(frozen=True)
class Calendar:
    """By period. count: holidays in it. until, since: days from its start to the next holiday and
    from the last one. easter: days to the nearest Easter Sunday, below 0 after it.
    twin: the place of the like period one year before; below 0 when that is before the panel.
    special: whether a holiday lies in it. named: the periods of each holiday, in order.
    """

    count: Floats
    until: Floats
    since: Floats
    easter: Floats
    twin: Places
    special: NDArray[np.bool_]
    named: Mapping[str, Places]


def calendars(panel: DemandPanel) -> tuple[Places, list[Calendar]]:
    """The number of each series' calendar, and all calendars: one for each set of markets.

    A holiday is in a calendar where the demand known so far shows that it matters.
    """
    return panel.once("calendars", lambda: _calendars(panel))


def _calendars(panel: DemandPanel) -> tuple[Places, list[Calendar]]:
    served = panel.series["markets"].astype(str)
    served = served.where(served != "", panel.series["country"].astype(str))
    codes, names = pd.factorize(served, sort=True)
    first, last = panel.dates[0].date(), panel.dates[-1].date()
    made = []
    for number, one in enumerate(names):
        own = panel.rows(np.flatnonzero(codes == number))
        markets = tuple(part for part in str(one).split("|") if part)
        named = named_days(markets, first.year - 1, last.year + 1)
        made.append(_calendar(tuple(_shown(own, named)), markets, panel.frequency, first, last))
    return codes.astype(np.int64), made


def _shown(own: DemandPanel, named: Mapping[str, list[date]]) -> list[str]:
    """The names of the days around which demand differs from its neighbours' beyond chance."""
    if own.now < 8:
        return []
    days = _numbers(own.dates)[: own.now]
    # Where a holiday closes the shop, the days beside it may still tell.
    shifts = (-1, 0, 1) if own.frequency == "day" else (0,)
    places = [(name, _places(days + shift, one, own.frequency)) for name, one in named.items()
              for shift in shifts]  # fmt: skip
    if not places:
        return []
    # A row a name, filled up with a place after the last, which is never known.
    table = np.full((len(places), max(len(at) for _, at in places)), own.now)
    for row, (_, at) in enumerate(places):
        table[row, : len(at)] = at
    off = np.pad(_unusual(own), ((0, 0), (0, 1)), constant_values=np.nan)
    clear = np.where(np.arange(len(off)) == 0, _CLEAR, _CLEAR_CATEGORY)
    some = np.isfinite(off).any(axis=1)
    off, clear = off[some], clear[some]
    noise = 1.4826 * np.nanmedian(np.abs(off), axis=1)
    shown: set[str] = set()
    first = _standard_errors(off[:, table], noise[:, None])  # rows x names
    for row in np.flatnonzero(first.max(axis=1) >= clear).tolist():
        shown |= _clear_names(off[row], table, places, float(noise[row]), float(clear[row]))
    return [name for name in named if name in shown]


def _clear_names(
    off: Floats,
    table: Places,
    places: Sequence[tuple[str, Places]],
    noise: float,
    clear: float,
) -> set[str]:
    """Names whose periods differ, the clearest first: what one explains is no other's.

    off: now + 1, the logarithm of each period over its neighbours, then an unknown one. table:
    names x periods, the places of each name; places: name and its periods. noise: standard
    deviation of `off`; clear: standard errors that count.
    """
    left, found = off.copy(), set[str]()
    while True:
        scores = _standard_errors(left[table], noise)
        best = int(np.argmax(scores))
        if scores[best] < clear:
            return found
        name, at = places[best]
        found.add(name)
        left[at] = np.nan


def _standard_errors(off: Floats, noise: Floats | float) -> Floats:
    """How many standard errors each name's mean lies from 0; 0 where its periods disagree.

    off: … × names × periods, NaN where unknown; noise: standard deviation of one of them.
    """
    known = np.isfinite(off)
    count = known.sum(axis=-1)
    mean = np.where(known, off, 0.0).sum(axis=-1) / np.maximum(count, 1)
    agree = (~known | (np.sign(off) == np.sign(mean)[..., None])).all(axis=-1)
    clear = agree & (np.abs(mean) >= _LEAST_EFFECT)
    return np.where(clear, np.abs(mean) * np.sqrt(count) / np.maximum(noise, 1e-9), 0.0)


def _places(days: Days, named: Sequence[date], frequency: str) -> Places:
    """The periods that days lie in, of those that have closed."""
    numbers = np.array([_number(one) for one in named])
    place = np.searchsorted(days, numbers, side="right") - 1
    inside = (place >= 0) & (numbers < days[-1] + _LENGTH[frequency]) if len(days) else place < -1
    return np.asarray(place[inside])


def _unusual(own: DemandPanel) -> Floats:
    """Logarithm of demand over that of the periods around (of days: same weekdays around), of all
    series and of the biggest categories: (1 + categories) × now; series weigh by their root.
    """
    seen = ~np.isnan(own.demand)
    share = np.where(seen, own.demand, 0.0) / np.sqrt(level(own).mean[:, None])
    usual = np.where(seen, np.sqrt(level(own).mean[:, None]), 0.0)
    group = own.groups("category")
    biggest = np.argsort(-np.bincount(group, weights=usual.sum(axis=1)), kind="stable")
    everything = np.zeros(own.size, dtype=np.int64)
    tops, bottoms = (
        np.concatenate([summed(one, everything), summed(one, group)[biggest[:_CATEGORIES]]])
        for one in (share, usual)
    )
    unknown = np.full(tops.shape, np.nan)
    ratio = np.divide(tops, bottoms, out=unknown, where=bottoms > 0)
    step = _STEP[own.frequency]
    around = np.full((4, *ratio.shape), np.nan)
    for place, shift in enumerate((-2 * step, -step, step, 2 * step)):
        if abs(shift) < own.now:
            target = slice(max(shift, 0), own.now + min(shift, 0))
            source = slice(max(-shift, 0), own.now - max(shift, 0))
            around[place][:, target] = ratio[:, source]
    # The median of the four: a neighbour with a holiday of its own does not count.
    some = ~np.isnan(around).all(axis=0)
    near = np.zeros(ratio.shape)
    near[some] = np.nanmedian(around[:, some], axis=0)
    there = (near > 0) & ~np.isnan(ratio)
    answer = np.full(ratio.shape, np.nan)
    answer[there] = np.log(np.maximum(ratio[there], 0.02 * near[there]) / near[there])
    return answer


@lru_cache(maxsize=256)
def _calendar(
    shown: tuple[str, ...], markets: tuple[str, ...], frequency: str, first: date, last: date
) -> Calendar:
    step = {"day": "D", "week": "7D", "month": "MS"}[frequency]
    starts = pd.date_range(first, last, freq=step)
    days = _numbers(starts)
    every_name = named_days(markets, first.year - 1, last.year + 1)
    named = {name: every_name[name] for name in shown}
    every = np.unique([_number(day) for days_ in named.values() for day in days_]).astype(np.int64)
    place = np.searchsorted(days, every, side="right") - 1
    inside = (place >= 0) & (every < days[-1] + _LENGTH[frequency])
    count = np.bincount(place[inside], minlength=len(days)).astype(np.float64)
    nearest = np.full(len(days), float(FAR))
    if "Easter" in named:
        sundays = np.array([_number(day) for day in named["Easter"]])
        away = sundays[None, :] - days[:, None]
        nearest = away[np.arange(len(days)), np.abs(away).argmin(axis=1)].astype(np.float64)
    coming = np.searchsorted(every, days)
    edged = np.concatenate([[-(10**7)], every, [10**7]])
    return Calendar(
        count=count,
        until=np.minimum(edged[coming + 1] - days, FAR).astype(np.float64),
        since=np.minimum(days - edged[coming], FAR).astype(np.float64),
        easter=np.clip(nearest, -FAR, FAR),
        twin=_twins(days, count > 0, named, frequency),
        special=count > 0,
        named={name: _places(days, dates, frequency) for name, dates in named.items()},
    )


def _twins(
    days: Days, special: NDArray[np.bool_], named: Mapping[str, list[date]], frequency: str
) -> Places:
    """One season before; a period with a holiday looks at the one with the same holiday, a plain
    one never at a holiday's. Where several holidays meet, the one that moves most leads.
    """
    season, step = SEASONS[frequency][-1], _STEP[frequency]
    twin = np.arange(len(days)) - season
    if frequency == "month":
        return twin
    ordinary = ~special & (twin >= 0)
    for shift in (-step, step):
        place = np.clip(twin + shift, 0, len(days) - 1)
        moved = ordinary & special[np.maximum(twin, 0)] & ~special[place] & (twin + shift >= 0)
        twin = np.where(moved, twin + shift, twin)
    for one in sorted(named.values(), key=_moves):
        for before, after in pairwise(one):
            pair = np.array([_number(before), _number(after)])
            place = np.searchsorted(days, pair, side="right") - 1
            inside = place[1] >= 0 and pair[1] < days[-1] + _LENGTH[frequency]
            if inside and after.year == before.year + 1:
                twin[place[1]] = place[0]
    return twin


def _moves(days: list[date]) -> int:
    """By how many days of the year a holiday moves."""
    of_year = [day.timetuple().tm_yday for day in days]
    return max(of_year) - min(of_year)


def _number(day: date) -> int:
    return day.toordinal()


def _numbers(moments: pd.DatetimeIndex) -> Days:
    epoch = date(1970, 1, 1).toordinal()
    return moments.to_numpy(dtype="datetime64[D]").astype(np.int64) + epoch
