"""Forecasts of many pairs together: a product, category, country or warehouse, or everything.

Means add up by construction, so every screen agrees; drawing them to forecasts of the summed demand
helped at no level (`tests/benchmarks/forecasting.py --sums`). Quantiles do not: the pairs of a
group err together (a mild winter, a shop that grows). How much is read, for each level, from past
forecasts beside what came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import gammaincinv

from features.forecasting.grid import PAIR
from features.forecasting.periods import number, starts
from features.forecasting.value import seen_in_full

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# What pairs are added up by, and the column of it; "total" is everything.
Level = Literal["product", "category", "country", "warehouse", "total"]
TOTALS: Mapping[Level, str | None] = {
    "product": "product_id",
    "category": "category",
    "country": "country",
    "warehouse": "warehouse_id",
    "total": None,
}


@dataclass(frozen=True)
class Totals:
    """Forecasts of G groups, H periods: pairs: G; the others G × H. variance: of the sum of the
    pairs, errors in common included; window_…: of the sum of the periods 1 … h."""

    keys: Sequence[str]
    pairs: Ints
    frequency: str
    as_of: str
    model_version: str
    period_starts: Sequence[str]
    mean: Floats
    variance: Floats
    window_mean: Floats
    window_variance: Floats
    over: int = 0

    def later(self, running: int) -> "Totals | None":
        """The totals without the periods before the running one (its number); None without any
        left. `over` says how many periods have closed since the forecasts were made.
        """
        start = pd.Timestamp(self.period_starts[0], tz="UTC").to_pydatetime()
        over = running - number(start, self.frequency)
        if over <= 0:
            return self
        if over >= len(self.period_starts):
            return None
        past, spread = self.window_mean[:, [over - 1]], self.window_variance[:, [over - 1]]
        return replace(
            self,
            period_starts=self.period_starts[over:],
            mean=self.mean[:, over:],
            variance=self.variance[:, over:],
            window_mean=self.window_mean[:, over:] - past,
            window_variance=np.maximum(self.window_variance[:, over:] - spread, 0.0),
            over=over,
        )


@dataclass(frozen=True)
class _Start:
    """Forecasts from one period on, n pairs, and what came: n × H, NaN where not seen in full."""

    head: pd.Series
    as_of: str
    pairs: pd.DataFrame
    moments: "_Moments"
    dates: Sequence[str]
    came: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame, real: pd.DataFrame) -> "_Start":
        part = _alike(rows)
        moments = _Moments.of(part)
        dates = _dates(part.iloc[0], moments.mean.shape[1])
        pairs = part[PAIR]
        came = real.reindex(index=pd.MultiIndex.from_frame(pairs), columns=dates).to_numpy()
        as_of = str(part["forecast_as_of"].max())
        return cls(part.iloc[0], as_of, pairs, moments, dates, came)


@dataclass(frozen=True)
class PairOutlooks:
    """Forecasts by their start, the newest last, each beside what came; what `totals` adds up.

    groups: the newest category and country of each pair.
    """

    starts: Sequence[_Start]
    groups: pd.DataFrame

    @classmethod
    def of(cls, forecasts: pd.DataFrame, demand: pd.DataFrame) -> "PairOutlooks":
        """Set stored forecasts beside what came. forecasts, demand: history of these views."""
        real = _known(demand) if len(forecasts) else pd.DataFrame()
        parts = forecasts.groupby("period_start", sort=True)
        return cls([_Start.of(rows, real) for _, rows in parts], _groups(demand))


def totals(outlooks: PairOutlooks, level: Level) -> Totals | None:
    """The newest forecasts added up by a level of TOTALS; None where there are none.

    A pair without a category or country goes under "".

    outlooks: stored forecasts of all pairs, and what came of the older ones; level: product,
    category, country, warehouse or total.
    """
    if not outlooks.starts:
        return None
    newest = outlooks.starts[-1]
    parts, head = newest.moments, newest.head
    keys, codes = np.unique(_keys(newest.pairs, outlooks.groups, level), return_inverse=True)
    added = [_added(values, codes) for values in (parts.mean, parts.window_mean)]
    apart = [_added(values, codes) for values in (parts.variance, parts.window_variance)]
    common = _common_error(outlooks, level)
    spread = [
        own + error * np.square(mean) for own, error, mean in zip(apart, common, added, strict=True)
    ]
    return Totals(
        keys=[str(key) for key in keys],
        pairs=np.bincount(codes),
        frequency=str(head["frequency"]),
        as_of=newest.as_of,
        model_version=str(head["model_version"]),
        period_starts=newest.dates,
        mean=added[0],
        variance=spread[0],
        window_mean=added[1],
        window_variance=spread[1],
    )


@dataclass(frozen=True)
class PastTotals:
    """Demand of P closed periods of G groups: quantity: G × P, what is known of it, added up;
    unknown: G × P, the number of pairs of which it is not known."""

    keys: Sequence[str]
    period_starts: Sequence[str]
    quantity: Floats
    unknown: Ints


def past_totals(demand: pd.DataFrame, level: Level) -> PastTotals:
    """Demand added up by a level of TOTALS; a pair is in the group in which it is now.

    demand: rows of the view, with period_start as text.
    """
    newest = demand.drop_duplicates([*PAIR, "period_start"], keep="last")
    keys, code = np.unique(_keys(newest, _groups(demand), level), return_inverse=True)
    days, place = np.unique(newest["period_start"].to_numpy(dtype=str), return_inverse=True)
    cell, shape = code * len(days) + place, (len(keys), len(days))
    quantity = newest["quantity"].to_numpy(dtype=np.float64)
    known = np.isfinite(quantity)
    size = len(keys) * len(days)
    return PastTotals(
        keys=[str(key) for key in keys],
        period_starts=[str(day) for day in days],
        quantity=np.bincount(cell[known], quantity[known], minlength=size)
        .reshape(shape)
        .astype(np.float64),
        unknown=np.bincount(cell[~known], minlength=size).reshape(shape).astype(np.int64),
    )


def _common_error(outlooks: PairOutlooks, level: Level) -> tuple[float, Floats]:
    """The squared relative error that the pairs of a group have in common, of single periods and of
    sums of 1 … H: what past errors of groups have beyond the pairs' own, (e² − Σ v) over mean².

    Part of it stays from period to period and part does not: of a sum of w periods it is
    lasting + passing / w, fitted to single periods and sums alike, both parts at least 0. So the
    sum of one period is that period. Of each past forecast the closed periods count, and in them
    the pairs whose demand is known in full; 0 where nothing is closed yet.
    """
    longest = max(each.moments.mean.shape[1] for each in outlooks.starts)
    excess, size = np.zeros((2, longest)), np.zeros((2, longest))
    for past in outlooks.starts:
        moments = past.moments
        _, codes = np.unique(_keys(past.pairs, outlooks.groups, level), return_inverse=True)
        windows = np.cumsum(past.came, axis=1)  # unknown from the first unknown period on
        for place, (came, mean, variance) in enumerate(
            (
                (past.came, moments.mean, moments.variance),
                (windows, moments.window_mean, moments.window_variance),
            )
        ):
            closed = ~np.isnan(came)
            error = _added(np.where(closed, came - mean, 0.0), codes)
            here = slice(0, error.shape[1])
            own = _added(np.where(closed, variance, 0.0), codes)
            excess[place, here] += (np.square(error) - own).sum(axis=0)
            size[place, here] += np.square(_added(np.where(closed, mean, 0.0), codes)).sum(axis=0)
    length = np.stack([np.ones(longest), np.arange(1.0, longest + 1)])
    lasting, passing = _lasting_and_passing(excess.ravel(), size.ravel(), length.ravel())
    return lasting + passing, lasting + passing / length[1]


def _lasting_and_passing(excess: Floats, size: Floats, length: Floats) -> tuple[float, float]:
    """Least squares of excess / size on 1 and 1 / length; a sum weighs as one period does."""
    weight = np.sqrt(size) / length
    seen = weight > 0
    if not seen.any():
        return 0.0, 0.0
    weight, error = weight[seen], excess[seen] / size[seen]
    (lasting, passing), _ = nnls(np.stack([weight, weight / length[seen]], axis=1), weight * error)
    return float(lasting), float(passing)


def total_quantiles(mean: Floats, variance: Floats, levels: Sequence[float]) -> Floats:
    """Quantiles of gamma distributions with these moments, as whole units: … × levels. The mean
    where it is 0 or there is no variance."""
    spread = (mean > 0) & (variance > 0)
    safe, wide = np.where(spread, mean, 1.0), np.where(spread, variance, 1.0)
    shape, scale = np.square(safe) / wide, wide / safe
    found = gammaincinv(shape[..., None], np.asarray(levels)) * scale[..., None]
    whole = np.maximum(np.ceil(found - 0.5), 0.0)
    return np.where(spread[..., None], whole, mean[..., None])


@dataclass(frozen=True)
class _Moments:
    """Mean and variance of n pairs: n × H, of periods and of their sums."""

    mean: Floats
    variance: Floats
    window_mean: Floats
    window_variance: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "_Moments":
        levels = np.asarray(rows["levels"].iloc[0], dtype=np.float64)
        edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
        found: dict[str, Floats] = {}
        for name, flat in (("mean", "quantiles"), ("window_mean", "window_quantiles")):
            mean = _table(rows[name])
            values = _table(rows[flat]).reshape(*mean.shape, len(levels))
            middle = values @ np.diff(edges)
            found[name] = mean
            found[name.replace("mean", "variance")] = np.square(
                values - middle[..., None]
            ) @ np.diff(edges)
        return cls(**found)


def _alike(rows: pd.DataFrame) -> pd.DataFrame:
    """The newest row of each pair; where horizons differ, those of the most common one."""
    newest = rows.sort_values("event_timestamp", kind="stable").drop_duplicates(PAIR, keep="last")
    shape = newest["mean"].map(len) * 1000 + newest["levels"].map(len)
    same: pd.DataFrame = newest[shape == shape.mode().iloc[0]].reset_index(drop=True)
    return same


def _groups(demand: pd.DataFrame) -> pd.DataFrame:
    """The newest category and country of each pair."""
    newest = demand.sort_values("event_timestamp", kind="stable")
    found: pd.DataFrame = newest.drop_duplicates(PAIR, keep="last")
    return found[[*PAIR, "category", "country"]]


def _keys(rows: pd.DataFrame, groups: pd.DataFrame, level: Level) -> NDArray[np.str_]:
    """The group of each row."""
    column = TOTALS[level]
    if column is None:
        return np.full(len(rows), "")
    if column in PAIR:
        return rows[column].to_numpy(dtype=str)
    return rows[PAIR].merge(groups, how="left", on=PAIR)[column].fillna("").to_numpy(dtype=str)


def _known(demand: pd.DataFrame) -> pd.DataFrame:
    """Demand that was seen in full: pairs × starts of periods."""
    cell = [*PAIR, "period_start"]
    newest = demand[seen_in_full(demand)].drop_duplicates(cell, keep="last").set_index(cell)
    table: pd.DataFrame = newest["quantity"].astype(float).unstack()  # noqa: PD010  a cell a row
    return table


def _dates(row: pd.Series, horizon: int) -> list[str]:
    frequency = str(row["frequency"])
    first = number(pd.Timestamp(row["period_start"], tz="UTC").to_pydatetime(), frequency)
    moments = starts(np.arange(first, first + horizon), frequency)
    return list(moments.strftime("%Y-%m-%d"))


def _added(values: Floats, codes: Ints) -> Floats:
    """Rows added up by group."""
    answer = np.zeros((codes.max() + 1, values.shape[1]))
    np.add.at(answer, codes, values)
    return answer


def _table(lists: pd.Series) -> Floats:
    return np.stack([np.asarray(values, dtype=np.float64) for values in lists])
