"""Last year: the recent level, times what the season did to it in the years before."""

import numpy as np
from numpy.typing import NDArray

from models.forecasting.calendars import Calendar, calendars
from models.forecasting.levels import Level, summed
from models.forecasting.panel import SEASONS, DemandPanel, Floats

Rows = NDArray[np.int64]

# Periods the recent level is read from: four weeks of days, two months of weeks, half a year.
WINDOWS = {"day": 28, "week": 8, "month": 6}
# How many times its own noise a series must have sold for its own season to weigh half.
BORROWED = 6.0
_WEEKS = 8  # of days, that the shape of a week is read from


def last_year(past: DemandPanel, usual: Level, horizon: int, rows: Rows) -> Floats:
    """Level × season for some series: n × horizon, not below 0.

    The level: mean of the last WINDOWS periods. The season: of a week (daily), what each weekday
    had of the last 8 weeks; of a year, where one and a window are known, demand of the like
    periods a year before over that year's level. A series' own season is shrunk, by how noisy it
    is, to that of its product, of its category and of all (credibility: Bühlmann, 1967).

    past: the series, with their periods closed and to come; usual: the level and scale of each
    series of the panel; horizon: periods ahead; rows: places of the n series in the panel.
    """
    window = WINDOWS[past.frequency]
    noise = BORROWED * usual.scale**2 / usual.mean
    recent = _mean(past.filled, past.first, past.now - window, past.now)
    level = np.where(np.isnan(recent), usual.mean, recent)
    answer = np.repeat(level[rows, None], horizon, axis=1)
    if past.frequency == "day" and past.now >= 14:
        answer *= _week(past, noise, horizon)[rows]
    if past.now >= SEASONS[past.frequency][-1] + window:
        answer *= _year(past, noise, window, horizon)[rows]
    return answer


def _mean(values: Floats, first: Rows, start: int, end: int) -> Floats:
    """Mean from `start` (or the first sight, if later) to `end`; NaN where nothing was seen."""
    start = max(start, 0)
    part = values[:, start:end]
    own = np.arange(start, end)[None, :] >= first[:, None]
    count = own.sum(axis=1)
    unknown = np.full(len(values), np.nan)
    return np.asarray(
        np.divide(np.where(own, part, 0.0).sum(axis=1), count, out=unknown, where=count > 0)
    )


def _week(past: DemandPanel, noise: Floats, horizon: int) -> Floats:
    """Each coming day's share of the mean day: S × horizon."""
    size = 7 * min(_WEEKS, past.now // 7)
    days = past.filled[:, past.now - size : past.now].reshape(past.size, -1, 7)
    own, mean = days.sum(axis=1), days.sum(axis=(1, 2)) / 7
    shape = _shrunk(past, own, np.repeat(mean[:, None], 7, axis=1), noise)
    return shape[:, np.arange(horizon) % 7]


def _year(past: DemandPanel, noise: Floats, window: int, horizon: int) -> Floats:
    """Demand of the like periods of all years known, over the levels of those times: S × horizon.

    A year alone would hand its chance events on to the next.
    """
    season = SEASONS[past.frequency][-1]
    codes, made = calendars(past)
    then, before = np.zeros((past.size, horizon)), np.zeros(past.size)
    for back in range(1, (past.now - window) // season + 1):
        start = past.now - back * season
        seen = past.first <= start - window // 2
        before += np.where(seen, past.filled[:, start - window : start].mean(axis=1), 0.0)
        for number, calendar in enumerate(made):
            rows = np.flatnonzero((codes == number) & seen)
            then[rows] += _then(past.filled[rows], calendar, back, past, horizon)
    return _shrunk(past, then, np.repeat(before[:, None], horizon, axis=1), noise)


def _then(values: Floats, calendar: Calendar, back: int, past: DemandPanel, horizon: int) -> Floats:
    """Demand around the twins so many years back: a holiday alone, others with their neighbours."""
    place = np.arange(past.now, past.now + horizon)
    twin = place
    for _ in range(back):
        twin = _before(calendar, twin)
    twin = np.where(twin >= past.now, _before(calendar, twin), twin)
    twin = np.clip(twin, 0, past.now - 1)
    reach = 3 if past.frequency == "day" else 1
    near = [np.clip(twin + shift, 0, past.now - 1) for shift in range(-reach, reach + 1)]
    smooth = np.mean([values[:, one] for one in near], axis=0)
    # The week's shape is in the forecast of days already: their season is a mean week's.
    plain = smooth if past.frequency == "day" else (smooth + values[:, twin]) / 2
    return np.where(calendar.special[place], values[:, twin], plain)


def _before(calendar: Calendar, place: Rows) -> Rows:
    return np.asarray(calendar.twin[np.clip(place, 0, None)])


def _shrunk(past: DemandPanel, top: Floats, bottom: Floats, noise: Floats) -> Floats:
    """top / bottom by series, shrunk to those of its product, category, and all."""
    total = np.maximum(bottom.sum(axis=0), 1e-9)
    answer = np.where(bottom.sum(axis=0) > 0, top.sum(axis=0) / total, 1.0)[None, :]
    for names in (["category"], ["product_id"]):
        group = past.groups(*names)
        mine, usual = summed(top, group), summed(bottom, group)
        weight = np.bincount(group, weights=noise) / np.bincount(group)
        prior = answer if len(answer) == 1 else answer[group]
        answer = (mine[group] + weight[group, None] * prior) / (usual[group] + weight[group, None])
    return np.asarray((top + noise[:, None] * answer) / (bottom + noise[:, None]))
