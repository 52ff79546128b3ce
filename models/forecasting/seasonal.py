"""A level for each series times the season of all: the profile is pooled, the level is its own."""

import numpy as np
from numpy.typing import NDArray

from models.forecasting.levels import groups
from models.forecasting.panel import SEASONS, Floats, Panel

# Half-life of the level, as a share of the periods the usual level is read from.
_HALF_LIFE = 3 / 8
# Periods of the look-alikes' level that count besides the series' own.
_BORROWED = 1.0
# Least factor of a season: a period in which almost nothing was sold proves little.
_LEAST = 0.2
_DAYS, _YEAR = 7, 364


def seasonal_level(past: Panel, horizon: int) -> Floats:
    """S × horizon means: profile of the target period × level with the profile taken out.

    The profile is the demand of all series together by phase of each season that was seen in full,
    over what their own means would have been, mean 1; gaps count on neither side. The level is a
    mean of demand over profile that forgets (Winters, 1960, with a common season, as in
    Dekker, van Donselaar & Ouwehand, 2004), shrunk towards that of the same product elsewhere.
    """
    if past.now == 0:
        return np.zeros((past.size, horizon))
    factors = _factors(past, past.now + horizon)
    seen = ~np.isnan(past.demand)
    age = np.arange(past.now)[::-1]
    weight = 0.5 ** (age / (_HALF_LIFE * past.memory))
    units = np.where(seen, past.demand, 0.0) @ weight
    periods = seen @ (weight * factors[: past.now])
    everywhere = units.sum() / max(periods.sum(), 1e-9)
    prior = np.minimum(_alike(past, units, periods, everywhere), everywhere)
    level = (units + _BORROWED * prior) / (periods + _BORROWED)
    return np.asarray(level[:, None] * factors[past.now :])


def _alike(past: Panel, units: Floats, periods: Floats, everywhere: float) -> Floats:
    group = groups(past.series, ["product_id"])
    top = np.bincount(group, weights=units)[group]
    bottom = np.bincount(group, weights=periods)[group]
    other = np.full(past.size, everywhere)
    return np.asarray(np.divide(top, bottom, out=other, where=bottom > 0))


def _factors(past: Panel, periods: int) -> Floats:
    """The factor of each period from the first on."""
    factors = np.ones(periods)
    for season in SEASONS[past.frequency]:
        if past.now >= season:
            phase = np.arange(periods, dtype=np.int64) % season
            if season == _YEAR:
                phase = phase // _DAYS  # of single days a year says too little
            factors = factors * _profile(past, phase, factors)
    return factors


def _profile(past: Panel, phase: NDArray[np.int64], others: Floats) -> Floats:
    """Factors by phase, the other seasons taken out; mean 1 over the phases."""
    recent = past.demand[:, -4 * past.memory :]
    count = (~np.isnan(recent)).sum(axis=1)
    usual = np.divide(np.nansum(recent, axis=1), count, out=np.zeros(past.size), where=count > 0)
    seen = ~np.isnan(past.demand)
    expected = (usual @ seen) * others[: past.now]
    real = np.nansum(past.demand, axis=0)
    now = phase[: past.now]
    top, bottom = np.bincount(now, weights=real), np.bincount(now, weights=expected)
    factor = np.divide(top, bottom, out=np.ones(len(top)), where=bottom > 0)
    factor = np.maximum(factor / max(factor.mean(), 1e-9), _LEAST)
    return np.asarray(factor[phase])
