"""When a warehouse is closed: on weekdays, holidays and days of a kind that never sell, while a
closure was announced, and while it was silent for longer than by chance.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forecasting.grid import Grid
from features.forecasting.periods import Numbers, seconds

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Days without any order that may be a closure; of the last SHUT_DAYS without one, it is.
FEWEST_DAYS, SHUT_DAYS = 7, 28
# A silence that comes by chance more often than this is no closure.
_CHANCE = 1e-6
# Days on either side that say how often the warehouse sells, and how many of them are needed; fewer
# after a silence of SHUT_DAYS.
_AROUND, _KNOWN, _REOPENED = 91, 28, 7
# Days that tell which weekdays are closed; how many sales on them are mistakes, as a share.
_WEEKS_KNOWN, _MISTAKES = 364, 0.02
_YEAR = 364
_DAY = 86_400


@dataclass(frozen=True)
class OpeningTimes:
    """When one warehouse is closed.

    weekdays: numbers of closed weekdays (Monday 0). holidays: days since 1970 of public holidays
    and of kinds of days on which it never sells. spells: first and last day (since 1970) of each
    closure that was announced or found.
    """

    weekdays: frozenset[int]
    holidays: frozenset[int]
    spells: tuple[tuple[int, int], ...]

    def regular(self, days: Numbers) -> Bools:
        """True for days (numbers since 1970) that are closed as a rule."""
        weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
        return np.isin(weekday, list(self.weekdays)) | np.isin(days, list(self.holidays))

    def special(self, days: Numbers) -> Bools:
        """True for days (numbers since 1970) of a closure that is no rule."""
        closed = np.zeros(len(days), dtype=bool)
        for first, last in self.spells:
            closed |= (days >= first) & (days <= last)
        return closed


def opening_times(
    lines: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    as_of: datetime,
    last_day: int,
    *,
    only: Collection[str] | None = None,
) -> Mapping[str, OpeningTimes]:
    """The opening times of each warehouse with an order, as its history shows and as announced.

    lines: as `order_lines` gives them, cancelled ones too. tables: warehouses, promotions and, if
    any, closures. as_of: closures announced later are not known. last_day: the last day (since
    1970) that holidays are looked up for. only: warehouses that are asked about; None: all.
    """
    found = {}
    table = tables["warehouses"].drop_duplicates("warehouse_id", keep="last")
    places = {str(row["warehouse_id"]): row for row in table.to_dict("records")}
    newest = int(_days(lines["ordered_at"]).max()) if len(lines) else 0
    sold = pd.Series(_days(lines["ordered_at"])).groupby(lines["warehouse_id"].to_numpy())
    announced = _announced(tables, as_of)
    for key, numbers in sold:
        name = str(key)
        if only is not None and name not in only:
            continue
        days = np.unique(numbers.to_numpy())
        place = places.get(name, {})
        weekdays = _closed_weekdays(days, newest)
        rest = _closed_holidays(days, weekdays, place, last_day)
        rest |= _closed_kinds(days, weekdays, tables["promotions"], name, last_day)
        spells = (*announced.get(name, ()), *_spells(days, newest, weekdays))
        found[name] = OpeningTimes(weekdays, frozenset(rest), spells)
    for other, given in announced.items():
        found.setdefault(other, OpeningTimes(frozenset(), frozenset(), tuple(given)))
    return found


def _days(moments: pd.Series) -> Numbers:
    dates = pd.DatetimeIndex(moments).tz_localize(None)
    return dates.to_numpy(dtype="datetime64[D]").astype(np.int64)


def _closed_weekdays(days: Numbers, newest: int) -> frozenset[int]:
    """Weekdays without orders, more often than by chance beside the others."""
    first = max(int(days[0]), newest - _WEEKS_KNOWN + 1)
    every = np.arange(first, newest + 1)
    sold = np.isin(every, days)
    weekday = (every + 3) % 7
    count, some = np.bincount(weekday, minlength=7), np.bincount(weekday, sold, minlength=7)
    busy = float(np.sort(some / np.maximum(count, 1))[-4:].mean())
    rare = some <= _MISTAKES * count
    clear = (1 - min(busy, 1 - 1e-9)) ** count < _CHANCE
    return frozenset(np.flatnonzero(rare & clear).tolist()) if busy > 0 else frozenset()


def _closed_holidays(
    days: Numbers, weekdays: frozenset[int], place: Mapping[Hashable, Any], last_day: int
) -> set[int]:
    """Days of public holidays whose names never had an order, if that is no chance."""
    country, region = place.get("country"), place.get("region")
    if pd.isna(country):
        return set()
    first = date(1970, 1, 1).toordinal()
    years = (date.fromordinal(first + int(days[0])).year, date.fromordinal(first + last_day).year)
    named = _public(str(country), "" if pd.isna(region) else str(region), *years)
    closed = [all_ for all_ in named.values() if not np.isin(days, list(all_)).any()]
    return _proven(days, weekdays, [one for all_ in closed for one in all_])


def _proven(days: Numbers, weekdays: frozenset[int], closed: list[int]) -> set[int]:
    """The days, if so many open days without an order are no chance."""
    inside = [one for one in closed if days[0] <= one <= days[-1] and (one + 3) % 7 not in weekdays]
    open_days = np.arange(int(days[0]), int(days[-1]) + 1)
    open_days = open_days[~np.isin((open_days + 3) % 7, list(weekdays))]
    share = min(len(days) / max(len(open_days), 1), 1 - 1e-9)
    return set(closed) if (1 - share) ** len(inside) < _CHANCE and inside else set()


@lru_cache(maxsize=256)
def _public(country: str, region: str, first: int, last: int) -> Mapping[str, tuple[int, ...]]:
    """Days since 1970 of each public holiday of a country, of its region where that is known."""
    years = list(range(first, last + 1))
    try:
        parts = holidays.list_supported_countries().get(country, [])
        part = region if region in parts else None
        found = holidays.country_holidays(country, subdiv=part, years=years, observed=False)
    except NotImplementedError:
        return {}
    named: dict[str, list[int]] = {}
    for day, text in found.items():
        for name in text.split("; "):
            named.setdefault(name, []).append(day.toordinal() - date(1970, 1, 1).toordinal())
    return {name: tuple(all_) for name, all_ in named.items()}


def _closed_kinds(
    days: Numbers, weekdays: frozenset[int], promotions: pd.DataFrame, name: str, last_day: int
) -> set[int]:
    """Days under kinds of promotions, named for the whole warehouse, that never had an order."""
    mine = promotions[promotions["starts_on"].notna() & promotions["kind"].notna()]
    mine = mine[mine["warehouse_id"].fillna("*").isin([name, "*"])]
    answer: set[int] = set()
    for _, rows in mine.groupby("kind"):
        spans = rows[["starts_on", "ends_on"]].drop_duplicates()
        first = _days(spans["starts_on"])
        last = np.minimum(_days(spans["ends_on"].fillna(spans["starts_on"])), last_day)
        covered = {one for a, b in zip(first, last, strict=True) for one in range(a, b + 1)}
        if covered and not np.isin(days, list(covered)).any():
            answer |= _proven(days, weekdays, sorted(covered))
    return answer


def _announced(
    tables: Mapping[str, pd.DataFrame], as_of: datetime
) -> Mapping[str, list[tuple[int, int]]]:
    """First and last day of each warehouse's closures that were known at as_of."""
    table = tables.get("closures")
    if table is None or table.empty or "warehouse_id" not in table:
        return {}
    known = table[table["warehouse_id"].notna() & table["starts_on"].notna()]
    if "announced_at" in known:
        known = known[~(known["announced_at"] > pd.Timestamp(as_of)).fillna(False).astype(bool)]
    answer: dict[str, list[tuple[int, int]]] = {}
    first, last = _days(known["starts_on"]), _days(known["ends_on"].fillna(known["starts_on"]))
    for name, a, b in zip(known["warehouse_id"], first, last, strict=True):
        answer.setdefault(str(name), []).append((int(a), int(b)))
    return answer


def _spells(days: Numbers, newest: int, weekdays: frozenset[int]) -> Iterator[tuple[int, int]]:
    """First and last day of each silence that is no chance, from the days with an order.

    A week or more without any order, cancelled ones included: sold it on a share d of the days
    around, n days without have (1 - d)^n < 1e-6. What recurs after a year is its season, and none.
    A silence that lasts reaches to the newest order of any warehouse: where all are silent, nobody
    can tell whether the shops stopped or the data.
    """
    until = np.append(days[1:], newest + 1)
    for place in np.flatnonzero(until - days > FEWEST_DAYS):
        first, last = int(days[place]) + 1, int(until[place]) - 1
        if _is_closure(days, first, last, newest):
            yield first, last


def _is_closure(days: Numbers, first: int, last: int, newest: int) -> bool:
    before = first - max(int(days[0]), first - _AROUND)
    after = min(newest, last + _AROUND) - last
    needed = _REOPENED if last - first + 1 >= SHUT_DAYS else _KNOWN
    if before < _KNOWN or 0 < after < needed:
        return False
    shares = [_sold(days, first - before, first - 1) / (before + 1)]
    if after:
        shares.append(_sold(days, last + 1, last + after) / (after + 1))
    if (1 - min(shares)) ** (last - first + 1) >= _CHANCE:
        return False
    # The silence itself says nothing of the years before: one of two years would be its own season.
    former = first - _YEAR, min(last - _YEAR, first - 1)
    silent = former[1] - former[0] + 1 - _sold(days, *former)
    return former[0] < int(days[0]) or 2 * silent < last - first + 1


def _sold(days: Numbers, first: int, last: int) -> int:
    """How many of the days from first to last have an order."""
    return int(np.searchsorted(days, last, side="right") - np.searchsorted(days, first))


def closed_shares(grid: Grid, times: Mapping[str, OpeningTimes]) -> tuple[Floats, Floats]:
    """Of each cell's time the share closed by a special closure, and the share closed in all.

    grid: the pairs and their periods; times: warehouse_id -> its opening times.
    """
    special, every = np.zeros(grid.size), np.zeros(grid.size)
    if not grid.size:
        return special, every
    start, end = (one // _DAY for one in grid.boundaries())
    days = np.arange(int(start.min()), int(end.max()))
    warehouse = grid.pairs["warehouse_id"].to_numpy(dtype=object)[grid.pair]
    for name, one in times.items():
        own = np.flatnonzero(warehouse == name)
        closed = one.special(days)
        for answer, mask in ((special, closed), (every, closed | one.regular(days))):
            # Closed days before each day: the difference of two is the count between them.
            upto = np.concatenate([[0], np.cumsum(mask)])
            inside = upto[end[own] - days[0]] - upto[start[own] - days[0]]
            answer[own] = inside / np.maximum(end[own] - start[own], 1)
    return special, every


def shut(times: Mapping[str, OpeningTimes], newest: int) -> frozenset[str]:
    """Warehouses that have been silent for four weeks up to the newest order (day since 1970).

    times: warehouse_id -> its opening times; newest: the day of that order.
    """
    return frozenset(
        name
        for name, one in times.items()
        for first, last in one.spells
        if first <= newest <= last and newest - first + 1 >= SHUT_DAYS and last == newest
    )


def newest_day(lines: pd.DataFrame) -> int:
    """The day since 1970 of the newest order of any warehouse; 0 without any."""
    if lines.empty:
        return 0
    return int(seconds(pd.DatetimeIndex([lines["ordered_at"].max()]))[0]) // _DAY
