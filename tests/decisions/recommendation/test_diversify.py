"""Answers over many categories, and one size of each article."""

from dataclasses import replace

import numpy as np

from decisions.recommendation.diversify import one_of_each_article
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery, SessionTouch
from decisions.recommendation.recommend import recommend, similar
from decisions.recommendation.visits import visit
from models.recommendation import RankedProducts
from tests.decisions.recommendation.small_index import ONCE, PRODUCTS, SELLABLE, ids, trail_of
from tests.decisions.recommendation.trails import bought


def test_diversity_spreads_over_categories(index: ProductIndex) -> None:
    plain = ids(recommend(index, ProductQuery(customer_id="c01", limit=4)))
    mixed = ids(recommend(index, ProductQuery(customer_id="c01", limit=4, diversity=0.75)))
    kinds = {product: index.categories.code[index.place[product]] for product in PRODUCTS}
    assert len({kinds[product] for product in mixed}) > len({kinds[product] for product in plain})
    assert len(mixed) == 4
    every = ProductQuery(customer_id="c01", market="FR", limit=50, diversity=1.0)
    assert set(ids(recommend(index, every))) == SELLABLE - {ONCE}


def test_one_size_of_each_article_and_none_of_the_one_looked_at(index: ProductIndex) -> None:
    size = len(index.products)
    variants = np.arange(size)
    tea, milk = index.place["tea"], index.place["milk"]
    variants[[tea, milk]] = size
    shop = replace(index, variants=variants)
    pool = RankedProducts(np.array([milk, tea, index.place["toy"]]), np.array([3.0, 2.0, 1.0]))
    assert one_of_each_article(shop, pool).product.tolist() == [milk, index.place["toy"]]
    assert one_of_each_article(shop, pool, besides=tea).product.tolist() == [index.place["toy"]]
    assert "milk" not in ids(similar(shop, "tea", ProductQuery(limit=20)))
    for query in (
        ProductQuery(limit=20, cart=("tea",)),
        ProductQuery(limit=20, session=(SessionTouch("tea", "purchase"),)),
        ProductQuery(limit=20, session=(SessionTouch("tea", "hide"),)),
    ):
        assert not {"tea", "milk"} & set(
            ids(recommend(shop, query, visit(shop, query, trail_of([]))))
        )
    new = ProductQuery(customer_id="c01", limit=20, new_only=True)  # has bought tea, never milk
    assert "milk" in ids(recommend(index, new))
    assert "milk" not in ids(recommend(shop, new))
    durable = replace(shop, durable=np.isin(np.arange(size), [tea, milk]))
    query = ProductQuery(customer_id="somebody", limit=20)
    shown = ids(recommend(durable, query, visit(durable, query, bought("tea", 5))))
    assert not {"tea", "milk"} & set(shown)
