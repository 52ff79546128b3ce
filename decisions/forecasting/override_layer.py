"""The planners' layer: overrides put on the model's forecasts in the store, and taken off again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from decisions.runtime import Runtime
from features.forecasting import (
    Override,
    PairAttributes,
    layered,
    overridden,
    period_dates,
    quantile_names,
)

KEYS = ["warehouse_id", "product_id"]


def put(runtime: Runtime, rows: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Write the model's rows of the `forecast` view with the overrides that hold put on.

    What the model said of overridden pairs goes to `model_forecast`. Returns what was written.

    runtime: whose store and records are used; rows: a row a pair, of all pairs, as the model made
    them; as_of: the moment at which an override has to hold.
    """
    overrides, attributes = runtime.records.overrides.all(), pair_attributes(runtime)
    mine = overridden(rows, overrides, as_of, attributes)
    if len(mine):
        runtime.store.write("model_forecast", mine)
    changed = layered(rows, overrides, as_of, attributes)
    runtime.store.write("forecast", changed)
    return changed


def pair_attributes(runtime: Runtime) -> PairAttributes:
    """What overrides may name of a pair, as the lake knows it."""
    return PairAttributes.of(runtime.lake.read("products"), runtime.lake.read("warehouses"))


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
    """Put the stored forecasts of an override's pairs under all overrides that hold now.

    runtime: whose store and records are used; override: the one that was kept or dropped just
    before; now: the moment at which overrides have to hold.
    """
    attributes, overrides = pair_attributes(runtime), runtime.records.overrides.all()
    current = _current(runtime, override, overrides, now)
    pairs = zip(*(current[name] for name in KEYS), strict=True)
    mine = np.array([attributes.is_within(override, *pair) for pair in pairs], dtype=bool)
    if not mine.any():
        return Renewal(is_stored=False)
    base, missing = _before_overrides(runtime, current, now)
    kept = overridden(missing, [*overrides, override], now, attributes)
    if len(kept):
        runtime.store.write("model_forecast", kept)
    rows = layered(base, overrides, now, attributes)
    changed = (rows["overrides"].fillna("") != current["overrides"].fillna("")).to_numpy() | mine
    runtime.store.write("forecast", rows[changed])
    dates = period_dates(rows[mine].iloc[0])
    touched = {one for text in rows.loc[mine, "overrides"].dropna() for one in text.split(",")}
    return Renewal(True, frozenset(touched), str(dates[0]), str(dates[-1]))


def _current(
    runtime: Runtime, override: Override, overrides: Sequence[Override], now: datetime
) -> pd.DataFrame:
    """The newest stored forecasts that an override may change: of its pair alone, or of all where
    units are spread over several pairs.
    """
    holding = [one for one in [*overrides, override] if one.holds(now)]
    if override.is_of_one_pair and all(one.is_of_one_pair for one in holding):
        pair = {"warehouse_id": override.warehouse_id, "product_id": override.product_id}
        return runtime.store.history("forecast", now, only=pair).tail(1).reset_index(drop=True)
    return runtime.store.latest("forecast", now).reset_index(drop=True)


def _before_overrides(
    runtime: Runtime, current: pd.DataFrame, now: datetime
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecasts as the model made them, in the order given; and those of them that are not kept in
    `model_forecast` yet.
    """
    if len(current) == 1:
        pair = {name: current[name].iloc[0] for name in KEYS}
        made = runtime.store.history("model_forecast", now, only=pair).tail(1)
    else:
        made = runtime.store.latest("model_forecast", now)
    names = [*KEYS, "event_timestamp"]
    known = pd.MultiIndex.from_frame(made[names])
    place = known.get_indexer(pd.MultiIndex.from_frame(current[names]))
    both = pd.concat([made, current], ignore_index=True)
    at = np.where(place >= 0, place, len(made) + np.arange(len(current)))
    return both.iloc[at].reset_index(drop=True), current[place < 0]


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
