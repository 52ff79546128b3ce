"""The frame every recommender of ours predicts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def listing(
    customer: str, products: Sequence[str], score: NDArray[np.floating], reasons: Sequence[str]
) -> pd.DataFrame:
    """One customer's products, best first, with ranks from 1."""
    return pd.DataFrame(
        {
            "customer_id": pd.Series([customer] * len(products), dtype=object),
            "product_id": pd.Series(products, dtype=object),
            "rank": np.arange(1, len(products) + 1, dtype=np.int64),
            "score": np.asarray(score, dtype=float),
            "reason": pd.Series(reasons, dtype=object),
        }
    )


def asked(frame: pd.DataFrame, *, default: int = 10) -> list[tuple[str, int]]:
    """(customer_id, limit) of each row to predict."""
    limits = frame["limit"] if "limit" in frame else [default] * len(frame)
    return [(str(c), int(n)) for c, n in zip(frame["customer_id"], limits, strict=True)]
