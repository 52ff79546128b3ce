"""Segments: the rules as they are told, and no hopping to and fro."""

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.lake import open_lake
from decisions.batch import keep_answers
from decisions.customers.segments import (
    SEGMENT_NAMES,
    assign_segments,
    described_rules,
    usual_gap,
)
from features.store import Store
from tests.decisions.customers.shop import trained_shop
from training.run import train_use_cases

POLICY = {"champion_margin": 100.0, "reseller_units": 20.0, "usual_gap_days": 30.0}


def customer(**given: float) -> pd.DataFrame:
    plain = {
        "repeat_orders": 5.0,
        "mean_gap_days": 30.0,
        "recency_days": 10.0,
        "units_an_order": 2.0,
        "return_share": 0.0,
        "discount_share": 0.0,
        "discounted_order_share": 0.0,
    }
    return pd.DataFrame([plain | given])


def segment(
    margin: float = 10.0, former: str | None = None, chance: float = 0.3, **given: float
) -> str:
    year = pd.DataFrame({"expected_margin": [margin], "order_probability": [chance]})
    found = assign_segments(customer(**given), year, np.array([former], dtype=object), POLICY)
    return str(found[0])


@pytest.mark.parametrize(
    ("expected", "margin", "given"),
    [
        ("regular", 10, {}),
        ("new", 10, {"repeat_orders": 0.0, "mean_gap_days": np.nan}),
        ("champion", 150, {}),
        ("at_risk", 150, {"recency_days": 80.0}),
        ("lost", 150, {"recency_days": 200.0}),
        ("returner", 150, {"return_share": 0.6}),
        ("reseller", 150, {"units_an_order": 30.0, "return_share": 0.6}),
        ("bargain_hunter", 10, {"discount_share": 0.3, "discounted_order_share": 1.0}),
    ],
)
def test_each_rule(expected: str, margin: float, given: dict[str, float]) -> None:
    assert segment(margin, **given) == expected


def test_who_is_in_stays_until_well_below_the_threshold() -> None:
    assert segment(95) == "regular"
    assert segment(95, former="champion") == "champion"
    assert segment(80, former="champion") == "regular"
    assert segment(recency_days=70.0) == "regular"
    assert segment(recency_days=70.0, former="at_risk") == "at_risk"


def test_nobody_is_lost_who_will_likely_order() -> None:
    """Who orders every other day is silent for five gaps after ten days."""
    daily = {"mean_gap_days": 2.0, "recency_days": 15.0, "repeat_orders": 200.0}
    assert segment(**daily) == "lost"
    assert segment(chance=0.9, **daily) == "at_risk"


def test_a_gap_of_few_orders_is_drawn_to_the_shop() -> None:
    both = pd.concat(
        [
            customer(repeat_orders=0.0, mean_gap_days=np.nan),
            customer(repeat_orders=200.0, mean_gap_days=7.0),
        ]
    )
    assert usual_gap(both, POLICY) == pytest.approx([30.0, 7.2], abs=0.1)


def test_rules_are_told_with_the_shops_thresholds() -> None:
    rules = {rule["segment"]: rule["thresholds"] for rule in described_rules(POLICY)}
    assert tuple(rules) == SEGMENT_NAMES
    assert rules["champion"] == {"expected_margin_365d": 100.0, "orders": 3.0}


@pytest.mark.slow
def test_segments_of_two_weekly_trainings_agree(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(trained_shop().home, home)
    settings = trained_shop().model_copy(update={"home": home})
    last = open_lake(settings).clock()
    assert last is not None
    found = []
    for moment in (last - timedelta(days=7), last):
        train_use_cases(settings, ("customers",), moment, {"rounds": "5"}, silent)
        keep_answers(settings, ("customers",), moment, silent)
        kept = Store(settings, open_lake(settings)).latest("customer_value", moment)
        found.append(kept.set_index("customer_id")["customer_segment"])
    before, after = found
    orders = open_lake(settings).read("orders", columns=["customer_id", "ordered_at"])
    fresh = orders.loc[orders["ordered_at"] > last - timedelta(days=7), "customer_id"]
    quiet = before.index.difference(fresh.unique()).intersection(after.index)
    assert len(quiet) > 100
    assert (before[quiet] == after[quiet]).mean() >= 0.9


def silent(text: str, share: float | None) -> None:
    """Tells nobody."""
    del text, share
