"""Small data for the tests beside."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.replenishment import OrderUpTo
from tests.models.replenishment.planning import NOW, frame, row


def line(**other: Any) -> pd.Series:
    """The plan's line for one pair."""
    return OrderUpTo().predict(frame(row(**other))).iloc[0]


def past(demand: NDArray[np.float64], **other: Any) -> pd.DataFrame:
    """Weekly origins of pairs × weeks of demand, with forecasts that know the mean."""
    pairs, weeks = demand.shape
    rows = []
    for week in range(weeks):
        at = NOW + pd.Timedelta(days=7 * week)
        for pair in range(pairs):
            seen = demand[pair, max(0, week - 8) : week]
            rows.append(
                row(
                    **{
                        "product_id": f"P{pair:03d}",
                        "event_timestamp": at,
                        "weekly_sales": float(seen.mean()) if week else 10.0,
                        "demand": [float(demand[pair, week])],
                        **other,
                        "period_start": str(at.date()),
                    }
                )
            )
    return frame(*rows)
