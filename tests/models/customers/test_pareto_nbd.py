"""Pareto/NBD: sensible answers, no overflow, and close to what customers do."""

import warnings

import numpy as np
import pytest

from models.customers.pareto_nbd import ParetoNbd, _log_likelihood
from models.customers.purchase_process import PurchaseSummary
from tests.models.customers.rows import rows

CDNOW = {"r": 0.5533, "alpha": 10.578, "s": 0.6061, "beta": 11.67}


def test_silence_lowers_the_chance_to_be_alive() -> None:
    model = ParetoNbd().restore(CDNOW)
    history = PurchaseSummary(
        np.array([5.0, 5.0, 5.0]), np.array([30.0, 20.0, 5.0]), np.full(3, 30.0)
    )
    alive = model.alive(history)
    assert alive[0] == pytest.approx(1.0)
    assert alive[0] > alive[1] > alive[2] > 0


@pytest.mark.parametrize("change", [{}, {"alpha": 2.0, "beta": 30.0}, {"alpha": 30.0, "beta": 2.0}])
def test_thousands_of_orders_do_not_overflow(change: dict[str, float]) -> None:
    model = ParetoNbd().restore(CDNOW | change)
    history = PurchaseSummary(
        np.array([0.0, 4000.0]), np.array([0.0, 99.9]), np.array([0.0, 100.0])
    )
    expected = model.expected_orders(history, np.full(2, 52.0))
    assert np.isfinite(expected).all()
    assert (expected > 0).all()


def test_orders_a_week_of_a_fitted_shop_are_those_of_the_past() -> None:
    frame = rows(600)
    model = ParetoNbd().fit(frame)
    expected = model.expected_orders(PurchaseSummary.of(frame), np.full(len(frame), 90 / 7))
    assert expected.sum() == pytest.approx(frame["target_orders"].sum(), rel=0.2)
    assert np.isfinite(model.log_likelihood)


@pytest.mark.parametrize("seed", range(12))
def test_the_likelihood_of_a_small_shop_is_a_number_anywhere(seed: int) -> None:
    """The search passes corners in which the series does not end."""
    random = np.random.default_rng(seed)
    age = random.uniform(1, 60, 5)
    repeats = random.integers(0, [1, 2, 40, 3000][seed % 4], 5).astype(float)
    last = np.where(repeats > 0, random.uniform(0, 1, 5) * age, 0.0)
    history = PurchaseSummary(repeats, last, age)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(200):
            logs = random.uniform([-8, -8, -8, -8], [11.5, 6.4, 11.5, 6.4])
            assert np.isfinite(_log_likelihood(logs, history))
