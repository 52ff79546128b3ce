"""Exposures and the events that bear their recommendation_id."""

import pandas as pd

from decisions.recommendation.experiment_outcomes import attributed, ordered, outcomes, shown

EXPOSURES = pd.DataFrame(
    {
        "recommendation_id": ["r1", "r2", "r3"],
        "arm": ["a", "a", "b"],
        "unit": ["ann", "ann", "bob"],
        "products": [["tea", "milk"], ["tea"], []],
    }
)
EVENTS = pd.DataFrame(
    [
        ("e1", "view", "milk", "r1"),
        ("e1", "view", "milk", "r1"),  # the same event, from the lake as well
        ("e2", "purchase", "tea", "r2"),
        ("e3", "purchase", "sugar", "r2"),  # was not in that answer
        ("e4", "cart", "tea", "r9"),  # no exposure
        ("e5", "impression", "tea", "r2"),
    ],
    columns=["event_id", "kind", "product_id", "recommendation_id"],
)


def test_each_product_shown_has_its_position() -> None:
    rows = shown(EXPOSURES)
    assert rows[["recommendation_id", "product_id", "position"]].to_numpy().tolist() == [
        ["r1", "tea", 1],
        ["r1", "milk", 2],
        ["r2", "tea", 1],
    ]


def test_an_event_is_credited_to_the_answer_that_showed_its_product() -> None:
    rows = attributed(EXPOSURES, EVENTS)
    assert rows[["event_id", "metric", "position"]].to_numpy().tolist() == [
        ["e1", "click", 2],
        ["e2", "purchase", 1],
    ]


def test_a_person_counts_once_in_an_arm() -> None:
    assert outcomes(EXPOSURES, EVENTS).to_numpy().tolist() == [
        ["a", "ann", True, False, True],
        ["b", "bob", False, False, False],
    ]


def test_orders_count_from_the_first_answer_on_and_less_what_came_back() -> None:
    exposures = pd.DataFrame(
        [("a", "ann", 2), ("a", "ann", 1), ("b", "visitor:v", 1), ("b", "eve", 1), ("b", "dan", 1)],
        columns=["arm", "unit", "day"],
    )
    exposures["exposed_at"] = pd.to_datetime(exposures.pop("day"), unit="D", utc=True)
    lines = pd.DataFrame(
        [
            ("ann", 0, 90.0, 9.0, None),  # before anything was shown
            ("ann", 1, 10.0, 4.0, None),
            ("ann", 3, 20.0, 8.0, 0.5),
            ("bob", 2, 30.0, None, None),  # the visitor; of unknown cost
            ("eve", 2, 40.0, 5.0, 1.0),  # cancelled
        ],
        columns=["customer_id", "day", "revenue", "margin", "undone_share"],
    )
    lines["ordered_at"] = pd.to_datetime(lines.pop("day"), unit="D", utc=True)
    customers = pd.DataFrame(
        [("ann", "ann"), ("visitor:v", "bob"), ("eve", "eve"), ("visitor:v", "visitor:v")],
        columns=["unit", "customer_id"],
    )

    found = ordered(exposures, lines, customers).set_index("unit")

    assert found["order"].to_dict() == {"ann": True, "visitor:v": True, "eve": False, "dan": False}
    assert found["revenue"].to_dict() == {"ann": 20, "visitor:v": 30, "eve": 0, "dan": 0}
    assert found["margin"].drop("visitor:v").to_dict() == {"ann": 8, "eve": 0, "dan": 0}
    assert pd.isna(found.loc["visitor:v", "margin"])
    nothing = ordered(exposures, lines[:0], customers)
    assert nothing["revenue"].tolist() == [0, 0, 0, 0]
    assert not nothing["order"].any()
