"""Small data for the tests beside."""

import numpy as np
import pandas as pd

WEEKS = 40


def history(series: int = 3, weeks: int = WEEKS, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    starts = pd.date_range("2024-01-01", periods=weeks, freq="7D", tz="UTC")
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": f"p{n}",
                "event_timestamp": starts + pd.Timedelta(days=7),
                "frequency": "week",
                "period_start": starts.strftime("%Y-%m-%d"),
                "quantity": random.poisson(4 + n, weeks).astype(float),
                "in_stock": 1.0,
                "censored": False,
                "promotion": 0.0,
                "promotion_discount": 0.0,
                "category": "tea",
                "country": "DE",
            }
        )
        for n in range(series)
    ]
    return pd.concat(parts, ignore_index=True)
