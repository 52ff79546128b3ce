"""Small data for the tests beside."""

import numpy as np
import pandas as pd

from models.forecasting.answers import QUANTILES, WINDOW_QUANTILES

SMALL = {"rows": 4000, "trees": 20, "horizon": 4}


def frame(series: dict[str, list[float]], *, frequency: str = "week", **columns) -> pd.DataFrame:
    """A long frame of aligned series: product -> demand by period, NaN for a gap."""
    step = {"day": "D", "week": "7D", "month": "MS"}[frequency]
    parts = []
    for product, values in series.items():
        dates = pd.date_range("2024-01-01", periods=len(values), freq=step)
        parts.append(
            pd.DataFrame(
                {
                    "warehouse_id": "w",
                    "product_id": product,
                    "period_start": dates.strftime("%Y-%m-%d"),
                    "frequency": frequency,
                    "quantity": np.asarray(values, dtype=float),
                    **columns,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def shop(count: int = 60, periods: int = 40, seed: int = 1) -> pd.DataFrame:
    """Poisson demand at levels 0.1 … 20."""
    random = np.random.default_rng(seed)
    levels = np.geomspace(0.1, 20, count)
    return frame({f"p{n}": random.poisson(level, periods) for n, level in enumerate(levels)})


def sane(answer: pd.DataFrame) -> None:
    """No NaN, nothing below 0, quantiles rise with the level, sums never fall with the length."""
    numbers = answer[["mean", "window_mean", *QUANTILES, *WINDOW_QUANTILES]].to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()
    for names in (QUANTILES, WINDOW_QUANTILES):
        assert (np.diff(answer[names].to_numpy(), axis=1) >= 0).all()
    for _, one in answer.groupby(["warehouse_id", "product_id"]):
        assert (np.diff(one[["window_mean", *WINDOW_QUANTILES]].to_numpy(), axis=0) >= -1e-9).all()
