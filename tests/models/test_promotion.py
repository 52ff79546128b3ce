from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from data.views import fingerprint
from models.base import Release
from models.promotion import failed_checks

FRAME = pd.DataFrame({"x": [1.0]})


class Echo:
    """Answers what it was asked."""

    def fit(self, frame):
        return self

    def predict(self, frame):
        return frame

    def save(self, folder):
        pass

    @classmethod
    def load(cls, folder):
        return cls()


CHAMPION = Release(
    headline="average_precision",
    use_case="fraud",
    version="1",
    model=Echo(),
    features={"x": "float"},
    contract=fingerprint({"x": "float"}),
    cut_off=datetime(2026, 1, 1, tzinfo=UTC),
    metrics={
        "average_precision": 0.5,
        "average_precision_new_customers": 0.4,
        "calibration_error": 0.01,
        "people": 500.0,
    },
    policy={},
    sample=FRAME,
    expected=FRAME,
)


def with_metrics(**changes: float) -> Release:
    return replace(CHAMPION, version="2", metrics={**CHAMPION.metrics, **changes})


def test_an_equal_and_a_better_one_pass() -> None:
    assert failed_checks(CHAMPION, None) == []
    assert failed_checks(with_metrics(people=1.0), CHAMPION) == []
    assert failed_checks(with_metrics(average_precision=0.9, calibration_error=0.0), CHAMPION) == []
    assert failed_checks(with_metrics(average_precision=0.48), CHAMPION) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"average_precision": 0.4}, "metric: average_precision 0.4, the champion's 0.5"),
        (
            {"average_precision_new_customers": 0.3},
            "slice: average_precision_new_customers 0.3, the champion's 0.4",
        ),
        ({"calibration_error": 0.05}, "calibration: calibration_error 0.05, the champion's 0.01"),
    ],
)
def test_a_worse_one_is_told_what_is_worse(changes: dict[str, float], told: str) -> None:
    assert failed_checks(with_metrics(**changes), CHAMPION) == [told]


def test_a_lower_cost_is_better() -> None:
    former = replace(
        CHAMPION,
        use_case="replenishment",
        metrics={"cost_ratio": 0.5},
        headline="cost_ratio",
        better="lower",
    )
    assert failed_checks(replace(former, metrics={"cost_ratio": 0.4}), former) == []
    assert failed_checks(replace(former, metrics={"cost_ratio": 0.6}), former) != []


def test_another_type_of_a_feature_and_another_answer_are_refused() -> None:
    (skew,) = failed_checks(replace(CHAMPION, features={"x": "int"}), CHAMPION)
    assert skew == "skew: x was float, is int"
    (sample,) = failed_checks(replace(CHAMPION, expected=FRAME + 1), CHAMPION)
    assert sample.startswith("sample: fraud version 1 answers its sample differently")
