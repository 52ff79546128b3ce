"""Made-up rows of customers at an origin, with what came."""

import numpy as np
import pandas as pd

from models.customers.customer_frame import TARGET_COLUMNS

T0 = pd.Timestamp("2024-06-01", tz="UTC")


def rows(
    count: int = 300, *, horizon: int = 90, origin_day: float = 0.0, seed: int = 1
) -> pd.DataFrame:
    """Customers whose rate (orders a day) is gamma distributed and shows in their past."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.6, 0.05, count)
    age = rng.uniform(60, 300, count)
    repeats = rng.poisson(rate * age).astype(float)
    active = np.where(repeats > 0, age * repeats / (repeats + 1), 0.0)
    came = rng.poisson(rate * horizon).astype(float)
    price = rng.gamma(5, 4, count)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(count)],
            "origin": T0 + pd.Timedelta(days=origin_day),
            "horizon_days": horizon,
            "repeat_orders": repeats,
            "active_days": active,
            "age_days": age,
            "repeats_210d": repeats * 0.6,
            "priced_orders": repeats + 1,
            "ordered_revenue": (repeats + 1) * price,
            "mean_repeat_revenue": np.where(repeats > 0, price, np.nan),
            "orders_365d": repeats + 1,
            "first_market": rng.choice(["DE", "FR"], count),
        }
    )
    for suffix in ("", "_365d"):
        frame[f"revenue{suffix}"] = frame["ordered_revenue"]
        frame[f"costed_revenue{suffix}"] = frame["ordered_revenue"]
        frame[f"margin{suffix}"] = 0.4 * frame["ordered_revenue"]
    return frame.assign(
        target_orders=came,
        target_priced_orders=came,
        target_revenue=came * price,
        target_costed_revenue=came * price,
        target_margin=0.4 * came * price,
    )


def history(count: int = 300) -> pd.DataFrame:
    """Two origins whose outcome is known, and now, whose is not."""
    now = rows(count, origin_day=180)
    now[list(TARGET_COLUMNS)] = np.nan
    parts = [rows(count, origin_day=0), rows(count, origin_day=90), now]
    return pd.concat(parts, ignore_index=True)
