"""Where a pair has no forecast, recent sales are carried on: a plain forecast, and said so."""

import numpy as np
import pandas as pd
from scipy.stats import gamma

from models.replenishment.cover import Floats

LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
WEEKS = 13
# Variance of a week's sales over their mean, where nothing better is known.
SPREAD = 1.5
NOTE = " There is no forecast: the sales of the last eight weeks are carried on."


def carry_on(rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The planning rows with a forecast in every one that has sales, and which ones got it here.

    rows: columns of the planning frame, `weekly_sales` (units a week, mean of eight weeks) among
    them. Weeks are independent, their sum a gamma variable of the mean and SPREAD times it as
    variance. A row without a sale stays without a forecast.
    """
    missing = rows["window_mean"].isna() & (rows["weekly_sales"] > 0)
    if not missing.any():
        return rows, missing.to_numpy()
    pace = rows.loc[missing, "weekly_sales"].to_numpy(dtype=float)
    whole = pace[:, None] * np.arange(1, WEEKS + 1)
    start = rows.loc[missing, "event_timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {
        "frequency": "week",
        "period_start": start,
        "levels": _lists(np.tile(np.array(LEVELS), (len(pace), 1)), start.index),
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
    table = gamma.ppf(np.array(LEVELS), mean[:, :, None] / SPREAD, scale=SPREAD)
    return np.asarray(table.reshape(len(mean), -1), dtype=np.float64)


def _lists(table: Floats, index: pd.Index) -> pd.Series:
    return pd.Series(list(table), index=index, dtype=object)
