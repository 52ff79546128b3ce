"""Small data for the tests beside."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from features.forecasting import (
    Override,
)

NOW = datetime(2024, 1, 15, 12, tzinfo=UTC)


def override(**changes) -> Override:
    given = {
        "override_id": "a",
        "warehouse_id": "w",
        "product_id": "p",
        "first": date(2024, 1, 22),
        "last": date(2024, 1, 22),
        "author": "ann",
        "reason": "spot",
        "created_at": NOW - timedelta(hours=1),
        "expires_at": NOW + timedelta(days=30),
        "factor": 2.0,
    }
    return Override(**{**given, **changes})


def forecast(product: str = "p", mean: tuple[float, ...] = (4.0, 4.0, 4.0)) -> pd.DataFrame:
    """Three weeks from 2024-01-15, quantiles at half, once and twice the mean."""
    values = np.asarray(mean)
    wide = values[:, None] * np.array([0.5, 1.0, 2.0])
    row = {
        "warehouse_id": "w",
        "product_id": product,
        "event_timestamp": pd.Timestamp(NOW),
        "frequency": "week",
        "period_start": "2024-01-15",
        "levels": [0.1, 0.5, 0.9],
        "mean": values,
        "quantiles": wide.ravel(),
        "window_mean": np.cumsum(values),
        "window_quantiles": np.cumsum(wide, axis=0).ravel(),
        "overrides": None,
    }
    return pd.DataFrame([row])


RATES = pd.DataFrame({"rate_date": ["2024-01-01"], "currency": ["PLN"], "rate": [0.25]})


def demand(sold: dict[str, list[float]], price: float = 1.0) -> pd.DataFrame:
    starts = pd.date_range("2024-01-01", periods=len(next(iter(sold.values()))), freq="7D")
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": product,
                "event_timestamp": (starts + pd.Timedelta(days=7)).tz_localize("UTC"),
                "frequency": "week",
                "period_start": starts.strftime("%Y-%m-%d"),
                "quantity": np.asarray(values, dtype=float),
                "price": price,
                "currency": "EUR",
                "in_stock": 1.0,
                "censored": False,
            }
        )
        for product, values in sold.items()
    ]
    return pd.concat(parts, ignore_index=True)
