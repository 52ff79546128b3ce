"""What the global model sees of a series at an origin, and of a period to come: free of scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.forecasting.calendars import Calendar, calendars
from models.forecasting.classes import classify
from models.forecasting.conditions import Conditions
from models.forecasting.levels import Level, level, summed
from models.forecasting.panel import SEASONS, DemandPanel, Floats
from models.forecasting.seasonal import Structure, level_in_season, phase_of_year, structure

Rows = NDArray[np.int64]

_LAGS = (1, 2, 3, 4)
_LONGEST = 60  # periods ahead whose plans are looked at
_GROUPS: tuple[list[str], ...] = (
    ["product_id"],
    ["warehouse_id", "category"],
    ["category"],
    ["warehouse_id"],
    [],
)


@dataclass(frozen=True)
class PlanTerms:
    """What a design reads of the plans. prices_known: whether coming prices are; kinds: the kinds
    of promotions that have a column; reach: the furthest period ahead that was learned from.
    """

    prices_known: bool
    kinds: tuple[str, ...]
    reach: int


@dataclass(frozen=True)
class CompetingPlans:
    """What is planned for the category in the same warehouse: S × periods ahead, means."""

    promotion: Floats
    price: Floats


@dataclass(frozen=True)
class RelatedSeries:
    """Total demand of look-alikes by period: groups × now. group: of each series."""

    group: Rows
    sums: Floats


@dataclass(frozen=True)
class Origin:
    """A panel as known at one origin, with all that rows of this origin share.

    own_before: by series, mean demand of the 8 periods a year before the origin's last ones.
    country, calendars: of each series its calendar's number. structure: factors of seasons,
    promotions and prices; in_season: the level of each series with these taken out.
    """

    past: DemandPanel
    level: Level
    shared: Floats
    related: tuple[RelatedSeries, ...]
    own_before: Floats
    competitors: CompetingPlans
    country: Rows
    calendars: Sequence[Calendar]
    structure: Structure
    in_season: Floats

    def design(self, rows: Rows, steps: Rows, terms: PlanTerms) -> Floats:
        """The regressors of n pairs of a series (its place in rows) and a step ahead (1, 2, …):
        n × regressors.

        rows: n places of series in the panel; steps: n steps ahead, 1 for the first period to come;
        terms: what is read of plans for prices and promotions.
        """
        ahead = _ahead(self, rows, steps, terms)
        return np.concatenate([self.shared[rows], ahead], axis=1)


def look(panel: DemandPanel, origin: int, known: Origin | None = None) -> Origin:
    """The panel at an origin: nothing of demand from period `origin` on is used.

    known: an earlier origin, whose structure is taken over; None learns it here.
    """
    past = panel.at(origin)
    found = structure(past) if known is None else known.structure
    usual = level(past)
    shared = [
        *_recent(past, usual),
        *_rhythm(past),
        *_promotions(past, usual),
        *_trends(past),
        classify(past).astype(float),
    ]
    country, made = calendars(past)
    demand = np.where(np.isnan(past.demand), 0.0, past.demand)
    return Origin(
        past=past,
        level=usual,
        shared=np.stack(shared, axis=1).astype(np.float32),
        related=tuple(
            _related(past, demand, names) for names in (["product_id"], ["category"], [])
        ),
        own_before=_own_before(past),
        competitors=_competitors(past),
        country=country,
        calendars=made,
        structure=found,
        in_season=level_in_season(past, found.factors) if past.now else usual.mean,
    )


def _competitors(past: DemandPanel) -> CompetingPlans:
    group = past.groups("warehouse_id", "category")
    ahead = slice(past.now, past.now + _LONGEST)
    return CompetingPlans(
        _means(past.promotion[:, ahead], group), _means(past.price[:, ahead], group)
    )


def _planned(origin: Origin, steps: Rows) -> Rows:
    """Columns of `CompetingPlans`; beyond the longest look the last plan stands."""
    return np.minimum(steps, origin.competitors.price.shape[1]) - 1


def _means(values: Floats, group: Rows) -> Floats:
    """Mean of the known values of each column over each series' group."""
    known = ~np.isnan(values)
    total = summed(np.where(known, values, 0.0), group)
    return _ratio(total, summed(known.astype(np.float64), group))[group]


def _window(past: DemandPanel, size: int) -> tuple[Floats, Floats]:
    """Sum and count of known demand over the last `size` periods."""
    recent = past.demand[:, -size:]
    return np.nansum(recent, axis=1), (~np.isnan(recent)).sum(axis=1).astype(float)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    unknown = np.full(np.shape(top), np.nan)
    return np.asarray(np.divide(top, bottom, out=unknown, where=bottom > 0))


def _recent(past: DemandPanel, usual: Level) -> list[Floats]:
    """Last values and means of several windows against the level, the level and its scale."""
    columns = [np.log(usual.mean), usual.scale / usual.mean, np.log1p(usual.seen)]
    for lag in _LAGS:
        value = past.demand[:, -lag] if lag <= past.now else np.full(past.size, np.nan)
        columns.append(value / usual.mean)
    for size in (4, 8, past.memory // 2, 2 * past.memory):
        total, count = _window(past, size)
        columns.append(_ratio(total, count) / usual.mean)
    return columns


def _rhythm(past: DemandPanel) -> list[Floats]:
    """Age, periods since the last demand, share of periods without any."""
    some = past.demand > 0
    last = np.where(some.any(axis=1), past.now - 1 - some[:, ::-1].argmax(axis=1), -1)
    since = np.where(last >= 0, past.now - last, np.inf)
    recent = past.demand[:, -min(past.memory, past.now) :]
    zeros = _ratio((recent == 0).sum(axis=1), (~np.isnan(recent)).sum(axis=1))
    age = np.log1p(past.now - past.first)
    return [age, np.minimum(since, 2.0 * past.memory), zeros]


def _promotions(past: DemandPanel, usual: Level) -> list[Floats]:
    """How often promoted of late, and what a promotion did to this series and this product."""
    size = past.memory
    share = past.promotion[:, max(past.now - size, 0) : past.now]
    demand = past.demand[:, -share.shape[1] :]
    on, off = share >= 0.5, share < 0.5
    seen = ~np.isnan(demand)
    lift = [
        _ratio(np.where(one, demand, 0.0).sum(axis=1), one.sum(axis=1).astype(float)) / usual.mean
        for one in (seen & on, seen & off)
    ]
    last = [share[:, -lag] if lag <= share.shape[1] else np.zeros(past.size) for lag in (1, 2)]
    group = past.groups("product_id")
    sums = [
        np.bincount(group, weights=one.sum(axis=1))[group].astype(np.float64)
        for one in (np.where(seen & on, demand, 0.0), seen & on, np.where(seen, demand, 0.0), seen)
    ]
    product = _ratio(_ratio(sums[0], sums[1]), _ratio(sums[2], sums[3]))
    return [*last, share[:, -4:].mean(axis=1), share.mean(axis=1), *lift, product]


def _trends(past: DemandPanel) -> list[Floats]:
    """The last month of look-alikes against their last quarter: of product, category, site, all."""
    short, short_count = _window(past, 4)
    long, long_count = _window(past, past.memory // 2)
    columns = []
    for names in _GROUPS:
        group = past.groups(*names)
        sums = [
            np.bincount(group, weights=one)[group].astype(np.float64)
            for one in (short, short_count, long, long_count)
        ]
        columns.append(_ratio(_ratio(sums[0], sums[1]), _ratio(sums[2], sums[3])))
    return columns


def _related(past: DemandPanel, demand: Floats, names: list[str]) -> RelatedSeries:
    """Total demand of look-alikes, which have the named columns in common (all series without any).
    demand: of `past`, 0 where unknown.
    """
    group = past.groups(*names)
    return RelatedSeries(group, summed(demand, group))


def _own_before(past: DemandPanel) -> Floats:
    start = past.now - SEASONS[past.frequency][-1]
    if start < 4:
        return np.full(past.size, np.nan)
    part = past.demand[:, max(start - 8, 0) : start]
    known = ~np.isnan(part)
    return _ratio(np.where(known, part, 0.0).sum(axis=1), known.sum(axis=1).astype(float))


def _ahead(origin: Origin, rows: Rows, steps: Rows, terms: PlanTerms) -> Floats:
    past = origin.past
    place = past.now + steps - 1
    usual = origin.level.mean[rows]
    columns = [
        np.minimum(steps, terms.reach).astype(float),
        past.offered[rows, place],
        past.promotion[rows, place],
        past.promotion_discount[rows, place],
        origin.competitors.promotion[rows, _planned(origin, steps)],
        *_price(origin, rows, steps, prices_known=terms.prices_known),
        *_structured(origin, rows, place, usual),
        *_phases(past.conditions, rows, place, terms.kinds),
        *_calendar(past, place),
        *_holidays(origin, rows, place),
    ]
    seasons = SEASONS[past.frequency]
    columns += [_last_season(past, rows, place, season) / usual for season in seasons]
    for season in seasons[:-1]:
        same = place - season * -(-(place - past.now + 1) // season)
        columns += [_related_season(past, one, rows, same, season) for one in origin.related]
    return np.stack(columns, axis=1).astype(np.float32)


def _structured(origin: Origin, rows: Rows, place: Rows, usual: Floats) -> list[Floats]:
    """The level in season against the usual one, the season, the effect of promotions and prices.

    usual: n, the usual level of each row's series.
    """
    found = origin.structure
    season = found.season[rows, place]
    effect = np.ones_like(season) if found.effects is None else found.effects.both[rows, place]
    return [origin.in_season[rows] * season * effect / usual, season, effect]


def _phases(plans: Conditions, rows: Rows, place: Rows, kinds: Sequence[str]) -> list[Floats]:
    """The phase of each kind of promotion in n periods; 0 for a kind that is not planned."""
    return [
        plans.at(plans.kinds.index(kind), rows, place).astype(np.float64)
        if kind in plans.kinds
        else np.zeros(len(rows))
        for kind in kinds
    ]


def _price(origin: Origin, rows: Rows, steps: Rows, *, prices_known: bool) -> list[Floats]:
    """Newest price against the usual one; where plans are known, the planned one against the
    usual, the newest and the rivals' price too.
    """
    past = origin.past
    recent = past.price[:, max(past.now - past.memory, 0) : past.now]
    known = ~np.isnan(recent)
    usual = _ratio(np.nansum(recent, axis=1), known.sum(axis=1).astype(float))[rows]
    newest = recent[rows, -1] if recent.shape[1] else np.full(len(rows), np.nan)
    if not prices_known:
        return [_ratio(newest, usual)]
    planned = past.price[rows, past.now + steps - 1]
    competitors = origin.competitors.price[rows, _planned(origin, steps)]
    pairs = ((newest, usual), (planned, usual), (planned, newest), (planned, competitors))
    return [_ratio(top, bottom) for top, bottom in pairs]  # unknown of what was free


def _calendar(past: DemandPanel, place: Rows) -> list[Floats]:
    dates = past.dates[place]
    columns: list[Any] = [dates.month, phase_of_year(dates, past.frequency)]
    if past.frequency == "day":
        columns += [dates.dayofweek, dates.day, dates.days_in_month - dates.day]
    if past.frequency == "month":
        columns += [dates.days_in_month, _trading_days(dates)]
    return [np.asarray(one, dtype=np.float64) for one in columns]


def _trading_days(dates: pd.DatetimeIndex) -> Rows:
    """Days from Monday to Friday of each month, from its first day."""
    first = dates.to_numpy(dtype="datetime64[D]")
    following = (dates + pd.offsets.MonthBegin(1)).to_numpy(dtype="datetime64[D]")
    return np.asarray(np.busday_count(first, following), dtype=np.int64)


def _last_season(past: DemandPanel, rows: Rows, place: Rows, season: int) -> Floats:
    """Mean of up to four earlier seasons' same period; of a year, its neighbours too."""
    total, count = np.zeros(len(rows)), np.zeros(len(rows))
    near = (0,) if season < 12 else (-1, 0, 1)
    for back in range(1, 5):
        for shift in near:
            at = place - back * season + shift
            inside = (at >= 0) & (at < past.now)
            value = np.where(inside, past.demand[rows, np.where(inside, at, 0)], np.nan)
            total += np.nan_to_num(value)
            count += ~np.isnan(value)
    return _ratio(total, count)


def _related_season(
    past: DemandPanel, related: RelatedSeries, rows: Rows, same: Rows, season: int
) -> Floats:
    """Look-alikes' demand of a like period, against the 8 periods a season before the origin."""
    start = past.now - season
    if start < 4:
        return np.full(len(rows), np.nan)
    group = related.group[rows]
    before = related.sums[:, max(start - 8, 0) : start].mean(axis=1)[group]
    known = same >= 0
    return np.where(known, _ratio(related.sums[group, np.maximum(same, 0)], before), np.nan)


def _holidays(origin: Origin, rows: Rows, place: Rows) -> list[Floats]:
    """Holidays of the period and around it; demand of the like period a year before, the series'
    own and its look-alikes', against their level then.
    """
    past, season = origin.past, SEASONS[origin.past.frequency][-1]
    columns = np.empty((4, len(rows)))
    twin = np.empty(len(rows), dtype=np.int64)
    country = origin.country[rows]
    for number, one in enumerate(origin.calendars):
        own = np.flatnonzero(country == number)
        at = place[own]
        columns[:, own] = one.count[at], one.until[at], one.since[at], one.easter[at]
        back = one.twin[at]
        twin[own] = np.where(back >= past.now, one.twin[np.maximum(back, 0)], back)
    value = np.where(twin >= 0, past.demand[rows, np.clip(twin, 0, past.now - 1)], np.nan)
    ratio = [_ratio(value, origin.own_before[rows]), value / origin.level.mean[rows]]
    related = [_related_season(past, one, rows, twin, season) for one in origin.related]
    return [*columns, *ratio, *related]
