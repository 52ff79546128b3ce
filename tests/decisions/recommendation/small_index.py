"""Small data for the tests beside."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from data.records.storefront import last_hides
from data.storefront import Event, Push, Trail
from decisions.recommendation.query import (
    PlacementCaps,
    ProductQuery,
    SessionTouch,
)

NOW = datetime(2024, 5, 1, tzinfo=UTC)


TEA, PETS = ("tea", "milk", "sugar", "lemon"), ("kibble", "leash", "bowl", "toy")


ONCE = "oven"  # bought by everybody, by nobody twice


NEW, GONE = "matcha", "absinthe"


PRODUCTS = (*TEA, *PETS, ONCE, NEW, GONE)


def ids(answer: Any) -> list[str]:
    return [item.product_id for item in answer.items]


SELLABLE = set(PRODUCTS) - {GONE}


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
        hides=last_hides(made),
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
