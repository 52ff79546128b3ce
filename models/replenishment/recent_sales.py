"""Where a pair has no forecast, recent sales are carried on: a plain forecast, and said so."""

import numpy as np
import pandas as pd
from scipy.stats import gamma

from models.replenishment.protection_interval import PERIOD_DAYS, Floats

LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
PERIODS = 13
# Variance of a week's sales over their mean, where nothing better is known.
SPREAD = 1.5
NOTE = " There is no forecast: the sales of the last eight weeks are carried on."


def carry_on(rows: pd.DataFrame, now: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """The planning rows with a forecast in every one that has sales, and which ones got it here.

    rows: columns of the planning frame, `weekly_sales` (units a week, mean of eight weeks) among
    them; a `frequency` that is there is kept, else weeks are made. Periods are independent, their
    sum a gamma variable of the mean and SPREAD times it as variance. A row without a sale stays
    without a forecast. now: n, the moment at which the first period begins.
    """
    missing = rows["window_mean"].isna() & (rows["weekly_sales"] > 0)
    if not missing.any():
        return rows, missing.to_numpy()
    frequency = rows.loc[missing, "frequency"].fillna("week")
    days = frequency.map(PERIOD_DAYS).to_numpy(dtype=float)
    demand_rate = rows.loc[missing, "weekly_sales"].to_numpy(dtype=float) * days / 7.0
    whole: Floats = demand_rate[:, None] * np.arange(1.0, PERIODS + 1)
    start = now[missing].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {
        "frequency": frequency,
        "period_start": start,
        "levels": _lists(
            np.tile(np.array(LEVELS, dtype=np.float64), (len(demand_rate), 1)), start.index
        ),
        "window_mean": _lists(whole, start.index),
        "window_quantiles": _lists(_quantiles(whole), start.index),
        "explanation": None,
    }
    filled = rows.copy()
    for name, values in given.items():
        column = filled[name].astype(object)
        column[missing] = values
        filled[name] = column
    return filled, missing.to_numpy()


def _quantiles(mean: Floats) -> Floats:
    """n × (periods × levels), of sums with these means (n × periods)."""
    table = np.asarray(gamma.ppf(np.array(LEVELS), mean[:, :, None] / SPREAD, scale=SPREAD))
    return table.reshape(len(mean), -1).astype(np.float64)


def _lists(table: Floats, index: pd.Index) -> pd.Series:
    return pd.Series(list(table), index=index, dtype=object)
