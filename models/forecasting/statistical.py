"""The statistical family: one method fitted to each series alone, from statsforecast."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from statsforecast.models import (
    ADIDA,
    IMAPA,
    TSB,
    CrostonSBA,
    SimpleExponentialSmoothingOptimized,
)

from models.forecasting.last_year import WINDOWS, last_year
from models.forecasting.levels import level
from models.forecasting.panel import DemandPanel, Floats
from models.forecasting.seasonal import seasonal_level, structure

# Each costs 10 to 170 millionths of a second a series; methods of 1 ms or more (Theta, ETS) do not
# earn that on short, sparse series.
_LIBRARY: Mapping[str, Any] = {
    "tsb": TSB(alpha_d=0.1, alpha_p=0.1),
    "croston_sba": CrostonSBA(),
    "adida": ADIDA(),
    "imapa": IMAPA(),
    "ses": SimpleExponentialSmoothingOptimized(),
}
LIBRARY = tuple(_LIBRARY)
SEASONAL, LAST_YEAR = "seasonal_level", "last_year"
FAMILY = (*LIBRARY, "moving_average", "long_average", "seasonal_naive", SEASONAL, LAST_YEAR)
METHODS = (*FAMILY, "naive")


def planned_point_forecast(
    panel: DemandPanel, origin: int, horizon: int, rows: NDArray[np.int64], *, method: str
) -> tuple[Floats, Floats]:
    """Mean and scale as `point_forecast` answers, with promotions and prices taken out of the
    history and put on the periods to come; the level in season has them in it already.

    panel: the series, with their periods closed and to come; origin: how many periods are taken as
    known; horizon: periods ahead; rows: places of the n series in the panel; method: one of
    METHODS.
    """
    past = panel.at(origin)
    found = structure(past).effects if method != SEASONAL and origin else None
    if found is None:
        return point_forecast(past, origin, horizon, rows, method=method)
    calm = past.once("calm", lambda: _calm(past, found.both))
    mean, scale = point_forecast(calm, origin, horizon, rows, method=method)
    factor = found.both[rows, origin : origin + horizon]
    return mean * factor, scale * np.sqrt(np.maximum(factor, 0.05))


def _calm(past: DemandPanel, factor: Floats) -> DemandPanel:
    """The panel as it would have been without promotions and changes of price."""
    own = np.maximum(factor[:, : past.now], 0.05)
    return replace(past, demand=past.demand / own, computed={})


def point_forecast(
    panel: DemandPanel, origin: int, horizon: int, rows: NDArray[np.int64], *, method: str
) -> tuple[Floats, Floats]:
    """Mean and scale of one method from an origin: n × horizon each, never below 0.

    A series without known demand gets the level of its look-alikes. The scale is the series' own,
    grown or shrunk with the root of the forecast as that of counts is.

    panel: the series, with their periods closed and to come; origin: how many periods are taken as
    known; horizon: periods ahead; rows: places of the n series in the panel; method: one of
    METHODS.
    """
    past = panel.at(origin)
    usual = level(past)
    if method == SEASONAL:
        mean = past.once(f"level in season {horizon}", lambda: seasonal_level(past, horizon))[rows]
    elif method == LAST_YEAR and past.now:
        mean = last_year(past, usual, horizon, rows)
    else:
        mean = _means(past.rows(rows), method, horizon, usual.mean[rows])
    share = mean / usual.mean[rows, None]
    return mean, usual.scale[rows, None] * np.sqrt(np.maximum(share, 0.05))


def _means(past: DemandPanel, method: str, horizon: int, usual: Floats) -> Floats:
    if method == "long_average" or past.now == 0:
        return np.repeat(usual[:, None], horizon, axis=1)
    if method == "seasonal_naive":
        return _seasonal(past, usual, horizon)
    flat = _library(past, method) if method in _LIBRARY else _average(past, method)
    flat = np.where(np.isfinite(flat), np.maximum(flat, 0.0), usual)
    return np.repeat(flat[:, None], horizon, axis=1)


def _library(panel: DemandPanel, method: str) -> Floats:
    model = _LIBRARY[method]
    answers = np.full(panel.size, np.nan)
    for row, start in enumerate(panel.first):
        values = panel.filled[row, start:]
        if len(values) >= 3 and values.any():
            answers[row] = model.forecast(y=values, h=1)["mean"][0]
        elif len(values):
            answers[row] = values.mean()
    return answers


def _average(panel: DemandPanel, method: str) -> Floats:
    """Mean of the last periods since the first sight; NaN where there are none."""
    window = 1 if method == "naive" else WINDOWS[panel.frequency]
    recent = panel.filled[:, -window:]
    own = np.arange(panel.now - recent.shape[1], panel.now)[None, :] >= panel.first[:, None]
    count = own.sum(axis=1)
    total = np.where(own, recent, 0.0).sum(axis=1)
    unknown = np.full(panel.size, np.nan)
    return np.asarray(np.divide(total, count, out=unknown, where=count > 0))


def _seasonal(panel: DemandPanel, usual: Floats, horizon: int) -> Floats:
    """Demand of the like period one season ago; the naive forecast where that was not seen."""
    season = panel.season
    naive = _average(panel, "naive")
    naive = np.where(np.isfinite(naive), naive, usual)
    answer = np.repeat(naive[:, None], horizon, axis=1)
    if season == 1:
        return answer
    for step in range(horizon):
        place = panel.now - season + step % season
        seen = place >= panel.first
        answer[:, step] = np.where(seen, panel.filled[:, place], answer[:, step])
    return answer
