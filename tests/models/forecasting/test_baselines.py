"""The baselines on series whose answer is plain."""

import numpy as np
import pytest

from models.forecasting import Baseline
from tests.models.forecasting.series import frame

SAW = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0] * 8


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("naive", [7.0] * 7),
        ("seasonal_naive", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]),
        ("moving_average", [4.0] * 7),
    ],
)
def test_each_carries_on_what_it_says(method: str, expected: list[float]) -> None:
    history = frame({"p": SAW}, frequency="day")
    answer = Baseline(method, horizon=7).fit(history).predict(history)
    assert answer["mean"].to_numpy() == pytest.approx(expected, rel=0.01)


def test_a_textbook_interval_of_what_never_errs_has_no_width() -> None:
    history = frame({"p": SAW}, frequency="day")
    model = Baseline("seasonal_naive", horizon=7, textbook=True).fit(history)
    answer = model.predict(history)
    assert np.allclose(answer["q90"], answer["mean"], atol=0.05)


def test_a_textbook_interval_widens_with_the_root_of_the_seasons() -> None:
    random = np.random.default_rng(3)
    history = frame({"p": (50 + random.standard_normal(400)).tolist()}, frequency="day")
    model = Baseline("naive", horizon=9, textbook=True).fit(history)
    answer = model.predict(history)
    width = (answer["q90"] - answer["q50"]).to_numpy()
    assert width[8] / width[0] == pytest.approx(3.0, rel=0.15)
