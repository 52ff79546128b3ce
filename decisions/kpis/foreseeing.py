"""How well demand was foreseen, and how the value of customers moved."""

from functools import cache

import numpy as np
import pandas as pd

from decisions.kpis.cells import Span, utc_days
from features.forecasting import seen_in_full

PAIR = ["warehouse_id", "product_id"]
_KEY = [*PAIR, "period_start"]
_PERIOD_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4}
# What `forecast_facts` reads of a forecast, beside its keys and time.
FORECAST_FEATURES = ("frequency", "period_start", "mean")


def forecast_facts(
    forecasts: pd.DataFrame,
    model_forecasts: pd.DataFrame,
    demand: pd.DataFrame,
    lead_days: pd.DataFrame,
) -> pd.DataFrame:
    """Errors of the newest forecasts made a lead time before each closed period, by its first day.

    forecasts, model_forecasts, demand: histories of these views; lead_days: warehouse_id,
    product_id, lead_time_days (unknown: the period itself). Periods whose shelf was not full all
    the time are left out. Columns: demand, error, absolute_error, override_gain.
    """
    final, model = (_said_in_time(part, lead_days) for part in (forecasts, model_forecasts))
    newest = demand.sort_values("event_timestamp", kind="stable").drop_duplicates(_KEY, keep="last")
    full = (seen_in_full(newest) & newest["quantity"].notna()).to_numpy(dtype=bool)
    actual = newest.loc[full, [*_KEY, "quantity", "category"]]
    beside = actual.merge(final.rename(columns={"said": "final"}), on=_KEY)
    beside = beside.merge(model.rename(columns={"said": "model"}), on=_KEY, how="left")
    units = beside["quantity"].astype(float)
    error = beside["final"] - units
    unlayered = beside["model"].fillna(beside["final"]) - units
    return pd.DataFrame(
        {
            "day": pd.to_datetime(beside["period_start"]),
            "warehouse_id": beside["warehouse_id"],
            "category": beside["category"].astype(object).str.split("/").str[0],
            "demand": units,
            "error": error,
            "absolute_error": error.abs(),
            "override_gain": unlayered.abs() - error.abs(),
        }
    )


def _said_in_time(rows: pd.DataFrame, lead_days: pd.DataFrame) -> pd.DataFrame:
    """Each pair's and period's newest mean that was said a lead time before the period: `said`."""
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in _KEY} | {"said": []})
    if rows.empty:
        return empty
    rows = rows.merge(lead_days, on=PAIR, how="left").reset_index(drop=True)
    steps = rows["mean"].map(len).to_numpy(dtype=int)
    long = rows[[*PAIR, "event_timestamp", "lead_time_days", "frequency"]]
    long = long.loc[long.index.repeat(steps)].reset_index(drop=True)
    long["period_start"] = np.concatenate(
        [
            _period_starts(first, frequency, count)
            for first, frequency, count in zip(
                rows["period_start"], rows["frequency"], steps.tolist(), strict=True
            )
        ]
    )
    long["said"] = np.concatenate([np.asarray(one, dtype=float) for one in rows["mean"]])
    made = pd.to_datetime(long["event_timestamp"], utc=True).dt.tz_localize(None)
    ahead = (pd.to_datetime(long["period_start"]) - made).dt.total_seconds() / 86_400
    period = long["frequency"].map(_PERIOD_DAYS).astype(float)
    # The period in which an order of that moment arrives: one that begins at most a period sooner.
    in_time = ahead >= long["lead_time_days"].fillna(0.0) - period
    kept = long[in_time.to_numpy() & long["said"].notna().to_numpy()]
    newest = kept.sort_values("event_timestamp", kind="stable").drop_duplicates(_KEY, keep="last")
    return newest[[*_KEY, "said"]]


@cache
def _period_starts(first: str, frequency: str, count: int) -> np.ndarray:
    """ISO dates of `count` periods from `first` on."""
    start = pd.Timestamp(first)
    if frequency == "month":
        days = pd.date_range(start, periods=count, freq="MS")
    else:
        step = int(_PERIOD_DAYS[frequency])
        days = pd.date_range(start, periods=count, freq=f"{step}D")
    return days.strftime("%Y-%m-%d").to_numpy(dtype=object)


def value_facts(values: pd.DataFrame, customers: pd.DataFrame, span: Span) -> pd.DataFrame:
    """How each customer's expected margin changed since the scoring before: value_moved.

    values: history of the `customer_value` view; customers: the table; span: the days.
    """
    rows = values[values["expected_margin_365d"].notna()]
    rows = rows.sort_values("event_timestamp", kind="stable")
    moved = rows.groupby("customer_id", sort=False)["expected_margin_365d"].diff()
    countries = customers.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    facts = pd.DataFrame(
        {
            "day": utc_days(rows["event_timestamp"]),
            "market": rows["customer_id"].map(countries["country"].astype(object)),
            "value_moved": moved.astype(float),
        }
    )
    kept: pd.DataFrame = facts[moved.notna().to_numpy() & span.holds(facts["day"]).to_numpy()]
    return kept
