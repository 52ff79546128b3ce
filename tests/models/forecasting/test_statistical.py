"""Statistical methods for hard series."""

import numpy as np
import pytest

from models.forecasting import Baseline, Forecaster
from tests.models.forecasting.series import SMALL, frame, sane

HARD = {
    "one observation": {"p": [3.0]},
    "all zeros": {"p": [0.0] * 30},
    "a gap of a year": {"p": [4.0] * 30 + [np.nan] * 52 + [5.0] * 30},
    "nothing but gaps at the end": {"p": [4.0] * 20 + [np.nan] * 20, "q": [1.0] * 40},
    "two series, one new": {"p": [2.0] * 40, "q": [np.nan] * 39 + [1.0]},
    "one huge order": {"p": [1.0] * 25 + [1e6] + [1.0] * 25},
    "tiny numbers": {"p": [1e-6] * 30},
    "a negative correction": {"p": [4.0] * 20 + [-30.0] + [4.0] * 20, "q": [-1.0] * 41},
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("make", [lambda: Forecaster(**SMALL), lambda: Baseline("seasonal_naive")])
def test_hard_series_get_a_plain_answer(name: str, make) -> None:
    history = frame(HARD[name])
    answer = make().fit(history).predict(history)
    assert len(answer) >= 4
    sane(answer)
