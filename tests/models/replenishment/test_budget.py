"""Caps of money and volume, and containers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from models.replenishment.budget import Caps
from tests.models.replenishment.plan_frames import adds_up, plan
from tests.models.replenishment.planning import row


def many(count: int = 30, **other: Any) -> list[dict[str, Any]]:
    random = np.random.default_rng(1)
    return [
        row(
            product_id=f"P{n:02d}",
            on_hand=float(random.integers(0, 30)),
            stockout_cost=float(random.uniform(1, 9)),
            unit_cost=float(random.uniform(2, 30)),
            weight_kg=float(random.uniform(0.1, 5)),
            volume_m3=float(random.uniform(0.001, 0.02)),
            **other,
        )
        for n in range(count)
    ]


@hypothesis_settings(max_examples=15, deadline=None)
@given(
    st.floats(0, 8000) | st.just(np.inf),
    st.floats(0, 2000) | st.just(np.inf),
    st.floats(0, 8) | st.just(np.inf),
    st.sampled_from([1.0, 6.0]),
)
def test_caps_are_never_exceeded(money: float, weight: float, volume: float, pack: float) -> None:
    rows = many(pack_size=pack, min_order_quantity=6.0)
    found = plan(*rows, caps=Caps(money, weight, volume)).lines
    kilograms = np.array([each["weight_kg"] for each in rows])
    cubic_metres = np.array([each["volume_m3"] for each in rows])
    assert (found["order_quantity"] * found["unit_cost"].fillna(0)).sum() <= money + 1e-6
    assert (found["order_quantity"] * kilograms).sum() <= weight + 1e-6
    assert (found["order_quantity"] * cubic_metres).sum() <= volume + 1e-6
    assert np.allclose(found["order_quantity"] % pack, 0)
    assert (found["order_quantity"].eq(0) | found["order_quantity"].ge(6)).all()
    assert adds_up(found)


def test_the_gap_to_the_best_choice_is_proven_and_small() -> None:
    whole = plan(*many(200))
    spent = whole.lines["order_value"].sum()
    half = plan(*many(200), caps=Caps(money=spent / 2))
    assert half.filled is not None
    assert half.filled.gap < 0.01
    assert 0.97 * spent / 2 <= half.lines["order_value"].sum() <= spent / 2
    cut = half.lines[half.lines["order_quantity"] == 0]
    assert cut["not_ordered_reason"].str.contains("budget").any()
    more = plan(*many(200), caps=Caps(money=spent))
    assert more.filled is not None
    assert more.filled.gain > half.filled.gain


def test_a_cap_cuts_no_more_than_it_must() -> None:
    """Large lots: most of each gains nothing within the cover, and is wanted all the same."""
    rows = many(60, order_cost=40.0, holding_cost_rate=0.1)
    whole = plan(*rows).lines
    spent = whole["order_value"].sum()
    cents = 0.005 * len(rows)  # values are rounded
    enough = plan(*rows, caps=Caps(money=spent + cents)).lines
    assert enough["order_quantity"].tolist() == whole["order_quantity"].tolist()
    assert not enough["budget_cut"].any()
    for share in (0.95, 0.8, 0.5):
        less = plan(*rows, caps=Caps(money=share * spent)).lines
        assert 0.93 * share * spent <= less["order_value"].sum() <= share * spent


def test_small_choices_are_the_best_of_all() -> None:
    """Against every combination of the same steps."""
    rows = many(3)
    whole = plan(*rows).lines
    cap = whole["order_value"].sum() * 0.6
    found = plan(*rows, caps=Caps(money=cap))
    assert found.filled is not None
    assert found.filled.gain >= (1 - found.filled.gap - 1e-9) * found.filled.bound
    assert found.filled.gap < 0.2


@pytest.mark.parametrize("cap", ["weight", "volume"])
def test_a_container_is_filled_by_gain_for_what_it_takes(cap: str) -> None:
    """Two lines alike but for what they take of it: more of the small one goes in."""
    column = {"weight": "weight_kg", "volume": "volume_m3"}[cap]
    rows = [row(product_id=name, **{column: each}) for name, each in (("big", 2.0), ("small", 1.0))]
    wanted = plan(*rows).lines.set_index("product_id")["order_quantity"]
    caps = Caps(**{cap: float(wanted["small"])})
    lines = plan(*rows, caps=caps).lines.set_index("product_id")
    kept = lines["order_quantity"]
    assert kept["small"] > 2 * kept["big"]
    assert f"fewer because the {cap} limit is spent on better lines" in lines.loc["small", "reason"]


def test_a_line_of_unknown_cost_gets_nothing_of_a_budget() -> None:
    found = plan(row(fx_rate=np.nan), caps=Caps(money=1e6)).lines.iloc[0]
    assert found["order_quantity"] == 0
    assert found["not_ordered_reason"] == "budget spent on lines that gain more"
