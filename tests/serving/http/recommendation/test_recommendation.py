"""The answers of recommendation, on the index of a small shop."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from data.storefront import Event, Push, Trail
from decisions.recommendation.build_index import _serves, build
from decisions.recommendation.explain_product import why
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.product_labels import labels
from decisions.recommendation.query import (
    PlacementCaps,
    ProductQuery,
    RecommendationReason,
    SessionTouch,
    Visit,
)
from decisions.recommendation.recommend import (
    eligibility_case,
    recommend,
    rerank,
    similar,
    trending,
)
from decisions.recommendation.rules import first_blocking
from decisions.recommendation.visits import visit
from decisions.runtime import Runtime

NOW = datetime(2024, 5, 1, tzinfo=UTC)
TEA, PETS = ("tea", "milk", "sugar", "lemon"), ("kibble", "leash", "bowl", "toy")
ONCE = "oven"  # bought by everybody, by nobody twice
NEW, GONE = "matcha", "absinthe"
PRODUCTS = (*TEA, *PETS, ONCE, NEW, GONE)


@pytest.fixture(scope="module")
def index(small_shop: Runtime) -> ProductIndex:
    return build(small_shop, small_shop.release("recommendation"), NOW)


def ids(answer: Any) -> list[str]:
    return [item.product_id for item in answer.items]


SELLABLE = set(PRODUCTS) - {GONE}


def test_a_customer_gets_the_taste_that_can_be_shipped(index: ProductIndex) -> None:
    answer = recommend(index, ProductQuery(customer_id="c01", ship_to="DE", limit=3))
    assert answer.served_by == "personal"
    assert set(ids(answer)) <= {*TEA, NEW} - {"lemon"}, "lemon is out of stock in Germany"
    counted = [item for item in answer.items if item.product_id != NEW]
    assert all(item.warehouse_id == "wDE" and item.on_hand for item in counted)


def test_what_nobody_buys_twice_is_not_shown_to_who_has_it(index: ProductIndex) -> None:
    assert ONCE not in ids(recommend(index, ProductQuery(customer_id="c01", limit=20)))
    assert ONCE in ids(recommend(index, ProductQuery(customer_id="somebody", limit=20)))


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


def test_new_only_shows_nothing_bought_before(index: ProductIndex) -> None:
    found = ids(recommend(index, ProductQuery(customer_id="c01", limit=20, new_only=True)))
    assert set(found) == SELLABLE - {"tea", "sugar", "lemon", ONCE} | {"milk"}


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


def test_diversity_spreads_over_categories(index: ProductIndex) -> None:
    plain = ids(recommend(index, ProductQuery(customer_id="c01", limit=4)))
    mixed = ids(recommend(index, ProductQuery(customer_id="c01", limit=4, diversity=0.75)))
    kinds = {product: index.categories.code[index.place[product]] for product in PRODUCTS}
    assert len({kinds[product] for product in mixed}) > len({kinds[product] for product in plain})
    assert len(mixed) == 4
    every = ProductQuery(customer_id="c01", market="FR", limit=50, diversity=1.0)
    assert set(ids(recommend(index, every))) == SELLABLE - {ONCE}


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


KINDS = st.sampled_from(["view", "cart", "purchase", "hide", "impression"])
NAMES = st.sampled_from([*PRODUCTS, "unheard of"])
ASKS = st.builds(
    ProductQuery,
    customer_id=st.sampled_from(["c00", "c07", "somebody", None]),
    session=st.lists(st.builds(SessionTouch, NAMES, KINDS), max_size=4).map(tuple),
    cart=st.lists(NAMES, max_size=2).map(tuple),
    exclude=st.lists(NAMES, max_size=3).map(tuple),
    pins=st.lists(NAMES, max_size=3).map(tuple),
    boosts=st.lists(
        st.builds(Push, st.sampled_from([0.1, 3.0, 1000.0]), brand=st.just("bold")), max_size=1
    ).map(tuple),
    caps=st.builds(PlacementCaps, st.sampled_from([None, 1]), st.sampled_from([None, 1, 2])),
    ship_to=st.sampled_from(["DE", "FR", "JP", None]),
    category=st.sampled_from([(), ("food",), ("pets", "kitchen")]),
    brand=st.sampled_from([(), ("bold",)]),
    limit=st.integers(1, 15),
    diversity=st.sampled_from([0.0, 0.5, 1.0]),
    price_max=st.sampled_from([None, 5.0]),
    in_stock_only=st.booleans(),
    new_only=st.booleans(),
    explain=st.booleans(),
)
TRAILS = st.lists(st.tuples(NAMES, KINDS, st.integers(0, 72)), max_size=6)
OF = {  # what the tables say: category, brand, price
    name: (
        "food" if name in {*TEA, NEW, GONE} else "pets" if name in PETS else "kitchen",
        ("acme", "bold")[i % 2] if i < 10 else "acme",
        i + 1.0,
    )
    for i, name in enumerate(PRODUCTS)
}
BOUGHT = {"c00": {"milk", "sugar", "lemon"}, "c07": {"kibble", "leash", "bowl"}}


def trail_of(events: list[tuple[str, str, int]]) -> Trail:
    """Events as (product, kind, hours ago)."""
    made = [Event(name, kind, NOW - timedelta(hours=ago)) for name, kind, ago in events]
    made.sort(key=lambda event: event.occurred_at, reverse=True)
    return Trail(
        touches=tuple(each for each in made if each.kind in {"view", "cart", "purchase"}),
        impressions=tuple(each for each in made if each.kind == "impression"),
        hidden=frozenset(each.product_id for each in made if each.kind == "hide"),
    )


def allowed_by_hand(query: ProductQuery, events: list[tuple[str, str, int]]) -> set[str]:
    """The rules once more, product by product, without an array."""
    out = {*query.cart, *query.exclude, GONE}
    out |= {touch.product_id for touch in query.session if touch.kind in {"hide", "purchase"}}
    out |= {name for name, kind, _ in events if kind == "hide"}
    out |= {name for name, kind, ago in events if kind == "purchase" and ago <= 24}
    mine = BOUGHT.get(query.customer_id or "", set())
    had = {name for name, kind, _ in events if kind == "purchase"}
    out |= {ONCE} if mine or ONCE in had else set()
    out |= mine | had if query.new_only else set()
    # Who names no country is answered for that they buy in.
    country = query.ship_to or ("DE" if query.customer_id == "c00" else None)
    out |= {"lemon"} if country == "DE" and query.in_stock_only else set()
    out |= set(PRODUCTS) if query.ship_to == "JP" else set()
    return {
        name
        for name in set(PRODUCTS) - out
        if (not query.category or OF[name][0] in query.category)
        and (not query.brand or OF[name][1] in query.brand)
        and (query.price_max is None or OF[name][2] <= query.price_max)
    }


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


@given(query=ASKS, events=TRAILS, name=NAMES)
@tried(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_why_tells_what_recommend_does(
    index: ProductIndex, query: ProductQuery, events: list[tuple[str, str, int]], name: str
) -> None:
    seen = visit(index, query, trail_of(events))
    verdict = why(index, name, query, seen)
    assert verdict.shown == (name in ids(recommend(index, query, seen)))
    passed = all(check.passed for check in verdict.checks)
    assert passed == (name in allowed_by_hand(query, events))
    assert (verdict.rank is not None) == passed
    blocked = first_blocking(eligibility_case(index, query, seen), [name])
    failed = [check.code for check in verdict.checks if not check.passed]
    assert [rule.code for rule in blocked.values()] == failed[:1]


def test_why_names_every_rule_that_blocks(index: ProductIndex) -> None:
    query = ProductQuery(
        customer_id="c01", ship_to="DE", limit=1, price_max=3.0, exclude=("lemon",)
    )
    verdict = why(index, "lemon", query, Visit(hidden=frozenset({"lemon"})))
    failed = [check.code for check in verdict.checks if not check.passed]
    assert failed == ["out_of_stock", "price_max", "excluded", "hidden"]
    below = why(index, "toy", ProductQuery(customer_id="c01", market="FR", limit=1), Visit())
    assert below.text == f"Eligible, but at rank {below.rank} of 9, and 1 are shown"
    assert why(index, "unheard of", query, Visit()).checks[0].code == "unknown"


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


def test_what_is_shown_in_vain_fades_until_it_is_touched(index: ProductIndex) -> None:
    query = ProductQuery(customer_id="c01", limit=9)
    first = ids(recommend(index, query))[0]
    shown = [(first, "impression", 3)] * 10
    faded = recommend(index, query, visit(index, query, trail_of(shown)))
    assert ids(faded).index(first) > 0
    clicked = visit(index, query, trail_of([*shown, (first, "view", 1)]))
    assert not clicked.unmoved


def test_a_product_the_model_never_saw_stands_with_its_like(index: ProductIndex) -> None:
    answer = recommend(index, ProductQuery(customer_id="c01", limit=9, explain=True))
    reasons = {item.product_id: item.reason.code for item in answer.items if item.reason}
    assert reasons[NEW] == "new"
    assert ids(answer).index(NEW) < min(ids(answer).index(name) for name in PETS)


def test_a_warehouse_that_does_not_say_serves_where_it_has_shipped(
    small_shop: Runtime, index: ProductIndex
) -> None:
    warehouses = small_shop.lake.read("warehouses").assign(serves=None)
    assert _serves(small_shop, warehouses, ("wDE", "wFR", "w?")) == (
        frozenset({"DE"}), frozenset({"FR"}), frozenset(),
    )  # fmt: skip


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
