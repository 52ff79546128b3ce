"""Quantiles from the errors of a back-test."""

import numpy as np

from models.forecasting.distribution import LEVELS, Errors, calibrated


def errors(actual: np.ndarray, *, mean: float, spread: float) -> Errors:
    """One class, one step ahead, the same forecast each time."""
    zeros = np.zeros(len(actual), dtype=np.int64)
    same = np.ones(len(actual))
    return Errors(zeros, zeros + 1, zeros, same * mean, same * spread, actual)


def one(distribution_errors: Errors, *, mean: float, spread: float) -> np.ndarray:
    place = np.zeros(1, dtype=np.int64)
    found = calibrated(distribution_errors).quantiles(
        place, place + 1, np.array([mean]), np.array([spread])
    )
    return found[0]


def test_errors_of_a_shop_that_sold_nothing_before_make_no_huge_quantiles() -> None:
    """All orders were cancelled but the last: a spread next to nothing, and then a sale of 1."""
    came = np.where(np.arange(400) % 4 == 0, 1.0, 0.0)
    told = one(errors(came, mean=0.001, spread=0.0016), mean=1.0, spread=1.0)
    assert told.max() <= 3.0
    assert (np.diff(told) >= 0).all()


def test_quantiles_of_usual_errors_are_those_seen() -> None:
    random = np.random.default_rng(3)
    came = 10.0 + 2.0 * random.standard_normal(4_000)
    told = one(errors(came, mean=10.0, spread=2.0), mean=20.0, spread=1.0)
    at = dict(zip(LEVELS, told, strict=True))
    assert abs(at[0.5] - 20.0) < 0.1
    assert abs(at[0.9] - 21.28) < 0.1
