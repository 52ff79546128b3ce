"""The frame every recommender of ours predicts, and the one it is asked with."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def listing(
    customer: str, products: Sequence[str], score: NDArray[np.floating], reasons: Sequence[str]
) -> pd.DataFrame:
    """One customer's products, best first, with ranks from 1.

    products, score, reasons: one entry a product.
    """
    return pd.DataFrame(
        {
            "customer_id": pd.Series([customer] * len(products), dtype=object),
            "product_id": pd.Series(products, dtype=object),
            "rank": np.arange(1, len(products) + 1, dtype=np.int64),
            "score": np.asarray(score, dtype=float),
            "reason": pd.Series(reasons, dtype=object),
        }
    )


def questions(frame: pd.DataFrame, *, default: int = 10) -> list[tuple[str, int, bool]]:
    """(customer_id, limit, new_only) of each row to predict.

    frame: customer_id and, if wanted, limit (else `default`) and new_only (else False).
    """
    limits = frame["limit"] if "limit" in frame else [default] * len(frame)
    new = frame["new_only"] if "new_only" in frame else [False] * len(frame)
    rows = zip(frame["customer_id"], limits, new, strict=True)
    return [(str(customer), int(limit), bool(only)) for customer, limit, only in rows]
