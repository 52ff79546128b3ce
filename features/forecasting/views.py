"""The views: the demand signal with its corrections, and the forecasts made from it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from data.views import FeatureType, Frames, Terms, View
from features.forecasting.demand import TABLES, demand
from features.forecasting.grid import PAIR

# frequency: day, week or month. period_start: ISO date of the first day, in the warehouse's zone.
# quantity: units wanted in the period; missing: unknown, there was nothing to sell. sold: units of
# orders that count. cancelled, fraudulent, bulk: units ordered that do not count (bulk: orders far
# beyond the usual). returned: units that came back in the period, which count as wanted. in_stock:
# share of the period with something on the shelf, 0 to 1; missing: never looked at. closed: share
# of the period in which the warehouse was closed. censored: demand was at least `quantity`. lost:
# units that the empty shelf or the closed warehouse may have cost. price: mean price of a unit
# sold, in `currency` (ISO 4217), before the discount; missing: nothing sold. discount: share of it
# taken off. list_price: announced for the period (table `prices`). promotion: share of the period
# under a promotion. promotion_discount: the deepest discount planned, a share. promotion_kinds:
# JSON object, kind -> share of the period. category: of the product. country: of the warehouse
# (ISO 3166-1). markets: countries it serves, joined by `|`.
DEMAND: Mapping[str, FeatureType] = {
    "frequency": "str",
    "period_start": "str",
    "quantity": "float",
    "sold": "float",
    "cancelled": "float",
    "fraudulent": "float",
    "returned": "float",
    "bulk": "float",
    "in_stock": "float",
    "closed": "float",
    "paused": "bool",
    "censored": "bool",
    "lost": "float",
    "price": "float",
    "currency": "str",
    "discount": "float",
    "list_price": "float",
    "promotion": "float",
    "promotion_discount": "float",
    "promotion_kinds": "str",
    "category": "str",
    "country": "str",
    "markets": "str",
}

# levels: of the quantiles. quantiles: of each period; window_quantiles: of the sum of the periods
# 1 … h, which is not the sum of quantiles. Both periods × levels, row by row. explanation: of the
# model's mean, periods × EXPLAINED, which add up to it. overrides: ids of those that count.
# history_events: JSON, pauses and level shifts found in the pair's history (see
# `models.forecasting.history_events`).
FORECAST: Mapping[str, FeatureType] = {
    "frequency": "str",
    "period_start": "str",
    "levels": "float[]",
    "mean": "float[]",
    "quantiles": "float[]",
    "window_mean": "float[]",
    "window_quantiles": "float[]",
    "forecast_as_of": "str",
    "model_version": "str",
    "demand_class": "str",
    "abc_xyz": "str",
    "explanation": "float[]",
    "overrides": "str",
    "history_events": "str",
}

# What a mean is made of, in units.
EXPLAINED = ("level", "stockouts", "season", "price", "promotion")


def _demand_by_terms(tables: Frames, as_of: datetime, terms: Terms) -> pd.DataFrame:
    """The demand signal in the period that the settings say."""
    return demand(tables, as_of, terms.frequency)


VIEWS: tuple[View, ...] = (
    View(
        "demand",
        ("warehouse_id", "product_id"),
        DEMAND,
        tables=TABLES,
        build=_demand_by_terms,
        online=False,
    ),
    View("forecast", ("warehouse_id", "product_id"), FORECAST, ttl=timedelta(days=35)),
    # What the model said of the pairs that a planner overrides: what is put on can be taken off.
    View(
        "model_forecast",
        ("warehouse_id", "product_id"),
        FORECAST,
        ttl=timedelta(days=35),
        online=False,
    ),
)
SERVICE: tuple[str, ...] = ("forecast",)
HISTORY: tuple[str, ...] = ()


def quantile_names(levels: Sequence[float]) -> list[str]:
    """Column names of quantiles.

    >>> quantile_names([0.05, 0.5, 0.975])
    ['q05', 'q50', 'q97.5']
    """
    return [f"q{100 * level:04.1f}".removesuffix(".0") for level in levels]


def packed(
    forecasts: pd.DataFrame, levels: Sequence[float], *, frequency: str, model_version: str
) -> pd.DataFrame:
    """Rows of the `forecast` view (one a pair) from a forecaster's long answer.

    levels: of the quantiles, each between 0 and 1, in the order of the q… columns; frequency: day,
    week or month; model_version: what made the forecasts. forecasts: warehouse_id, product_id,
    origin, horizon (1, 2, … in order within a pair), period_start, mean, q…, window_mean, w…,
    demand_class; the same horizons for every pair.
    """
    steps = int(forecasts["horizon"].max())
    heads = forecasts.iloc[::steps]
    q = [name for name in forecasts.columns if name[0] == "q"]
    w = [name for name in forecasts.columns if name[0] == "w" and name[1:2].isdigit()]
    lists = {
        "mean": ["mean"],
        "quantiles": q,
        "window_mean": ["window_mean"],
        "window_quantiles": w,
    }
    cells = {
        name: list(_rounded(forecasts[columns].to_numpy(dtype=np.float64)).reshape(len(heads), -1))
        for name, columns in lists.items()
    }
    rows = heads[PAIR].assign(
        event_timestamp=heads["origin"],
        frequency=frequency,
        period_start=heads["period_start"],
        levels=pd.Series(
            [np.asarray(levels, dtype=np.float64)] * len(heads), index=heads.index, dtype=object
        ),
        forecast_as_of=heads["origin"].map(pd.Timestamp.isoformat),
        model_version=model_version,
        demand_class=heads["demand_class"],
    )
    rows = rows.assign(**{name: pd.Series(cell, index=rows.index) for name, cell in cells.items()})
    rows = rows.assign(
        abc_xyz=heads.get("abc_xyz"),
        explanation=_explained(forecasts, len(heads)),
        overrides=None,
        history_events=heads.get("history_events"),
    )
    return rows[[*PAIR, "event_timestamp", *FORECAST]].reset_index(drop=True)


def _explained(forecasts: pd.DataFrame, heads: int) -> pd.Series | None:
    """A list a pair: its periods × EXPLAINED."""
    if not set(EXPLAINED) <= set(forecasts.columns):
        return None
    parts = _rounded(forecasts[list(EXPLAINED)].to_numpy(dtype=np.float64)).reshape(heads, -1)
    return pd.Series(list(parts), index=forecasts.index[:: len(forecasts) // heads], dtype=object)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Four decimals: finer is noise, and rounded numbers pack well."""
    return np.round(values, 4)
