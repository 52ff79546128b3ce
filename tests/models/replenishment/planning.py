"""Planning frames by hand: a pair of an ordinary kind, and what differs from it."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, poisson

NOW = pd.Timestamp("2024-01-01", tz="UTC")  # a Monday
LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]


def windows(mean: float, sd: float, horizon: int = 13) -> dict[str, Any]:
    """Independent normal weeks."""
    steps = np.arange(1, horizon + 1)
    table = mean * steps[:, None] + sd * np.sqrt(steps)[:, None] * norm.ppf(LEVELS)
    return {
        "frequency": "week",
        "period_start": "2024-01-01",
        "levels": LEVELS,
        "window_mean": (mean * steps).tolist(),
        "window_quantiles": table.ravel().tolist(),
        "demand_class": "smooth",
        "explanation": None,
    }


def poissons(mean: float, horizon: int = 13) -> dict[str, Any]:
    levels = [*np.arange(0.01, 1, 0.01)]
    table = poisson.ppf(levels, mean * np.arange(1, horizon + 1)[:, None])
    return windows(mean, 0.0, horizon) | {
        "levels": levels,
        "window_quantiles": table.ravel().tolist(),
    }


def row(**other: Any) -> dict[str, Any]:
    """A pair of an ordinary kind: ten a week, two weeks of lead time, nothing in stock."""
    return {
        "warehouse_id": "W",
        "product_id": "P",
        "supplier_id": "S",
        "event_timestamp": NOW,
        **windows(10.0, 4.0),
        "observed_at": "2023-12-31T00:00:00Z",
        "on_hand": 0.0,
        "reserved": 0.0,
        "on_order": 0.0,
        "open_quantities": None,
        "open_due_days": None,
        "open_age_days": None,
        "weekly_sales": 10.0,
        "lead_time_days": 14.0,
        "lead_time_sd": 0.0,
        "review_period_days": 7.0,
        "min_order_quantity": 0.0,
        "pack_size": 1.0,
        "order_cost": 0.0,
        "unit_cost": 10.0,
        "currency": "EUR",
        "price_breaks": None,
        "duty_rate": 0.0,
        "freight_per_unit": 0.0,
        "holding_cost_rate": 0.25,
        "stockout_cost": 5.0,
        "service_level": np.nan,
        "display_minimum": np.nan,
        "order_days": None,
        "blocked": None,
        "fx_rate": 1.0,
        "price": 20.0,
        "price_currency": "EUR",
        "price_fx_rate": 1.0,
        "discontinued": False,
        "days_to_end": np.nan,
        "weight_kg": np.nan,
        "volume_m3": np.nan,
        "country": "DE",
        "promotion_from": np.nan,
        "promotion_until": np.nan,
        "promotions_before": 0.0,
        "capacity_units": np.nan,
        "lead_time_mean": 14.0,
        "lead_time_spread": 0.0,
        "lead_time_orders": 0.0,
        **other,
    }


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows))
    flags = {name: table[name].astype("boolean") for name in ("discontinued", "blocked")}
    return table.assign(**flags)
