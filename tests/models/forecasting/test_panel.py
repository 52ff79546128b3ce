"""The panel of series."""

import pandas as pd
import pytest

from models.base import ModelError
from models.forecasting import Forecaster
from tests.models.forecasting.series import SMALL, frame, sane, shop


def test_a_negative_correction_counts_as_no_demand() -> None:
    """What was taken back beyond a period's sales was never demand below 0."""
    corrected = frame({"p": [4.0] * 20 + [-30.0] + [4.0] * 20})
    none = frame({"p": [4.0] * 20 + [0.0] + [4.0] * 20})
    answers = [Forecaster(**SMALL).fit(one).predict(one) for one in (corrected, none)]
    pd.testing.assert_frame_equal(*answers)


def test_days_over_a_clock_change_are_days_like_others() -> None:
    """31 March 2024 has 23 hours in Berlin; periods are UTC days."""
    days = [float(2 + day % 7) for day in range(100)]
    history = frame({"p": days}, frequency="day", country="DE")
    assert {"2024-03-30", "2024-03-31", "2024-04-01"} <= set(history["period_start"])
    answer = Forecaster(rows=500, trees=5, horizon=7).fit(history).predict(history)
    sane(answer)
    assert answer["period_start"].iloc[0] == "2024-04-10"
    assert len(answer["period_start"].unique()) == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.iloc[:0], "no rows"),
        (lambda one: pd.concat([one, one]), "Two rows of one"),
        (lambda one: one.assign(period_start=["2024-01-01"] * 9 + ["2024-03-05"]), "start of a"),
    ],
)
def test_faulty_frames_are_refused_with_the_reason(change, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Forecaster(**SMALL).fit(change(frame({"p": [1.0] * 10})))


def test_the_order_of_rows_does_not_matter(fitted: Forecaster) -> None:
    history = shop(20, 30)
    mixed = history.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(fitted.predict(mixed), fitted.predict(history))
