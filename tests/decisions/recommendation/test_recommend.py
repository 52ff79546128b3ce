"""The answers of recommendation, on the index of a small shop."""

from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import (
    ProductQuery,
)
from decisions.recommendation.recommend import (
    recommend,
    similar,
    trending,
)
from tests.decisions.recommendation.small_index import NEW, ONCE, PETS, SELLABLE, TEA, ids


def test_a_customer_gets_the_taste_that_can_be_shipped(index: ProductIndex) -> None:
    answer = recommend(index, ProductQuery(customer_id="c01", ship_to="DE", limit=3))
    assert answer.served_by == "personal"
    assert set(ids(answer)) <= {*TEA, NEW} - {"lemon"}, "lemon is out of stock in Germany"
    counted = [item for item in answer.items if item.product_id != NEW]
    assert all(item.warehouse_id == "wDE" and item.on_hand for item in counted)


def test_what_nobody_buys_twice_is_not_shown_to_who_has_it(index: ProductIndex) -> None:
    assert ONCE not in ids(recommend(index, ProductQuery(customer_id="c01", limit=20)))
    assert ONCE in ids(recommend(index, ProductQuery(customer_id="somebody", limit=20)))


def test_similar_bought_together_and_trending(index: ProductIndex) -> None:
    for together, served_by in ((False, "similar_to"), (True, "bought_together")):
        answer = similar(index, "tea", ProductQuery(limit=3, explain=True), together=together)
        assert answer.served_by == served_by
        assert "tea" not in ids(answer)
        assert set(ids(answer)) <= {*TEA, ONCE}
        assert answer.items[0].reason.product_id == "tea"
        everything = similar(index, "tea", ProductQuery(limit=50), together=together)
        assert sorted(ids(everything)) == sorted(SELLABLE - {"tea"})
    assert similar(index, NEW, ProductQuery(limit=3)).served_by == "same_category"
    assert set(ids(similar(index, NEW, ProductQuery(limit=4)))) == set(TEA)
    assert similar(index, "unheard of", ProductQuery()).items
    assert ids(trending(index, ProductQuery(market="FR", limit=1)))[0] in PETS


def test_a_product_the_model_never_saw_stands_with_its_like(index: ProductIndex) -> None:
    answer = recommend(index, ProductQuery(customer_id="c01", limit=9, explain=True))
    reasons = {item.product_id: item.reason.code for item in answer.items if item.reason}
    assert reasons[NEW] == "new"
    assert ids(answer).index(NEW) < min(ids(answer).index(name) for name in PETS)


def test_a_country_that_no_warehouse_ships_to_is_told(index: ProductIndex) -> None:
    answer = recommend(index, ProductQuery(customer_id="c01", ship_to="CH", limit=3))
    assert answer.degraded == "no_delivery"
    assert recommend(index, ProductQuery(customer_id="c01", ship_to="AT")).degraded == ""
