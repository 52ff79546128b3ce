"""The value of one customer."""

import pandas as pd
import pytest

from decisions.customers.profile import profile_customer
from decisions.runtime import Runtime


def test_the_same_answer_for_one_customer(runtime: Runtime, scored: pd.DataFrame) -> None:
    row = scored.iloc[3]
    profile = profile_customer(runtime, row["customer_id"], 90)
    assert profile.served_by == "model"
    assert not profile.degraded
    for name in ("expected_orders", "expected_margin", "alive_probability", "usual_gap_days"):
        assert profile.values[name] == pytest.approx(row[name], rel=1e-6, abs=0.005), name
    for name in ("segment", "credit_rating"):
        assert profile.values[name] == row[name]


def test_an_unknown_customer_is_a_cold_start(runtime: Runtime) -> None:
    profile = profile_customer(runtime, "nobody", 365)
    assert profile.served_by == "cold_start"
    assert profile.values["expected_margin"] > 0
    assert profile.values["alive_probability"] is None
    assert profile.reasons[0]["code"] == "COLD_START"
