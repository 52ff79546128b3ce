import numpy as np
import pandas as pd
import pytest

from models.fraud import BoostedTrees
from models.fraud.unknowns import fill_unknown, usual_values

NAN = np.nan


def test_the_usual_value_stands_for_what_was_never_missing() -> None:
    matrix = np.array([[1, 0, 5], [3, 2, NAN], [9, 2, 7]], np.float32)
    usual = usual_values(matrix, categorical=[1])
    assert usual[:2].tolist() == [3.0, 2.0]
    assert np.isnan(usual[2])
    filled = fill_unknown(np.full((1, 3), NAN, np.float32), usual)
    assert filled[0, :2].tolist() == [3.0, 2.0]
    assert np.isnan(filled[0, 2])


def test_an_unknown_account_is_no_new_one() -> None:
    draw = np.random.default_rng(1)
    age = draw.uniform(0, 1_000, 3_000)
    frame = pd.DataFrame(
        {
            "account_age_days": age,
            "amount_base": draw.gamma(2, 30, 3_000),
            "is_fraud": ((age < 50) & (draw.random(3_000) < 0.9)).astype(int),
            "attempted_at": pd.date_range("2025-01-01", periods=3_000, freq="h", tz="UTC"),
        }
    )
    model = BoostedTrees(rounds=60, patience=10, min_leaf=10).fit(frame)
    asked = pd.DataFrame({"account_age_days": [0.0, NAN, 500.0], "amount_base": 50.0})
    new, unknown, old = model.predict(asked)["probability"]
    assert new > 0.5
    assert unknown == pytest.approx(old, abs=0.02)
    row = model.row({"account_age_days": None, "amount_base": 50.0})
    assert model.probabilities(row)[0] == pytest.approx(unknown, abs=1e-6)
