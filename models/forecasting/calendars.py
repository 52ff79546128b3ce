"""The calendar of a country: its holidays, and for each period the like one of the year before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

import holidays
import numpy as np
import pandas as pd
from dateutil.easter import easter
from numpy.typing import NDArray

from models.forecasting.panel import SEASONS, Floats, Panel

Places = NDArray[np.int64]
Days = NDArray[np.int64]

FAR = 60  # days: a holiday further away than this says nothing
_STEP = {"day": 7, "week": 1, "month": 1}  # to the next period of the same kind
_LENGTH = {"day": 1, "week": 7, "month": 28}


@dataclass(frozen=True)
class Calendar:
    """By period. count: holidays in it. until, since: days from its start to the next holiday and
    from the last one. easter: days to the nearest Easter Sunday, below 0 after it.
    twin: the place of the like period one year before; below 0 when that is before the panel.
    special: whether a holiday lies in it.
    """

    count: Floats
    until: Floats
    since: Floats
    easter: Floats
    twin: Places
    special: NDArray[np.bool_]


def calendars(panel: Panel) -> tuple[Places, list[Calendar]]:
    """The number of each series' calendar, and all calendars: one a country."""
    codes, countries = pd.factorize(panel.series["country"].astype(str), sort=True)
    first, last = panel.dates[0].date(), panel.dates[-1].date()
    made = [_calendar(str(one), panel.frequency, first, last) for one in countries]
    return codes.astype(np.int64), made


@lru_cache(maxsize=64)
def _calendar(country: str, frequency: str, first: date, last: date) -> Calendar:
    step = {"day": "D", "week": "7D", "month": "MS"}[frequency]
    starts = pd.date_range(first, last, freq=step)
    days = _numbers(starts)
    named = _events(country, first.year - 1, last.year + 1)
    every = np.unique([_number(day) for days_ in named.values() for day in days_])
    place = np.searchsorted(days, every, side="right") - 1
    inside = (place >= 0) & (every < days[-1] + _LENGTH[frequency])
    count = np.bincount(place[inside], minlength=len(days)).astype(np.float64)
    coming = np.searchsorted(every, days)
    sundays = np.array([_number(day) for day in named["Easter"]])
    to_easter = sundays[None, :] - days[:, None]
    nearest = np.abs(to_easter).argmin(axis=1)
    return Calendar(
        count=count,
        until=np.minimum(every[np.minimum(coming, len(every) - 1)] - days, FAR).astype(np.float64),
        since=np.minimum(days - every[np.maximum(coming - 1, 0)], FAR).astype(np.float64),
        easter=np.clip(to_easter[np.arange(len(days)), nearest], -FAR, FAR).astype(np.float64),
        twin=_twins(days, count > 0, named, frequency),
        special=count > 0,
    )


def _events(country: str, first: int, last: int) -> Mapping[str, list[date]]:
    """Days by name: public holidays (none known: none), Easter Sunday, Black Friday, Christmas Eve;
    a name that comes twice in a year counts once.
    """
    years = range(first, last + 1)
    named: dict[str, list[date]] = {
        "Easter": [easter(year) for year in years],
        "Black Friday": [_black_friday(year) for year in years],
        "Christmas Eve": [date(year, 12, 24) for year in years],
    }
    for day, text in sorted(_public(country, years).items()):
        for name in text.split("; "):
            known = named.setdefault(name, [])
            if not known or known[-1].year < day.year:
                known.append(day)
    return named


def _public(country: str, years: range) -> Mapping[date, str]:
    try:
        return holidays.country_holidays(country, years=list(years), observed=False)
    except NotImplementedError:
        return {}


def _black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    november = date(year, 11, 1)
    return november + timedelta(days=(3 - november.weekday()) % 7 + 22)


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
