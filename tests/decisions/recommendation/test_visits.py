"""What a visit tells."""

from dataclasses import replace
from datetime import timedelta

from data.storefront import Event, PersonLinks, Trail
from decisions.recommendation.product_index import ProductIndex
from decisions.recommendation.query import ProductQuery, SessionTouch, Visit
from decisions.recommendation.recommend import recommend
from decisions.recommendation.visits import merged_trail, read_visit, visit
from decisions.runtime import Runtime
from tests.decisions.recommendation.small_index import NOW, ids, trail_of


def test_what_is_shown_in_vain_fades_until_it_is_touched(index: ProductIndex) -> None:
    query = ProductQuery(customer_id="c01", limit=9)
    first = ids(recommend(index, query))[0]
    shown = [(first, "impression", 3)] * 10
    faded = recommend(index, query, visit(index, query, trail_of(shown)))
    assert ids(faded).index(first) > 0
    clicked = visit(index, query, trail_of([*shown, (first, "view", 1)]))
    assert not clicked.unmoved


def test_hides_follow_a_visitor_who_signs_in_and_back(
    small_shop: Runtime, index: ProductIndex
) -> None:
    records = small_shop.records.storefront
    small_shop.records.add_events(
        [
            {
                "event_id": f"live-{who}",
                "occurred_at": NOW,
                "kind": "hide",
                "product_id": product,
                "visitor_id": visitor,
                "customer_id": customer,
            }
            for who, product, visitor, customer in (
                ("v", "toy", "v-live", None),
                ("c", "tea", None, "c-live"),
            )
        ]
    )
    customer, visitor = ProductQuery(customer_id="c-live"), ProductQuery(visitor_id="v-live")
    assert read_visit(index, customer, records).hidden == {"tea"}
    assert records.link("v-live", "c-live")
    assert not records.link("v-live", "c-live")
    for query in (customer, visitor):
        assert read_visit(index, query, records).hidden == {"tea", "toy"}


def test_trails_of_one_person_are_one_newest_first() -> None:
    early, late = (Event(p, "view", NOW - timedelta(days=d)) for p, d in (("tea", 2), ("toy", 1)))
    hide, unhide = (Event("a", kind, early.occurred_at) for kind in ("hide", "unhide"))
    both = merged_trail([Trail((early,), (), (hide,)), Trail((late, early), ())])
    assert both.touches == (late, early)
    assert both.hides == (hide,)
    assert merged_trail([Trail(hides=(hide,)), Trail(hides=(unhide,))]).hides == (unhide,)


def test_what_one_name_hid_another_name_of_the_person_shows_again(
    small_shop: Runtime, index: ProductIndex
) -> None:
    """Hidden as a visitor, over HTTP or in the lake, and taken back after signing in."""
    records = small_shop.records.storefront
    hid = NOW - timedelta(hours=2)
    rows = (
        ("1", NOW - timedelta(hours=2), "hide", "toy", "v-two", None),
        ("2", NOW - timedelta(hours=1), "unhide", "toy", None, "c-two"),
        ("3", NOW - timedelta(hours=1), "unhide", "tea", None, "c-two"),
        ("4", NOW - timedelta(hours=3), "unhide", "bowl", None, "c-two"),
    )
    names = ("event_id", "occurred_at", "kind", "product_id", "visitor_id", "customer_id")
    small_shop.records.add_events(
        [dict(zip(names, (f"two-{row[0]}", *row[1:]), strict=True)) for row in rows]
    )
    records.link("v-two", "c-two")
    known = replace(index, hides={"visitor:v-two": {"tea": hid, "bowl": hid}})
    for query in (ProductQuery(customer_id="c-two"), ProductQuery(visitor_id="v-two")):
        seen = read_visit(known, query, records)
        assert seen.hidden == {"bowl"}
        session = (SessionTouch("bowl", "unhide"), SessionTouch("milk", "hide"))
        assert "bowl" in ids(recommend(known, replace(query, session=session, limit=50), seen))
        assert "milk" not in ids(recommend(known, replace(query, session=session, limit=50), seen))


def test_purchases_are_no_looks_and_sessions_end(index: ProductIndex) -> None:
    query = ProductQuery(visitor_id="v")
    trail = Trail(
        touches=(
            Event("tea", "purchase", NOW),
            Event("toy", "view", NOW - timedelta(hours=1)),
            Event("bowl", "view", NOW - timedelta(days=3)),
        )
    )
    seen = visit(index, query, trail, PersonLinks(("c",), ("v",), "visitor:v"))
    assert [touch.product_id for touch in seen.touched] == ["toy"]
    assert seen.names == ("c", "visitor:v")
    assert isinstance(seen, Visit)
