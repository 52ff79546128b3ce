"""Exposures and the events that bear their recommendation_id."""

import pandas as pd

from decisions.recommendation.experiment_outcomes import attributed, outcomes, shown

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
