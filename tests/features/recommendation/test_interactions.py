"""Orders and events as interactions."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.recommendation import (
    INTERACTIONS,
    hidden,
    interactions,
    person,
)
from tests.features.recommendation.small_tables import NO_EVENTS, NO_ORDERS, events, orders


def test_cancelled_and_returned_lines_are_no_interactions() -> None:
    lines = orders(
        ("1", "anna", "tea", "2024-01-01"),
        ("2", "anna", "milk", "2024-01-02"),
        ("3", "anna", "pan", "2024-01-03"),
        status=["placed", "cancelled", "returned"],
    )
    assert interactions(lines, NO_EVENTS)["product_id"].tolist() == ["tea"]


def test_a_purchase_event_of_an_order_counts_once() -> None:
    lines = orders(("1", "anna", "tea", "2024-01-01T10:00:00Z"))
    seen = events(
        ("purchase", "tea", None, "anna", "2024-01-01T10:00:05Z"),
        ("purchase", "milk", None, "anna", "2024-01-01T10:00:05Z"),
    )
    found = interactions(lines, seen)
    assert found[["product_id", "kind"]].to_numpy().tolist() == [
        ["tea", "purchase"],
        ["milk", "purchase"],
    ]


def test_a_product_on_two_lines_of_a_day_stays_twice() -> None:
    lines = orders(
        ("1", "anna", "tea", "2024-01-01T10:00:00Z"), ("2", "anna", "tea", "2024-01-01T18:00:00Z")
    )
    assert len(interactions(lines, NO_EVENTS)) == 2


def test_visitors_have_a_key_of_their_own_and_kinds_their_weight() -> None:
    seen = events(
        ("view", "tea", "v1", None, "2024-01-01"),
        ("cart", "tea", "v1", "anna", "2024-01-02"),
        ("impression", "tea", "v1", None, "2024-01-03"),
    )
    found = interactions(NO_ORDERS, seen)
    assert tuple(found.columns) == INTERACTIONS
    assert found["customer_id"].tolist() == ["visitor:v1", "anna", "visitor:v1"]
    assert found["weight"].tolist() == [0.1, 0.3, 0.0]
    assert person("anna", "v1") == "anna"
    assert person(None, None) is None


@given(st.permutations(range(5)))
@settings(max_examples=20, deadline=None)
def test_interactions_do_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    lines = orders(*[(f"{i}", f"c{i % 2}", f"p{i}", f"2024-01-0{i + 1}") for i in range(5)])
    expected = interactions(lines, NO_EVENTS)
    pd.testing.assert_frame_equal(interactions(lines.iloc[order], NO_EVENTS), expected)


def test_a_visitor_who_signed_in_is_the_customer() -> None:
    seen = events(
        ("hide", "tea", "v1", None, "2024-01-01"),
        ("view", "pan", "v1", None, "2024-01-02"),
        ("view", "pan", "v2", None, "2024-01-02"),
    )
    linked = pd.DataFrame(
        {
            "visitor_id": ["v1", "v1"],
            "customer_id": ["ben", "anna"],
            "linked_at": pd.to_datetime(["2024-01-02", "2024-01-05"], utc=True),
        }
    )
    found = interactions(NO_ORDERS, seen, identities=linked)
    assert found["customer_id"].tolist() == ["anna", "anna", "visitor:v2"]
    found = hidden(seen, linked)
    assert found[["customer_id", "product_id"]].to_numpy().tolist() == [["anna", "tea"]]
