"""A forecast without a model: the sales of the last periods, carried on."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import nbinom

from models.forecasting import HORIZONS, LEVELS

Floats = NDArray[np.float64]
LAST_PERIODS = 8


def carry_on(
    demand: pd.DataFrame, horizon: int | None = None, offered: Floats | None = None
) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Mean (H) and quantiles (H × LEVELS) of each coming period, then of the sums of the first
    1 … H; None where the demand of no period is known.

    demand: of one pair by closed period, oldest first: quantity (NaN: hidden by an empty shelf),
    frequency. horizon: H, None: as far as a model reaches. offered: H, the share of each period in
    which the pair is sold (a predecessor until its successor comes); None: all of it. What is to
    come is taken to be Poisson at a rate that the last periods tell; the quantiles of the rate's
    posterior (Jeffreys' prior) are negative binomial.
    """
    known = demand["quantity"].dropna().tail(LAST_PERIODS).to_numpy(dtype=float)
    if len(known) == 0:
        return None
    steps = np.arange(1.0, (horizon or HORIZONS[str(demand["frequency"].iloc[-1])]) + 1)
    mean = np.full(len(steps), known.mean())
    share = np.ones(len(steps)) if offered is None else offered
    sums = np.cumsum(share)
    levels = np.asarray(LEVELS)[None, :]

    def quantiles(ahead: Floats) -> Floats:
        chance = len(known) / (len(known) + ahead[:, None])
        return np.asarray(nbinom.ppf(levels, known.sum() + 0.5, chance), dtype=np.float64)

    single = quantiles(np.ones(len(steps))) * share[:, None]
    return mean * share, single, mean * sums, quantiles(steps) * (sums / steps)[:, None]
