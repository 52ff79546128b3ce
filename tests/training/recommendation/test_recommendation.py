"""The recipe: what it asks for, how it cuts, what it measures, and that the blend wins."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from data.lake import Lake
from data.settings import Settings
from features.recommendation import INTERACTIONS
from features.store import Store
from models.recommendation import Recommender
from training.job import Context, Split, gate
from training.recommendation import BASELINES, RECIPE, check, lost_to, sample, score, split
from training.recommendation.judge import compared, found, judge

START = pd.Timestamp("2024-01-01", tz="UTC")


def context(**overrides: str) -> Context:
    settings = SimpleNamespace(seed=7)
    return cast(Context, SimpleNamespace(settings=settings, overrides=overrides))


def purchases(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "product_id", "day"])
    order = frame["customer_id"] + "-" + np.floor(frame["day"]).astype(int).astype(str)
    frame = frame.assign(
        occurred_at=START + pd.to_timedelta(frame["day"], unit="D"),
        kind="purchase",
        quantity=1.0,
        weight=1.0,
        order_id=order,
        market="DE",
    )
    frame = frame.sort_values("occurred_at", kind="stable", ignore_index=True)
    return frame.reindex(columns=list(INTERACTIONS))


def changing_tastes(people: int = 60, weeks: int = 24, seed: int = 3) -> pd.DataFrame:
    """Everybody buys five products for half the time, then five others of the same taste.

    Frequency keeps showing the old ones; recency and taste do not.
    """
    random = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        range_ = np.arange(30) + 30 * (person % 3)
        old, new = random.permutation(range_)[:10].reshape(2, 5)
        for week in range(weeks):
            basket = random.choice(old if week < weeks * 0.6 else new, 3, replace=False)
            rows += [(f"c{person:02}", f"p{p:02}", week * 7 + random.uniform(0, 3)) for p in basket]
    return purchases(rows)


def test_too_little_data_is_told_at_once() -> None:
    missing = check(purchases([("anna", "tea", 0.0), ("ben", "tea", 1.0)]))
    text = " ".join(missing)
    assert "2 of at least 500" in text
    assert "Buying customers: 2 of at least 20" in text
    assert "Days of purchases: 1 of at least 28" in text
    assert check(purchases([])) != []
    assert check(changing_tastes(40, 20)) == []


def test_a_shortfall_that_chance_may_have_made_holds_nobody_back() -> None:
    """Five people judge: 7% less than the best baseline says nothing."""
    ours = {"ndcg_at_10": 0.66, "ndcg_uplift_low": -0.3, "ndcg_uplift_high": 0.08}
    popular = {"popular": {"ndcg_at_10": 0.71}}
    assert lost_to(ours, popular) == ""
    assert "popular (0.71)" in lost_to({**ours, "ndcg_uplift_high": -0.01}, popular)
    assert "popular (0.71)" in lost_to({"ndcg_at_10": 0.66}, popular)


@pytest.mark.parametrize(("days", "held_out"), [(200, 28), (40, 10)])
def test_the_last_four_weeks_are_held_out_or_a_quarter(days: int, held_out: int) -> None:
    frame = purchases([("anna", f"p{day}", float(day)) for day in range(days + 1)])
    halves = split(frame, context())
    assert halves.train["occurred_at"].max() <= halves.cut < halves.test["occurred_at"].min()
    assert len(halves.test) == held_out
    assert len(halves.train) + len(halves.test) == len(frame)


def test_views_are_learned_from_but_not_tested() -> None:
    frame = purchases([("anna", f"p{day}", float(day)) for day in range(200)])
    frame.loc[frame.index[-1], "kind"] = "view"
    test = split(frame, context()).test
    assert set(test["kind"]) == {"purchase"}
    assert test["product_id"].tolist() == [f"p{day}" for day in range(171, 199)]


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


@pytest.mark.slow
def test_the_blend_beats_every_baseline_when_tastes_change(tmp_path: Path) -> None:
    frame = changing_tastes()
    halves = split(frame, context())
    model = RECIPE.model(context(factors="16")).fit(halves.train)
    assert isinstance(model, Recommender)
    assert model.factors == 16
    ours = score(model, halves)
    theirs = {
        name: score(baseline.fit(halves.train), halves)
        for name, baseline in RECIPE.baselines(context()).items()
    }
    assert set(theirs) == set(BASELINES)
    assert gate("ndcg_at_10", "higher", ours, theirs) == ""
    RECIPE.plots(model, halves, tmp_path)
    made = sorted(path.name for path in tmp_path.glob("*.png"))
    assert made == ["by_depth.png", "by_segment.png", "coverage.png"]


def test_the_sample_has_buyers_and_somebody_unknown() -> None:
    rows = sample(purchases([(f"c{i}", "tea", float(i)) for i in range(9)]))
    assert rows["customer_id"].tolist() == ["c4", "c5", "c6", "c7", "c8", "somebody unknown"]


def test_the_frame_ends_at_the_time_asked(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append(
        "orders",
        pd.DataFrame(
            {
                "order_id": ["1", "2"],
                "line_no": [1, 1],
                "ordered_at": [START, START + pd.Timedelta(days=9)],
                "customer_id": "anna",
                "product_id": ["tea", "milk"],
                "warehouse_id": "w",
                "quantity": 1.0,
                "unit_price": 1.0,
                "currency": "EUR",
            }
        ),
    )
    store = Store(Settings(home=tmp_path, use_cases=("recommendation",)), lake)
    asked = SimpleNamespace(store=store, as_of=datetime(2024, 1, 5, tzinfo=UTC))
    frame = RECIPE.frame(cast(Context, asked))
    assert frame["product_id"].tolist() == ["tea"]
    assert tuple(frame.columns) == INTERACTIONS
