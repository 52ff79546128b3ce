"""What is bought again, and what lasts."""

import numpy as np
import pandas as pd

from models.recommendation import Recommender
from tests.models.recommendation.shoppers import products, row, shoppers


def test_nobody_is_shown_what_lasts_and_they_have() -> None:
    rows = [row(f"c{n:02}", "tv", 50 + n / 20, f"tv{n}") for n in range(8)]
    frame = pd.concat([shoppers(), pd.DataFrame(rows)], ignore_index=True)
    frame["category"] = np.where(frame["product_id"] == "tv", "electronics", "food")
    model = Recommender(factors=8).fit(frame)
    assert "tv" not in products(model, "c01", 20)
    assert "tv" in products(model, "c10", 20)
    assert "tea" in products(model, "c01", 3)
