"""ABC/XYZ: how much a pair brings in, and how evenly it sells."""

import numpy as np
import pandas as pd

from data.money import to_base
from features.forecasting.grid import PAIR

YEAR = {"day": 365, "week": 52, "month": 12}
_A, _B = 0.8, 0.95  # of all revenue, from the pair that brings most downwards
_X, _Y = 0.5, 1.0  # variation: standard deviation over mean of a period's demand


def abc_xyz(demand: pd.DataFrame, fx_rates: pd.DataFrame, base: str) -> pd.DataFrame:
    """By pair of a frame of `demand`: warehouse_id, product_id, abc_xyz (`AX` … `CZ`).

    Revenue and variation of the last year. A: the pairs that bring the first 80 % of revenue, B:
    up to 95 %, C: the rest. X: variation under 0.5, Y: under 1, Z: above, or nothing sold.
    Revenue is in the base currency, by the newest rate; without prices units stand for it.

    demand: a row a pair and period; fx_rates: rate_date, currency, rate (units of `base` for one
    unit of `currency`); base: the base currency, ISO 4217.
    """
    frequency = str(demand["frequency"].iloc[0]) if len(demand) else "week"
    recent = sorted(demand["period_start"].unique())[-YEAR[frequency] :]
    rows = demand[demand["period_start"].isin(recent)]
    units = rows["quantity"].astype(float)
    groups = [rows[name] for name in PAIR]
    sums = units.groupby(groups).agg(["sum", "mean", "std"])
    now = pd.Series(recent[-1] if recent else None, index=rows.index)
    known = to_base(rows["price"], rows["currency"], now, fx_rates, base).groupby(groups).mean()
    usual = known.mean() if known.notna().any() else 1.0
    revenue = (sums["sum"] * known.fillna(usual)).sort_values(ascending=False, kind="stable")
    before = (revenue.cumsum() - revenue) / max(float(revenue.sum()), 1e-9)
    letter = pd.Series(np.select([before < _A, before < _B], ["A", "B"], "C"), index=revenue.index)
    varied = (sums["std"] / sums["mean"].where(sums["mean"] > 0)).fillna(np.inf)
    even = pd.Series(np.select([varied < _X, varied < _Y], ["X", "Y"], "Z"), index=sums.index)
    named = letter.reindex(sums.index) + even
    return named.rename("abc_xyz").reset_index()
