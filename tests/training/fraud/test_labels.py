from datetime import timedelta

import numpy as np
import pandas as pd

from training.fraud.labels import missing_labels, with_labels

NOW = pd.Timestamp("2025-03-01", tz="UTC")


def paid(*ages: float, reported: bool) -> pd.DataFrame:
    at = NOW - pd.to_timedelta(np.array(ages), unit="D")
    told = pd.Series(at + pd.Timedelta(days=1) if reported else [pd.NaT] * len(ages))
    return pd.DataFrame(
        {"attempted_at": at, "reported_at": pd.to_datetime(told, utc=True), "declined": False}
    )


def test_young_chargebacks_are_told_with_what_to_set() -> None:
    found = with_labels(paid(*[5.0] * 217, reported=True), NOW, timedelta(days=30))
    assert found["is_fraud"].isna().all()
    said = missing_labels(found, 30)
    assert "217 payments reported as fraud are younger than 30 days" in said
    assert "ARGOSY_LABEL_MATURITY_DAYS" in said


def test_old_ones_are_learned_from_without_a_word() -> None:
    found = with_labels(paid(*[50.0] * 5, reported=True), NOW, timedelta(days=30))
    assert (found["is_fraud"] == 1).all()
    assert missing_labels(found, 30) == ""
