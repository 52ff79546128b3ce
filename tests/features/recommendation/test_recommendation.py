"""Interactions from tiny tables with obvious answers."""

from datetime import UTC, datetime

import pandas as pd

from data.tables import TABLES
from data.views import Terms
from features.recommendation import (
    INTERACTIONS_VIEW,
    VIEWS,
    as_interactions,
    hidden,
    interactions,
)
from features.recommendation.interactions import build_interactions
from tests.features.recommendation.small_tables import NO_ORDERS, events, orders

NOW = datetime(2024, 3, 15, 12, tzinfo=UTC)  # a Friday


NO_RATES = pd.DataFrame({"rate_date": pd.to_datetime([], utc=True), "currency": [], "rate": []})


PRODUCTS = pd.DataFrame(
    {
        "product_id": ["tea", "milk", "pan"],
        "category": ["food/drink", "food/dairy", "kitchen"],
        "brand": ["a", None, "b"],
    },
    dtype=object,
)


def test_what_was_hidden() -> None:
    seen = events(
        ("hide", "tea", "v1", None, "2024-01-01"),
        ("hide", "tea", "v1", None, "2024-01-02"),
        ("view", "milk", "v1", None, "2024-01-02"),
    )
    assert hidden(seen).to_numpy().tolist() == [
        ["visitor:v1", "tea", pd.Timestamp("2024-01-02", tz="UTC")]
    ]


def test_what_is_shown_again_on_request_is_hidden_no_more() -> None:
    seen = events(
        ("hide", "tea", "v1", None, "2024-01-01"),
        ("unhide", "tea", "v1", None, "2024-01-02"),
        ("hide", "milk", "v1", None, "2024-01-03"),
    )
    assert hidden(seen)["product_id"].tolist() == ["milk"]


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
