"""Interactions from tiny tables with obvious answers."""

from datetime import UTC, datetime

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data.tables import TABLES
from data.views import Terms
from features.recommendation import (
    INTERACTIONS,
    INTERACTIONS_VIEW,
    VIEWS,
    as_interactions,
    hidden,
    interactions,
    person,
)
from features.recommendation.interactions import build_interactions

NOW = datetime(2024, 3, 15, 12, tzinfo=UTC)  # a Friday


def orders(*rows: tuple[str, str, str, str], **more: object) -> pd.DataFrame:
    """(order, customer, product, ISO day) rows with defaults for the rest."""
    frame = pd.DataFrame(rows, columns=["order_id", "customer_id", "product_id", "day"])
    frame["ordered_at"] = pd.to_datetime(frame.pop("day"), utc=True, format="ISO8601")
    defaults = {
        "line_no": range(len(frame)),
        "warehouse_id": "w",
        "quantity": 1.0,
        "unit_price": 2.0,
        "currency": "EUR",
        "discount": 0.0,
        "market": "DE",
        "status": "placed",
        "promotion_id": None,
    }
    return frame.assign(**(defaults | more))


def events(*rows: tuple[str, str, str | None, str | None, str]) -> pd.DataFrame:
    """(kind, product, visitor, customer, ISO time) rows."""
    names = ["kind", "product_id", "visitor_id", "customer_id", "occurred_at"]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True, format="ISO8601")
    return frame.assign(event_id=[f"e{i}" for i in range(len(frame))], market="DE")


NO_ORDERS, NO_EVENTS = orders(), events()
NO_RATES = pd.DataFrame({"rate_date": pd.to_datetime([], utc=True), "currency": [], "rate": []})
PRODUCTS = pd.DataFrame(
    {
        "product_id": ["tea", "milk", "pan"],
        "category": ["food/drink", "food/dairy", "kitchen"],
        "brand": ["a", None, "b"],
    },
    dtype=object,
)


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


def test_what_was_hidden() -> None:
    seen = events(
        ("hide", "tea", "v1", None, "2024-01-01"),
        ("hide", "tea", "v1", None, "2024-01-02"),
        ("view", "milk", "v1", None, "2024-01-02"),
    )
    assert hidden(seen).to_numpy().tolist() == [["visitor:v1", "tea"]]


def test_what_is_shown_again_on_request_is_hidden_no_more() -> None:
    seen = events(
        ("hide", "tea", "v1", None, "2024-01-01"),
        ("unhide", "tea", "v1", None, "2024-01-02"),
        ("hide", "milk", "v1", None, "2024-01-03"),
    )
    assert hidden(seen)["product_id"].tolist() == ["milk"]


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
    assert hidden(seen, linked).to_numpy().tolist() == [["anna", "tea"]]


def test_the_view_is_read_back_as_it_was_built() -> None:
    lines = orders(("1", "anna", "tea", "2024-03-01"), ("1", "anna", "pan", "2024-03-01"))
    seen = events(("view", "milk", "v1", None, "2024-01-02"))
    tables = {"orders": lines, "events": seen, "products": PRODUCTS, "fx_rates": NO_RATES}
    built = build_interactions(tables, NOW, Terms())
    assert not built.duplicated(list(INTERACTIONS_VIEW.keys)).any()
    expected = interactions(lines, seen, products=PRODUCTS, fx_rates=NO_RATES)
    pd.testing.assert_frame_equal(as_interactions(built), expected, check_categorical=False)


def test_views_build_what_they_declare_also_from_nothing() -> None:
    empty = {
        name: pd.DataFrame({column: pd.Series(dtype=object) for column in TABLES[name].names})
        for name in ("products", "fx_rates", "events")
    }
    for frame in (NO_ORDERS, orders(("1", "anna", "tea", "2024-03-01"))):
        for view in VIEWS:
            assert view.build is not None
            built = view.build({**empty, "orders": frame}, NOW, Terms())
            assert set(built.columns) == {*view.keys, *view.features, "event_timestamp"}
            assert (built["event_timestamp"] <= pd.Timestamp(NOW)).all()
            assert not built.duplicated([*view.keys, "event_timestamp"]).any()
