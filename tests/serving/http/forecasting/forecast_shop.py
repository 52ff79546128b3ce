"""Small data for the tests beside."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
from fastapi.testclient import TestClient

from data.views import fingerprint
from decisions.runtime import Runtime
from features.forecasting import DEMAND
from models.base import Release
from models.forecasting import Forecaster
from models.registry import Registry, Run

NOW = datetime(2024, 9, 9, 12, tzinfo=UTC)


HORIZON = 5


def orders() -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = [
        (product, week * 7 + random.uniform(0, 7))
        for product in range(6)
        for week in range(36)
        for _ in range(random.poisson(2 + product))
    ]
    frame = pd.DataFrame(rows, columns=["product", "day"])
    moment = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(frame["day"], unit="D")
    return pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(len(frame))],
            "line_no": 1,
            "ordered_at": moment.dt.floor("s"),
            "customer_id": "c",
            "product_id": "p" + frame["product"].astype(str),
            "warehouse_id": "w",
            "quantity": 1.0,
            "unit_price": 5.0,
            "currency": "EUR",
        }
    )


def register(registry: Registry, runtime: Runtime) -> None:
    from features.forecasting import TABLES, demand

    given = {name: runtime.lake.read(name, as_of=NOW) for name in TABLES}
    history = demand(given, NOW, "week")
    model = Forecaster(horizon=HORIZON, rows=2000, trees=10).fit(history)
    sample = history[history["product_id"] == "p1"]
    run_id = registry.log(Run("forecasting", "test", {}, {}, {}, None, {}))
    release = Release(
        use_case="forecasting",
        version="",
        model=model,
        features=dict(DEMAND),
        contract=fingerprint(DEMAND),
        cut_off=NOW,
        metrics={},
        policy={},
        sample=sample,
        expected=model.predict(sample),
    )
    registry.promote("forecasting", registry.register(run_id, release))


def ask(client: TestClient, **params) -> dict:
    answer = client.get("/v1/forecasts", params={"warehouse_id": "w", "product_id": "p1", **params})
    assert answer.status_code == 200, answer.text
    return answer.json()
