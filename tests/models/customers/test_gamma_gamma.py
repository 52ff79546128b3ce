"""Gamma–Gamma: drawn to the shop's mean where little is known."""

import numpy as np
import pandas as pd
import pytest

from models.base import TooLittleDataError
from models.customers.gamma_gamma import GammaGamma

PUBLISHED = {"p": 6.25, "q": 3.74, "gamma": 15.44}


def test_few_orders_are_drawn_to_the_mean_of_all() -> None:
    model = GammaGamma().restore(PUBLISHED)
    population = 6.25 * 15.44 / 2.74
    few, many, none = model.expected_revenue(
        np.array([1.0, 100.0, 0.0]), np.array([100, 100, np.nan])
    )
    assert none == pytest.approx(population)
    assert population < few < many < 100


def test_parameters_come_back_in_any_unit() -> None:
    rng = np.random.default_rng(2)
    nu = rng.gamma(4.0, 1 / 16.0, 3000)
    x = rng.integers(1, 9, 3000).astype(float)
    mean = rng.gamma(6.0 * x, 1 / (nu * x))
    small, large = (
        GammaGamma().fit(pd.DataFrame({"repeat_orders": x, "mean_repeat_revenue": mean * unit}))
        for unit in (1.0, 1000.0)
    )
    assert small.p == pytest.approx(6.0, rel=0.2)
    assert small.q == pytest.approx(4.0, rel=0.2)
    assert large.gamma == pytest.approx(1000 * small.gamma, rel=1e-3)


def test_money_of_nobody_is_no_data() -> None:
    frame = pd.DataFrame({"repeat_orders": [1.0] * 20, "mean_repeat_revenue": 0.0})
    with pytest.raises(TooLittleDataError, match="0 customers with money"):
        GammaGamma().fit(frame)
