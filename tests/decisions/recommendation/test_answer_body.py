"""An answer as plain values."""

from decisions.recommendation.answer_body import body, name
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery
from decisions.recommendation.recommend import recommend


def test_ranks_count_from_one_and_stock_that_is_not_known_is_none(index: ProductIndex) -> None:
    answer = recommend(index, ProductQuery(customer_id="c01", ship_to="DE", limit=4))
    found = body(index, answer, "rec_1")
    assert [item["rank"] for item in found["items"]] == [1, 2, 3, 4]
    assert [item["product_id"] for item in found["items"]] == [
        item.product_id for item in answer.items
    ]
    for item, made in zip(found["items"], answer.items, strict=True):
        there = item["availability"]
        assert (there is None) is (made.on_hand is None or made.warehouse_id is None)
    assert found["degraded"] is False
    assert found["model_version"] == index.release.version  # type: ignore[union-attr]


def test_each_answer_has_a_name_of_its_own() -> None:
    first, second = name(), name()
    assert first != second
    assert first.startswith("rec_")
