"""What a planner knows better: overrides, layered above the model's forecasts for a while."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.overrides import Override
from features.forecasting.grid import PAIR
from features.forecasting.periods import number, starts

Floats = NDArray[np.float64]


def overridden(rows: pd.DataFrame, overrides: Sequence[Override], now: datetime) -> pd.DataFrame:
    """Rows of the pairs that an override holds for: what `model_forecast` has to keep of them.

    rows: of the `forecast` view, a row a pair; overrides: those that may hold; now: the moment at
    which they have to hold.
    """
    pairs = {(one.warehouse_id, one.product_id) for one in overrides if one.holds(now)}
    mine = [key in pairs for key in zip(*(rows[name] for name in PAIR), strict=True)]
    return rows[np.asarray(mine, dtype=bool)]


def layered(rows: pd.DataFrame, overrides: Sequence[Override], now: datetime) -> pd.DataFrame:
    """Rows of the `forecast` view with the overrides that hold now put on, older ones first.

    A factor scales mean and quantiles; a quantity moves the mean there and scales the quantiles
    with it (where the mean was 0, all quantiles become the quantity). Sums follow.
    `overrides` names those that count.

    rows: a row a pair; overrides: those that may hold, in any order; now: the moment at which they
    have to hold.
    """
    mine: dict[tuple[str, str], list[Override]] = {}
    for one in sorted(overrides, key=lambda one: one.created_at):
        if one.holds(now):
            mine.setdefault((one.warehouse_id, one.product_id), []).append(one)
    if not mine:
        return rows
    answer = rows.reset_index(drop=True).copy()
    keys = zip(*(answer[name] for name in PAIR), strict=True)
    for place, key in enumerate(keys):
        if key in mine:
            for name, value in _changed(answer.loc[place], mine[key]).items():
                answer.at[place, name] = value  # noqa: PD008  # a list in a cell
    return answer


def _changed(row: Any, overrides: Sequence[Override]) -> dict[str, Any]:
    mean = np.asarray(row["mean"], dtype=np.float64)
    levels = len(row["levels"])
    quantiles = np.asarray(row["quantiles"], dtype=np.float64).reshape(len(mean), levels)
    dates = _dates(row, len(mean))
    counted = []
    new, spread = mean.copy(), quantiles.copy()
    for one in overrides:
        inside = (dates >= np.datetime64(one.first)) & (dates <= np.datetime64(one.last))
        if inside.any():
            counted.append(one.override_id)
            wanted = (
                new * one.factor if one.factor is not None else np.full(len(mean), one.quantity)
            )
            goal = np.where(inside, wanted, new)
            spread, new = _scaled(spread, new, goal), goal
    sums, windows = np.cumsum(mean), np.cumsum(new)
    wide = np.asarray(row["window_quantiles"], dtype=np.float64).reshape(len(mean), levels)
    wide = np.maximum.accumulate(_scaled(wide, sums, windows), axis=0)
    return {
        "mean": new,
        "quantiles": spread.ravel(),
        "window_mean": windows,
        "window_quantiles": wide.ravel(),
        "overrides": ",".join(counted) or None,
    }


def _scaled(quantiles: Floats, mean: Floats, goal: Floats) -> Floats:
    """Quantiles moved with their mean; a mean of 0 leaves nothing to scale: the goal itself."""
    factor = np.divide(goal, mean, out=np.ones(len(mean)), where=mean > 0)
    fixed = (mean <= 0) & (goal > 0)
    return np.where(fixed[:, None], goal[:, None], quantiles * factor[:, None])


def period_dates(row: Any) -> NDArray[np.datetime64]:
    """The first day of each period of a row of the `forecast` view."""
    return _dates(row, len(row["mean"]))


def _dates(row: Any, count: int) -> NDArray[np.datetime64]:
    first = number(pd.Timestamp(row["period_start"], tz="UTC").to_pydatetime(), row["frequency"])
    moments = starts(np.arange(first, first + count), row["frequency"])
    return moments.tz_localize(None).to_numpy(dtype="datetime64[D]")
