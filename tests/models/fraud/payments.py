"""Small data for the tests beside."""

import numpy as np
import pandas as pd

from models.base import Model
from models.fraud import (
    MODELS,
)


def payments(rows: int = 3_000, seed: int = 1) -> pd.DataFrame:
    """Fraud where a large amount meets a busy card, more of it in one channel."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "amount_base": draw.gamma(2.0, 40.0, rows),
            "account_age_days": draw.gamma(2.0, 60.0, rows),
            "billing_differs_shipping": (draw.random(rows) < 0.2).astype(float),
            "address_match": np.where(draw.random(rows) < 0.3, np.nan, 1.0),
            "card_count_1h": draw.poisson(0.5, rows).astype(float),
            "ip_count_1h": draw.poisson(0.5, rows).astype(float),
            "channel": draw.choice(["app", "web", "phone"], rows).astype(object),
            "x_signal": draw.normal(size=rows),
            "attempted_at": pd.Timestamp("2025-01-01", tz="UTC")
            + pd.to_timedelta(np.arange(rows), unit="min"),
            "payment_id": [f"p{n}" for n in range(rows)],
        }
    )
    risky = (frame["amount_base"] > 100) & (frame["card_count_1h"] >= 1)
    chance = np.where(risky, 0.5, 0.01) * np.where(frame["channel"] == "phone", 1.8, 1.0)
    return frame.assign(is_fraud=(draw.random(rows) < chance).astype(int))


FRAME = payments()


FAST = {"rounds": 60, "patience": 15, "learning_rate": 0.1}


def made(name: str) -> Model:
    has_trees = name in {"BoostedTrees", "StagedFraudModel"}
    return MODELS[name](**FAST) if has_trees else MODELS[name]()
