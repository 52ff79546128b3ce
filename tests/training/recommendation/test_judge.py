"""Hits counted by person and rank."""

from typing import Any, cast

import pandas as pd
import pytest

from tests.training.recommendation.purchases import START, purchases
from training.job import Split
from training.recommendation import score
from training.recommendation.judge import compared, found, judge


def test_hits_are_counted_by_person_and_rank() -> None:
    shown = pd.DataFrame(
        [("anna", "tea", 1), ("anna", "milk", 2), ("ben", "toy", 1)],
        columns=["customer_id", "product_id", "rank"],
    )
    test = purchases(
        [("anna", "milk", 0), ("anna", "milk", 1), ("ben", "tea", 0), ("cleo", "x", 0)]
    )
    hits, wanted = found(shown, test, 2)
    assert hits.tolist() == [[0, 1], [0, 0], [0, 0]]
    assert wanted.tolist() == [1, 1, 1]


def test_segments_are_by_orders_before_and_new_products_by_their_first_sale() -> None:
    rows = [("anna", "tea", float(day)) for day in range(10)] + [("ben", "milk", 60.0)]
    test = purchases([("anna", "tea", 70.0), ("ben", "milk", 70.0), ("cleo", "tea", 70.0)])
    halves = Split(purchases(rows), test, START + pd.Timedelta(days=65))
    figures = judge(cast(Any, Shows(["tea"])), halves)
    assert figures["ndcg_at_10_heavy"] == 1.0
    assert figures["recall_at_10_light"] == 0.0
    assert figures["recall_at_10_new"] == 1.0
    assert figures["recall_at_10_new_products"] == 0.0
    assert judge(cast(Any, Shows(["milk"])), halves)["recall_at_10_new_products"] == 1.0
    assert "diversity" not in figures


def test_uplift_is_a_share_of_the_best_baseline_with_an_interval() -> None:
    people = [f"c{i}" for i in range(8)]
    test = purchases([(person, "tea", 40.0) for person in people])
    halves = Split(purchases([("anna", "tea", 0.0)]), test, START)
    nothing, half = Shows(["milk"]), Shows(["milk", "coffee", "tea"])
    figures = compared(cast(Any, Shows(["tea"])), cast(Any, [nothing, half]), halves)
    assert figures["recall_uplift"] == 0.0
    assert figures["ndcg_uplift"] == pytest.approx(1.0)
    assert figures["ndcg_uplift_low"] == pytest.approx(1.0)


class Shows:
    """Shows everybody the same products."""

    def __init__(self, products: list[str]) -> None:
        self.products = products

    def fit(self, frame: pd.DataFrame) -> "Shows":
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(
            [(c, p, i) for c in frame["customer_id"] for i, p in enumerate(self.products, 1)],
            columns=["customer_id", "product_id", "rank"],
        )


def test_metrics_of_something_obvious() -> None:
    train = purchases([("anna", "tea", 0), ("ben", "tea", 0), ("ben", "milk", 0)])
    test = purchases([("anna", "tea", 40), ("ben", "milk", 40)])
    halves = Split(train, test, START)
    figures = score(cast(Any, Shows(["tea"])), halves)
    assert figures["hit_rate_at_10"] == 0.5
    assert figures["recall_at_10"] == 0.5
    assert figures["ndcg_at_10"] == 0.5
    assert figures["coverage"] == 0.5
    assert figures["novelty"] == 0.0  # everybody bought tea: −log2(1)
    assert score(cast(Any, Shows(["milk"])), halves)["novelty"] == 1.0
