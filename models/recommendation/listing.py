"""The frame every recommender of ours predicts, and the one it is asked with."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class ProductListing(NamedTuple):
    """One customer's products, best first; score and reason: one entry a product."""

    customer: str
    product: Sequence[str]
    score: NDArray[np.floating]
    reason: Sequence[str]


def frame_of_listings(listings: Sequence[ProductListing]) -> pd.DataFrame:
    """customer_id, product_id, rank (from 1), score, reason: the listings one after another."""
    lengths = [len(each.product) for each in listings]
    customers = np.repeat(np.array([each.customer for each in listings], dtype=object), lengths)
    ranks = [np.arange(1, length + 1, dtype=np.int64) for length in lengths]
    scores = [np.asarray(each.score, dtype=float) for each in listings]
    return pd.DataFrame(
        {
            "customer_id": pd.Series(customers, dtype=object),
            "product_id": pd.Series([p for each in listings for p in each.product], dtype=object),
            "rank": np.concatenate([np.empty(0, dtype=np.int64), *ranks]),
            "score": np.concatenate([np.empty(0), *scores]),
            "reason": pd.Series([r for each in listings for r in each.reason], dtype=object),
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
