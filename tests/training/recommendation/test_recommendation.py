"""The recipe of recommendation."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from data.lake import Lake
from data.settings import Settings
from features.recommendation import INTERACTIONS
from features.store import Store
from models.recommendation import Recommender
from tests.training.recommendation.purchases import START, purchases
from training.job import Context, gate
from training.recommendation import BASELINES, RECIPE, check, lost_to, sample, score, split


def context(**overrides: str) -> Context:
    settings = SimpleNamespace(seed=7)
    return cast(Context, SimpleNamespace(settings=settings, overrides=overrides))


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
