"""Successors: what they inherited is put on the level at which they sell themselves."""

from dataclasses import replace

import numpy as np

from models.forecasting.panel import DemandPanel
from models.forecasting.seasonal import structure

# How far, as a share, a told level may be off (standard deviation): so much a successor's own
# sales have to say.
_DOUBT = 0.5


def on_own_level(past: DemandPanel) -> DemandPanel:
    """The panel with inherited demand times what a successor's own first periods sell over it.

    Both are taken over the season, promotions and prices. The factor is shrunk to 1 by the noise of
    a period (normal prior and errors), so that it takes over within a few periods.

    past: the series, with their periods closed and to come.
    """
    begun = past.series["own_from"].to_numpy(dtype=np.int64)
    rows = np.flatnonzero((begun > 0) & (begun < past.now))
    if not len(rows):
        return past
    alike = past.series["category"].isin(past.series["category"].iloc[rows].unique())
    chosen = np.flatnonzero(alike.to_numpy(dtype=bool))
    # Of another level, their own periods would be taken for a season.
    taken = np.where(np.arange(past.now) < np.where(begun > 0, begun, past.now)[:, None],
                     past.demand, np.nan)  # fmt: skip
    factors = structure(replace(past, demand=taken, computed={}).rows(chosen)).factors
    demand = past.demand.copy()
    for row in rows:
        start, season = begun[row], factors[np.searchsorted(chosen, row)]
        ahead, back = start + past.memory, max(start - past.memory, 0)
        own, before = past.demand[row, start:ahead], past.demand[row, back:start]
        usual = np.nansum(before) / max(season[back:start][~np.isnan(before)].sum(), 1e-9)
        if not usual > 0:
            continue
        # At least that of counts: the season may fit a short past too well.
        noise = max(float(np.nanmean((before - usual * season[back:start]) ** 2)), usual)
        prior = max(noise / (_DOUBT * usual) ** 2, 1.0)
        seen = season[start:ahead][: len(own)][~np.isnan(own)].sum()
        demand[row, :start] *= (np.nansum(own) / usual + prior) / (seen + prior)
    return replace(past, demand=demand, computed={})
