"""Building the index."""

import numpy as np
import pandas as pd

from decisions.recommendation.build_index import _serves, durable_products, newest_stock
from decisions.recommendation.product_index import ProductIndex
from decisions.runtime import Runtime
from tests.decisions.recommendation.small_index import ONCE


def test_a_warehouse_that_does_not_say_serves_where_it_has_shipped(
    small_shop: Runtime, index: ProductIndex
) -> None:
    warehouses = small_shop.lake.read("warehouses").assign(serves=None)
    assert _serves(small_shop, warehouses, ("wDE", "wFR", "w?")) == (
        frozenset({"DE"}), frozenset({"FR"}), frozenset(),
    )  # fmt: skip


def test_the_newest_count_of_a_product_counts() -> None:
    stock = pd.DataFrame(
        [("w", "tea", "2024-04-02", 0.0), ("w", "tea", "2024-04-01", 9.0)],
        columns=["warehouse_id", "product_id", "observed_at", "on_hand"],
    )
    assert newest_stock(stock)["on_hand"].tolist() == [0.0]


def test_what_the_model_does_not_know_lasts_as_its_category_does(index: ProductIndex) -> None:
    assert durable_products(index.model, index.categories.code)[index.place[ONCE]]
    kitchen = index.categories.code[index.place[ONCE]]
    more = np.r_[index.categories.code[: index.known], kitchen, -1].astype(np.int32)
    assert durable_products(index.model, more)[index.known :].tolist() == [True, False]
    assert not durable_products(None, more).any()
