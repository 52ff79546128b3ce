import numpy as np
import pandas as pd
import pytest

from models.base import TooLittleDataError
from models.fraud import StagedFraudModel


def payments(frauds: int, rows: int = 1_500) -> pd.DataFrame:
    """Frauds come in one channel, which no scorecard knows."""
    draw = np.random.default_rng(3)
    fraud = np.zeros(rows)
    fraud[np.linspace(10, rows - 10, frauds).astype(int)] = 1.0
    odd = (fraud > 0) | (draw.random(rows) < 0.03)
    return pd.DataFrame(
        {
            "amount_base": draw.gamma(2.0, 30.0, rows),
            "account_age_days": draw.gamma(2.0, 90.0, rows),
            "x_score": np.where(odd, 5.0, 0.0) + draw.normal(0, 0.5, rows),
            "attempted_at": pd.Timestamp("2025-01-01", tz="UTC")
            + pd.to_timedelta(np.arange(rows), unit="h"),
            "is_fraud": fraud,
        }
    )


@pytest.mark.parametrize(("frauds", "steps"), [(0, {"scorecard"}), (12, {"logistic"})])
def test_a_step_serves_once_its_labels_are_there(frauds: int, steps: set[str]) -> None:
    frame = payments(frauds)
    model = StagedFraudModel().fit(frame)
    assert model.chosen.step in steps
    assert f"{frauds} " in model.chosen.why
    said = model.predict(frame)["probability"]
    assert said.between(0, 1).all()
    facts = frame.iloc[5].to_dict()
    assert model.probabilities(model.row(facts))[0] == pytest.approx(said.iloc[5], abs=1e-6)


def test_unknown_labels_are_no_honest_payments() -> None:
    frame = payments(12)
    frame.loc[frame["is_fraud"] == 0, "is_fraud"] = np.nan
    assert StagedFraudModel().fit(frame).chosen.step == "scorecard"


def test_many_labels_bring_trees() -> None:
    model = StagedFraudModel(rounds=40, patience=10, learning_rate=0.2, min_leaf=5)
    frame = payments(120, rows=2_400)
    model.fit(frame)
    assert model.chosen.step in {"logistic", "blend", "trees"}
    facts = frame[frame["is_fraud"] == 1].iloc[0].to_dict()
    reasons = model.reasons(model.row(facts), facts)
    assert any(reason.code == "X_SCORE" for reason in reasons)


def test_no_payment_at_all_is_told() -> None:
    with pytest.raises(TooLittleDataError, match="ingest payments"):
        StagedFraudModel().fit(payments(0).head(0))
