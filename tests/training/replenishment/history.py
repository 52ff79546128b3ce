"""Small data for the tests beside."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from scipy.stats import poisson

FIRST = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday


WEEKS, PRODUCTS = 24, 8


AS_OF = FIRST + timedelta(weeks=WEEKS)


LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]


PACE = np.linspace(2, 30, PRODUCTS)


HORIZON = 8


def tables() -> dict[str, pd.DataFrame]:
    """One warehouse; each product sells a Poisson number every Wednesday and is never short."""
    random = np.random.default_rng(7)
    sold = random.poisson(PACE, (WEEKS, PRODUCTS))
    week, product = np.nonzero(sold)
    orders = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(len(week))],
            "line_no": 1,
            "ordered_at": [FIRST + timedelta(weeks=int(n), days=2) for n in week],
            "customer_id": "c",
            "product_id": [f"P{n}" for n in product],
            "warehouse_id": "W",
            "quantity": sold[week, product].astype(float),
            "unit_price": 9.0,
            "currency": "EUR",
        }
    )
    looks = pd.MultiIndex.from_product([range(WEEKS + 1), range(PRODUCTS)], names=["w", "p"])
    stock = looks.to_frame(index=False)
    terms = {"warehouse_id": "W", "supplier_id": "S", "lead_time_days": 7.0, "lead_time_sd": 2.0}
    money = {"unit_cost": 4.0, "currency": "EUR", "holding_cost_rate": 0.25, "stockout_cost": 3.0}
    return {
        "orders": orders,
        "stock": pd.DataFrame(
            {
                "observed_at": [FIRST + timedelta(weeks=int(n)) for n in stock["w"]],
                "warehouse_id": "W",
                "product_id": [f"P{n}" for n in stock["p"]],
                "on_hand": np.ceil(PACE * 2)[stock["p"]],
            }
        ),
        "supply_terms": pd.DataFrame(
            [{**terms, **money, "product_id": f"P{n}"} for n in range(PRODUCTS)]
        ),
    }


def forecasts(origins: list[datetime]) -> pd.DataFrame:
    """Forecasts that know the true pace."""
    steps = np.arange(1, HORIZON + 1)
    rows = []
    for origin in origins:
        for n, demand_rate in enumerate(PACE):
            table = poisson.ppf(LEVELS, demand_rate * steps[:, None])
            rows.append(
                {
                    "warehouse_id": "W",
                    "product_id": f"P{n}",
                    "event_timestamp": pd.Timestamp(origin),
                    "forecast_as_of": origin.isoformat(),
                    "frequency": "week",
                    "period_start": origin.strftime("%Y-%m-%d"),
                    "levels": LEVELS,
                    "mean": [float(demand_rate)] * HORIZON,
                    "quantiles": np.tile(poisson.ppf(LEVELS, demand_rate), HORIZON).tolist(),
                    "window_mean": (demand_rate * steps).tolist(),
                    "window_quantiles": table.ravel().tolist(),
                    "model_version": "1",
                    "demand_class": "smooth",
                    **dict.fromkeys(("abc_xyz", "explanation", "overrides", "history_events")),
                }
            )
    return pd.DataFrame(rows)
