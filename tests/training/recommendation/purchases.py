"""Small data for the tests beside."""

import numpy as np
import pandas as pd

from features.recommendation import INTERACTIONS

START = pd.Timestamp("2024-01-01", tz="UTC")


def purchases(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "day"])
    order = frame["customer_id"] + "-" + np.floor(frame["day"]).astype(int).astype(str)
    frame = frame.assign(
        occurred_at=START + pd.to_timedelta(frame["day"], unit="D"),
        kind="purchase",
        quantity=1.0,
        weight=1.0,
        order_id=order,
        market="DE",
    )
    frame = frame.sort_values("occurred_at", kind="stable", ignore_index=True)
    return frame.reindex(columns=list(INTERACTIONS))
