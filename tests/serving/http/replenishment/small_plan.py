"""Small data for the tests beside."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from fastapi.testclient import TestClient
from scipy.stats import poisson

from data.lake import Lake
from data.views import fingerprint
from decisions.runtime import Runtime
from features.replenishment import FEATURES
from models.base import Release
from models.replenishment import OrderUpTo

MONDAY = datetime(2024, 3, 4, tzinfo=UTC)


NOW = MONDAY + timedelta(hours=8)


LEVELS = [0.1, 0.5, 0.9, 0.95]


PRODUCTS = {"short": 0.0, "enough": 500.0, "half": 12.0, "bare": 3.0, "odd~id/x": 0.0}


def fill(lake: Lake) -> None:
    """Five products at one warehouse; `bare` has no supply terms."""
    lake.append(
        "stock",
        pd.DataFrame(
            [
                {"observed_at": NOW, "warehouse_id": "W", "product_id": p, "on_hand": n}
                for p, n in PRODUCTS.items()
            ]
        ),
    )
    terms = {"warehouse_id": "W", "supplier_id": "S", "lead_time_days": 7.0, "unit_cost": 2.0}
    money = {"currency": "EUR", "stockout_cost": 3.0, "pack_size": 6.0}
    rows = [{**terms, **money, "product_id": p} for p in PRODUCTS if p != "bare"]
    lake.append("supply_terms", pd.DataFrame(rows))


def forecasts() -> pd.DataFrame:
    steps = np.arange(1, 7)
    one = {
        "event_timestamp": pd.Timestamp(NOW),
        "forecast_as_of": NOW.isoformat(),
        "frequency": "week",
        "period_start": "2024-03-04",
        "levels": LEVELS,
        "mean": [10.0] * 6,
        "quantiles": np.tile(poisson.ppf(LEVELS, 10), 6).tolist(),
        "window_mean": (10.0 * steps).tolist(),
        "window_quantiles": poisson.ppf(LEVELS, 10.0 * steps[:, None]).ravel().tolist(),
        "model_version": "1",
        "demand_class": "smooth",
        **dict.fromkeys(("abc_xyz", "explanation", "overrides", "history_events")),
    }
    return pd.DataFrame([{"warehouse_id": "W", "product_id": p, **one} for p in PRODUCTS])


def release() -> Release:
    """As training would have made it, with the shift of the quantile learned."""
    model = OrderUpTo()
    model.learned = {"lot": {}, "shift": {"": 0.4}}
    nothing = pd.DataFrame()
    return Release(
        use_case="replenishment",
        version="3",
        model=model,
        features=FEATURES,
        contract=fingerprint(FEATURES),
        cut_off=NOW,
        metrics={},
        policy={},
        sample=nothing,
        expected=nothing,
    )


class _Live(Runtime):
    """Live, with one release in use without a registry behind it."""

    mine: Release | None = None

    def release(self, row: str) -> Release | None:
        return self.mine if row == "replenishment" else None


def get(client: TestClient, path: str = "", **query: Any) -> Any:
    answer = client.get(f"/v1/replenishment/suggestions{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
