"""A level for each series times its season: the season is borrowed where its own proves little."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.forecasting.calendars import Calendar, calendars
from models.forecasting.holiday_effects import holiday_factors
from models.forecasting.levels import summed
from models.forecasting.panel import SEASONS, DemandPanel, Floats
from models.forecasting.promotions import Effects, effects

Phases = NDArray[np.int64]

# Half-lives of the level, as shares of the periods the usual level is read from, and their weights.
_HALF_LIVES = ((0.25, 0.6), (2.0, 0.4))
# Periods of the look-alikes' level that count besides the series' own.
_BORROWED = 0.3
# Least factor of a season: a period in which almost nothing was sold proves little.
_LEAST = 0.1
# The season is taken out of the levels that it is measured against, so they are found in turns.
_TURNS = 2
# Periods close by, in which a season hardly moves.
_CLOSE = {"day": 14, "week": 3, "month": 3}
# From the season of all to that of each series, each step shrunk to the one before.
_CHAIN: tuple[list[str], ...] = (["category"], ["country", "category"])


@dataclass(frozen=True)
class Structure:
    """What lifts and lowers each series in each period, 1 where nothing does: S × periods.

    season: of the week and of the year. effects: of promotions and prices, None without any.
    """

    season: Floats
    effects: Effects | None

    @property
    def factors(self) -> Floats:
        """Season, promotion and price together: S × periods."""
        return self.season if self.effects is None else self.season * self.effects.both


def seasonal_level(past: DemandPanel, horizon: int) -> Floats:
    """Means by the level in season: S × horizon.

    The factor of the target period (see `structure`) × the level with the factors taken out.

    past: the series, with their periods closed and to come; horizon: periods ahead.
    """
    if past.now == 0:
        return np.zeros((past.size, horizon))
    factors = structure(past).factors
    return level_in_season(past, factors)[:, None] * factors[:, past.now : past.now + horizon]


def level_in_season(past: DemandPanel, factors: Floats) -> Floats:
    """The level of each series with the factors (S × periods) taken out: S.

    A mean of demand over factors that forgets (Winters, 1960), slowly and fast, shrunk towards that
    of the same product elsewhere.

    past: the series, with their periods closed and to come; factors: of season, promotions and
    prices, 1 where nothing lifts or lowers demand.
    """
    seen = ~np.isnan(past.demand)
    demand = np.where(seen, past.demand, 0.0)
    own = np.where(seen, factors[:, : past.now], 0.0)
    age = np.arange(past.now)[::-1]
    level = np.zeros(past.size)
    for half_life, share in _HALF_LIVES:
        weight = 0.5 ** (age / (half_life * past.memory))
        level += share * _level(past, demand @ weight, own @ weight)
    return level


def structure(past: DemandPanel) -> Structure:
    """The factors of all periods of a panel, learned from those before now.

    The factors of a season are the demand by phase over what the series' own level would have sold,
    mean 1; of all series together, then of the category, of the category in the country, and of the
    series, each shrunk to the wider one by credibility (see `_shrunk`). Weeks and months that hold
    a holiday are of the phase of that holiday. Promotions and prices are taken out of the seasons
    and the seasons out of them, in turns.
    """
    return past.once("structure", lambda: _structure(past))


def _structure(past: DemandPanel) -> Structure:
    seen = ~np.isnan(past.demand)
    demand = np.where(seen, past.demand, 0.0)
    periods = past.list_price.shape[1]
    plain = np.ones((past.size, periods))
    # First against the periods close by: what is slow, a season, cannot be taken for an effect.
    weekdays = _season(past, demand, seen, plain, seasons=SEASONS[past.frequency][:-1])
    season, found = plain, effects(past, demand, seen, weekdays, reach=_CLOSE[past.frequency])
    feasts = plain
    for _ in range(_TURNS):
        rest = plain if found is None else found.both
        season = _season(past, demand, seen, rest * feasts)
        if past.frequency == "day":
            feasts = holiday_factors(past, demand, seen, season * rest)
        if found is not None:
            found = effects(past, demand, seen, season * feasts, start=found)
    return Structure(season * feasts, found and replace(found, by_kind=()))


def _level(past: DemandPanel, units: Floats, periods: Floats) -> Floats:
    everywhere = units.sum() / max(periods.sum(), 1e-9)
    group = past.groups("product_id")
    top = np.bincount(group, weights=units)[group]
    bottom = np.bincount(group, weights=periods)[group]
    other = np.full(past.size, everywhere)
    alike = np.minimum(np.divide(top, bottom, out=other, where=bottom > 0), everywhere)
    return np.asarray((units + _BORROWED * alike) / (periods + _BORROWED))


def _season(
    past: DemandPanel,
    demand: Floats,
    seen: NDArray[np.bool_],
    others: Floats,
    *,
    seasons: Sequence[int] | None = None,
) -> Floats:
    """The factor of each series and period from the first on: S × periods.

    others: S × periods, what is not the season's. seasons: their lengths in periods, all of the
    frequency when left out.
    """
    factors = np.ones_like(others)
    for season in SEASONS[past.frequency] if seasons is None else seasons:
        if past.now >= season:
            for rows, phase in _phases(past, season, others.shape[1]):
                own, rest = factors[rows], (factors * others)[rows, : past.now]
                sums = _Sums.of(demand[rows], seen[rows], rest, phase[: past.now])
                factors[rows] = own * _profile(past, rows, sums)[:, phase]
    return factors


def _phases(past: DemandPanel, season: int, periods: int) -> Iterator[tuple[Phases, Phases]]:
    """Series of one calendar and the phase of each period; of single days a year says too little,
    so theirs is the week of the year.
    """
    if season != SEASONS[past.frequency][-1]:
        yield np.arange(past.size), np.arange(periods, dtype=np.int64) % season
        return
    plain = phase_of_year(past.dates[:periods], past.frequency)
    if past.frequency != "week":
        yield np.arange(past.size), plain
        return
    codes, made = calendars(past)
    for number, calendar in enumerate(made):
        yield np.flatnonzero(codes == number), _holiday_phases(plain, calendar, past.now)


def _holiday_phases(plain: Phases, calendar: Calendar, now: int) -> Phases:
    """Phases in which the weeks of each holiday have one of their own, whatever their number.

    plain: the phase of each week of the year; now: weeks that have closed. A holiday not seen yet
    has the phase of its week.
    """
    phase, free = plain.copy(), int(plain.max()) + 1
    for place in np.flatnonzero(calendar.special[: len(plain)]):
        twin = calendar.twin[place]
        if twin >= 0 and calendar.special[twin]:
            phase[place] = phase[twin]
        elif place < now:
            phase[place], free = free, free + 1
    return phase


def phase_of_year(dates: pd.DatetimeIndex, frequency: str) -> Phases:
    """The week of the year (0 to 51), or of months the month (0 to 11), that each period lies in.

    A week is of the year of its Thursday; the days that a year has beyond 52 weeks go with the
    last one.

    dates: the first day of each period; frequency: day, week or month.
    """
    if frequency == "month":
        return np.asarray(dates.month - 1, dtype=np.int64)
    middle = dates + pd.Timedelta(days=3 if frequency == "week" else 0)
    week = (np.asarray(middle.dayofyear, dtype=np.int64) - 1) // 7
    return np.asarray(np.minimum(week, 51), dtype=np.int64)


@dataclass(frozen=True)
class _Sums:
    """By series and phase, over the seen periods: demand, its square, the other seasons' factors
    and their square, and demand × factor.
    """

    demand: Floats
    square: Floats
    factor: Floats
    factor_square: Floats
    product: Floats

    @classmethod
    def of(cls, demand: Floats, seen: NDArray[np.bool_], factors: Floats, phase: Phases) -> "_Sums":
        others = np.where(seen, factors, 0.0)
        place = np.zeros((len(phase), int(phase.max()) + 1))
        place[np.arange(len(phase)), phase] = 1.0
        return cls(
            demand @ place,
            (demand**2) @ place,
            others @ place,
            (others**2) @ place,
            (demand * others) @ place,
        )


def _within(group: Phases, rows: Phases) -> Phases:
    """The groups of some rows, numbered from 0 on."""
    return np.unique(group[rows], return_inverse=True)[1].astype(np.int64)


def _profile(past: DemandPanel, rows: Phases, sums: _Sums) -> Floats:
    """Factors of each series by phase: mean 1."""
    profile = np.ones_like(sums.demand)
    for _ in range(_TURNS):
        level = sums.demand.sum(axis=1) / np.maximum((sums.factor * profile).sum(axis=1), 1e-9)
        usual = level[:, None] * sums.factor
        noise = _noise(sums, level[:, None] * profile)
        total, bottom = sums.demand.sum(axis=0), usual.sum(axis=0)
        whole = np.divide(total, bottom, out=np.ones(len(total)), where=bottom > 0)
        profile = np.tile(_mean_one(np.maximum(whole, _LEAST)[None]), (len(rows), 1))
        for names in (*_CHAIN, None):
            group = np.arange(len(rows)) if names is None else _within(past.groups(*names), rows)
            profile = _shrunk(sums.demand, usual, profile, group, noise)[group]
        profile = np.maximum(profile, _LEAST)
    return profile


def _noise(sums: _Sums, expected: Floats) -> float:
    """Variance over mean of the demand of one period around what is expected, all series together.

    expected: by series and phase, level × profile, to be multiplied by the other factors.
    """
    error = sums.square - 2 * expected * sums.product + expected**2 * sums.factor_square
    return float(error.sum() / max((expected * sums.factor).sum(), 1e-9))


def _shrunk(demand: Floats, usual: Floats, wider: Floats, group: Phases, noise: float) -> Floats:
    """Factors by group and phase, shrunk to those of the wider group: groups × phases, mean 1.

    Credibility (Bühlmann & Straub, 1970): a group's own demand weighs as much as the groups differ
    in a phase beyond their noise, so a peak that each has in its own size stays its own.
    """
    prior, top, bottom = (summed(one, group) for one in (wider, demand, usual))
    prior /= np.bincount(group)[:, None]
    expected = bottom * prior
    scale = ((top - expected) ** 2 - noise * expected).sum(axis=0)
    differ = np.maximum(scale / np.maximum((expected**2).sum(axis=0), 1e-9), 1e-9)
    borrowed = max(noise, 1e-9) / differ
    return _mean_one(prior * (top + borrowed) / (expected + borrowed))


def _mean_one(factors: Floats) -> Floats:
    return np.asarray(factors / np.maximum(factors.mean(axis=1, keepdims=True), 1e-9))
