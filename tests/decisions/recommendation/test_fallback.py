"""Each step of the fallback."""

from decisions.recommendation.build_index import build
from decisions.recommendation.fallback import first_step
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import (
    ProductQuery,
    SessionTouch,
)
from decisions.recommendation.recommend import (
    eligibility_case,
    recommend,
    similar,
    trending,
)
from decisions.recommendation.visits import visit
from decisions.runtime import Runtime
from tests.decisions.recommendation.small_index import NOW, PETS, SELLABLE, ids
from tests.decisions.recommendation.trails import bought


def test_each_step_of_the_chain(index: ProductIndex) -> None:
    view = (SessionTouch("toy", "view"),)
    for query, served_by in (
        (ProductQuery(customer_id="c01", session=view), "personal"),
        (ProductQuery(customer_id="somebody", session=view), "session"),
        (ProductQuery(visitor_id="v", cart=("toy",)), "similar_to_cart"),
        (ProductQuery(market="FR"), "market_trending"),
        (ProductQuery(market="AT"), "global_trending"),
        (ProductQuery(session=(SessionTouch("unheard of", "view"),)), "global_trending"),
    ):
        answer = recommend(index, query)
        assert (answer.served_by, answer.degraded) == (served_by, "")
        assert answer.items
    assert ids(recommend(index, ProductQuery(market="FR")))[0] in PETS
    session = ids(recommend(index, ProductQuery(session=view, limit=4)))
    assert set(session) == set(PETS)
    cart = ids(recommend(index, ProductQuery(cart=("toy",), limit=3)))
    assert set(cart) == set(PETS) - {"toy"}


def test_where_nothing_ships_nothing_is_shown(index: ProductIndex) -> None:
    assert ids(recommend(index, ProductQuery(ship_to="JP"))) == []
    assert set(ids(recommend(index, ProductQuery(ship_to="AT", limit=50)))) == SELLABLE - {"lemon"}


def test_without_a_model_best_sellers_degraded(small_shop: Runtime) -> None:
    bare = build(small_shop, None, NOW)
    for answer in (
        recommend(bare, ProductQuery(customer_id="c07", limit=50, explain=True)),
        trending(bare, ProductQuery(limit=50)),
    ):
        assert answer.degraded == "no_model"
        assert {item.reason.code for item in answer.items if item.reason} <= {"popular"}
        assert set(ids(answer)) == SELLABLE
    assert set(ids(similar(bare, "tea", ProductQuery(limit=50)))) == SELLABLE - {"tea"}


def test_a_newcomers_first_order_makes_the_answer_personal(index: ProductIndex) -> None:
    query = ProductQuery(customer_id="somebody", limit=3)
    seen = visit(index, query, bought("tea", 2))
    assert first_step(eligibility_case(index, query, seen)) == "personal"
    assert set(ids(recommend(index, query, seen))) <= {"tea", "milk", "sugar", "lemon", "matcha"}
