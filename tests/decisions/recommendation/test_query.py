"""What is asked for."""

from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery
from decisions.recommendation.recommend import recommend
from tests.decisions.recommendation.small_index import ids


def test_without_a_market_it_is_the_customers_own(index: ProductIndex) -> None:
    assert index.activity.markets.of("c01") == "DE"
    assert index.activity.markets.of("c09") == "FR"
    assert index.activity.markets.of("nobody") is None
    assert "lemon" not in ids(recommend(index, ProductQuery(customer_id="c01", limit=20)))
    named = ProductQuery(customer_id="c01", market="FR", limit=20)
    assert "lemon" in ids(recommend(index, named))
