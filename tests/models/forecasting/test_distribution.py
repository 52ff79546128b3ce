"""Errors as a distribution."""

import numpy as np
import pytest

from models.forecasting import LEVELS
from models.forecasting.distribution import Errors, calibrated


def test_calibration_gives_back_the_quantiles_it_was_shown() -> None:
    """Errors of a standard normal around 10 ± 2: the 90 % quantile is 10 + 2 × 1.28."""
    random = np.random.default_rng(2)
    count = 20_000
    errors = Errors(
        group=np.zeros(count, dtype=np.int64),
        step=np.ones(count, dtype=np.int64),
        fold=np.zeros(count, dtype=np.int64),
        mean=np.full(count, 10.0),
        spread=np.full(count, 2.0),
        actual=10 + 2 * random.standard_normal(count),
    )
    place = LEVELS.index(0.9)
    one = np.array([0])
    found = calibrated(errors).quantiles(one, one + 1, np.array([10.0]), np.array([2.0]))
    assert found[0, place] == pytest.approx(10 + 2 * 1.2816, abs=0.1)
