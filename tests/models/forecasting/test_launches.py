"""Products without a sale: the season of their kind, their launch, and how little is known."""

import numpy as np
import pandas as pd
import pytest

from models.forecasting.forecaster import Forecaster

WEEK = np.array([1.0, 1.0, 1.0, 1.0, 1.5, 2.0, 0.5])


def shop(days: int = 120) -> pd.DataFrame:
    """Twelve products with the shape of a week and levels from 5 to 60, and a new one ahead."""
    random = np.random.default_rng(4)
    dates = pd.date_range("2024-01-01", periods=days + 14, freq="D")
    shape = WEEK[dates.dayofweek]
    parts = []
    for number, base in enumerate([*np.geomspace(5, 60, 12), 0.0]):
        new = number == 12
        steps = np.arange(days + 14) - days + 1
        demand = np.where(steps > 0, np.nan, random.poisson(base * shape))
        frame = pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": "new" if new else f"p{number:02}",
                "category": "tea",
                "frequency": "day",
                "period_start": dates.strftime("%Y-%m-%d"),
                "quantity": demand,
                "horizon": np.maximum(steps, 0),
            }
        )
        parts.append(frame[steps > 0] if new else frame)
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def answer() -> pd.DataFrame:
    frame = shop()
    model = Forecaster(horizon=14, methods="seasonal_level,moving_average").fit(frame)
    found = model.predict(frame)
    return found[found["product_id"] == "new"].reset_index(drop=True)


def test_it_has_the_weekdays_of_its_kind(answer: pd.DataFrame) -> None:
    weekday = pd.to_datetime(answer["period_start"]).dt.dayofweek
    mean = answer.groupby(weekday)["mean"].mean().to_numpy()
    assert mean / mean.mean() == pytest.approx(WEEK / WEEK.mean(), rel=0.25)


def test_its_interval_holds_most_products_of_its_kind(answer: pd.DataFrame) -> None:
    levels = np.geomspace(5, 60, 12)
    low, high = answer["q10"].mean(), answer["q90"].mean()
    held = ((levels * WEEK.mean() >= low) & (levels * WEEK.mean() <= high)).mean()
    assert 0.7 <= held <= 1.0
    assert set(answer["demand_class"]) == {"unseen"}
