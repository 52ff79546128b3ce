"""The planners' layer: overrides put on the model's forecasts in the store, and taken off again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from decisions.runtime import Runtime
from features.forecasting import Override, layered, overridden, period_dates, quantile_names

KEYS = ["warehouse_id", "product_id"]


def put(runtime: Runtime, rows: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Write the model's rows of the `forecast` view with the overrides that hold put on.

    What the model said of overridden pairs goes to `model_forecast`. Returns what was written.

    runtime: whose store and records are used; rows: a row a pair, as the model made them; as_of:
    the moment at which an override has to hold.
    """
    overrides = runtime.records.overrides.all()
    mine = overridden(rows, overrides, as_of)
    if len(mine):
        runtime.store.write("model_forecast", mine)
    changed = layered(rows, overrides, as_of)
    runtime.store.write("forecast", changed)
    return changed


@dataclass(frozen=True)
class Renewal:
    """What renewing a stored forecast came to.

    is_stored: True if the pair has a forecast. touched: ids of the overrides that change a period
    of it. first, last: starts (ISO dates) of its first and last period; "" without one.
    """

    is_stored: bool
    touched: frozenset[str] = frozenset()
    first: str = ""
    last: str = ""


def renew(runtime: Runtime, override: Override, now: datetime) -> Renewal:
    """Put the stored forecast of an override's pair under all overrides that hold now.

    runtime: whose store and records are used; override: the one that was kept or dropped just
    before; now: the moment at which overrides have to hold.
    """
    pair = {"warehouse_id": override.warehouse_id, "product_id": override.product_id}
    current = runtime.store.history("forecast", now, only=pair).tail(1)
    if current.empty:
        return Renewal(is_stored=False)
    made = runtime.store.history("model_forecast", now, only=pair).tail(1)
    same = len(made) and made["event_timestamp"].iloc[0] == current["event_timestamp"].iloc[0]
    base = made if same else current
    if not same:
        runtime.store.write("model_forecast", base)
    overrides = runtime.records.overrides.all(override.warehouse_id, override.product_id)
    rows = layered(base, overrides, now)
    runtime.store.write("forecast", rows)
    dates = period_dates(rows.iloc[0])
    touched = str(rows["overrides"].iloc[0] or "").split(",")
    return Renewal(True, frozenset(touched), str(dates[0]), str(dates[-1]))


def answer_of(rows: pd.DataFrame, answer: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """The long answer with the numbers of rows that overrides changed.

    rows: of the `forecast` view, overrides put on; answer: the model's, a row a pair and period;
    levels: of the quantiles, each between 0 and 1.
    """
    answer = answer.assign(overrides=None)
    changed = rows[rows["overrides"].notna()]
    if changed.empty:
        return answer
    place = pd.MultiIndex.from_frame(answer[KEYS])
    names = quantile_names(levels)
    for row in changed.itertuples(index=False):
        mine = np.flatnonzero(place == (row.warehouse_id, row.product_id))
        answer.loc[mine, "mean"] = np.asarray(row.mean)
        quantiles = np.asarray(row.quantiles).reshape(len(mine), -1)
        answer.loc[mine, names] = quantiles
        answer.loc[mine, "overrides"] = row.overrides
    return answer
