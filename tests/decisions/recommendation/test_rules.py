"""What may be shown, and what stands where."""

from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as tried

from data.storefront import Push
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import (
    PlacementCaps,
    ProductQuery,
    RecommendationReason,
)
from decisions.recommendation.recommend import (
    recommend,
    rerank,
    similar,
    trending,
)
from decisions.recommendation.visits import visit
from tests.decisions.recommendation.small_index import (
    ASKS,
    GONE,
    NEW,
    OF,
    ONCE,
    PETS,
    SELLABLE,
    TEA,
    TRAILS,
    allowed_by_hand,
    ids,
    trail_of,
)
from tests.decisions.recommendation.trails import bought


def test_new_only_shows_nothing_bought_before(index: ProductIndex) -> None:
    found = ids(recommend(index, ProductQuery(customer_id="c01", limit=20, new_only=True)))
    assert set(found) == SELLABLE - {"tea", "sugar", "lemon", ONCE} | {"milk"}


def test_filters(index: ProductIndex) -> None:
    everything: dict[str, Any] = {"limit": 50}
    assert set(ids(recommend(index, ProductQuery(category=("food",), **everything)))) == {*TEA, NEW}
    both = ProductQuery(category=("food/drink", "pets"), **everything)
    assert set(ids(recommend(index, both))) == {*TEA, *PETS, NEW}
    assert ids(recommend(index, ProductQuery(category=("foo",), **everything))) == []
    brand = ids(recommend(index, ProductQuery(brand=("bold",), category=("pets",), **everything)))
    assert set(brand) == {"leash", "toy"}
    priced = ids(recommend(index, ProductQuery(price_min=2.0, price_max=3.0, **everything)))
    assert set(priced) == {"milk", "sugar"}


@given(query=ASKS, events=TRAILS)
@tried(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_may_be_shown_is_and_nothing_else(
    index: ProductIndex, query: ProductQuery, events: list[tuple[str, str, int]]
) -> None:
    seen = visit(index, query, trail_of(events))
    answer = recommend(index, query, seen)
    allowed, found = allowed_by_hand(query, events), ids(answer)
    assert set(found) <= allowed
    assert len(found) == len(set(found)) == min(query.limit, len(allowed))
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    assert all(abs(score) < 1e4 for score in scores), "no padding of anybody's gets through"
    pins = [name for name in dict.fromkeys(query.pins) if name in allowed]
    assert found[: len(pins)] == pins[: query.limit]
    assert recommend(index, query, seen) == answer
    assert all(item.reason is not None for item in answer.items) or not query.explain
    for other in (
        trending(index, query, seen),
        similar(index, "tea", query, seen),
        rerank(index, ["tea", "toy", "lemon", "unheard of", "tea"], query, seen),
    ):
        assert set(ids(other)) <= allowed
        assert len(ids(other)) == len(set(ids(other)))


def test_pins_boosts_and_caps(index: ProductIndex) -> None:
    plain = ids(recommend(index, ProductQuery(customer_id="c01", limit=4)))
    assert "leash" not in plain
    pinned = recommend(
        index, ProductQuery(customer_id="c01", limit=4, pins=(GONE, "leash", "toy"), explain=True)
    )
    assert ids(pinned) == ["leash", "toy", *plain[:2]]
    assert pinned.items[0].reason == RecommendationReason("pinned", "Chosen by the shop")
    boosted = (Push(1e6, category="pets"), Push(0.5, brand="bold"))
    found = ids(recommend(index, ProductQuery(customer_id="c01", limit=4, boosts=boosted)))
    assert set(found) == set(PETS)
    assert {*found[:2]} == {"kibble", "bowl"}, "leash and toy are of the brand that is buried"
    one_each = ProductQuery(customer_id="c01", limit=3, caps=PlacementCaps(category=1))
    kinds = [OF[name][0] for name in ids(recommend(index, one_each))]
    assert kinds[:2] in (["food", "pets"], ["food", "food"], ["pets", "food"])
    two = recommend(index, ProductQuery(limit=4, caps=PlacementCaps(brand=2)))
    brands = [OF[name][1] for name in ids(two)]
    assert brands.count("acme") == brands.count("bold") == 2
    full = ids(recommend(index, ProductQuery(limit=9, caps=PlacementCaps(brand=2))))
    assert len(full) == 9, "a cap gives way rather than leave a place empty"


def test_what_lasts_and_was_bought_by_event_is_shown_no_more(index: ProductIndex) -> None:
    query = ProductQuery(customer_id="somebody", limit=20)
    assert ONCE in ids(recommend(index, query))
    assert ONCE not in ids(recommend(index, query, visit(index, query, bought(ONCE, 5))))
    # What is bought again and again is back after a day.
    assert "tea" in ids(recommend(index, query, visit(index, query, bought("tea", 5))))
