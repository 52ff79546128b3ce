"""The product index of a small shop."""

from dataclasses import replace

import pyarrow as pa

from decisions.recommendation.build_index import build
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.product_labels import labels
from decisions.runtime import Runtime
from tests.decisions.recommendation.small_index import (
    NOW,
)


def test_a_rebuilt_shelf_keeps_the_texts_it_had_and_takes_what_changed(
    small_shop: Runtime, index: ProductIndex
) -> None:
    release = small_shop.release("recommendation")
    fresh = build(small_shop, release, NOW, index)
    names = ("products", "place", "titles", "categories", "areas", "brands", "hides", "serves")
    again = fresh.reusing(index)
    assert all(getattr(again, name) is getattr(index, name) for name in names)
    titles = pa.array([*fresh.titles.to_pylist()[:-1], "another"])
    ids = pa.array(fresh.products)
    other = replace(fresh, titles=titles, brands=labels(ids)).reusing(index)
    assert other.titles is titles
    assert other.brands is not index.brands

    fewer = replace(index, products=index.products[::2], place={})
    longer = build(small_shop, release, NOW, fewer)
    assert longer.products == index.products
    assert longer.place == index.place
    assert all(new is old for new, old in zip(longer.products[::2], fewer.products, strict=True))
