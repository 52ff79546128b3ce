"""What was done since the model was trained."""

from dataclasses import replace

import pandas as pd

from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery
from decisions.recommendation.recent_activity import returned_products
from decisions.recommendation.recommend import recommend
from decisions.recommendation.visits import visit
from tests.decisions.recommendation.small_index import NOW, ids
from tests.decisions.recommendation.trails import bought


def test_what_was_given_back_is_not_for_them_unless_bought_again(index: ProductIndex) -> None:
    activity = replace(index.activity, returned={"c01": frozenset({"tea"})})
    after = replace(index, activity=activity, shared={})
    query = ProductQuery(customer_id="c01", limit=20)
    assert "tea" in ids(recommend(index, query))
    assert "tea" not in ids(recommend(after, query))
    assert "tea" in ids(recommend(after, ProductQuery(customer_id="c02", limit=20)))
    assert "tea" in ids(recommend(after, query, visit(after, query, bought("tea", 3))))


def test_the_last_order_of_a_pair_says_whether_it_was_given_back() -> None:
    orders = pd.DataFrame(
        [
            ("anna", "tea", 1, "returned"),
            ("anna", "pan", 1, "returned"),
            ("anna", "pan", 2, "placed"),
        ],
        columns=["customer_id", "product_id", "day", "status"],
    )
    orders["ordered_at"] = pd.Timestamp(NOW) + pd.to_timedelta(orders.pop("day"), unit="D")
    assert returned_products(orders) == {"anna": frozenset({"tea"})}
