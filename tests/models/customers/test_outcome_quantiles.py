"""Quantiles hold what they promise, and stand in plainly where there is no past."""

import numpy as np
import pytest

from models.customers.outcome_quantiles import OutcomeQuantiles


def test_intervals_hold_their_share_in_every_tenth() -> None:
    rng = np.random.default_rng(4)
    expected = rng.gamma(1.0, 20.0, 12_000)
    actual = expected * rng.gamma(2.0, 0.5, 12_000)
    half = 6000
    fitted = OutcomeQuantiles.fit(expected[:half], actual[:half])
    low, high = (fitted.predict(expected[half:], level) for level in (0.1, 0.9))
    inside = (actual[half:] >= low) & (actual[half:] <= high)
    order = np.argsort(expected[half:])
    shares = [inside[part].mean() for part in np.array_split(order, 10)]
    assert 0.74 < min(shares) <= max(shares) < 0.86


def test_quantiles_rise_with_their_level_and_come_back_from_json() -> None:
    rng = np.random.default_rng(4)
    expected = rng.gamma(1.0, 2.0, 500)
    fitted = OutcomeQuantiles.fit(expected, rng.poisson(expected).astype(float))
    again = OutcomeQuantiles.restore(fitted.numbers())
    levels = [again.predict(expected, level) for level in (0.1, 0.5, 0.9)]
    assert (levels[0] <= levels[1]).all()
    assert (levels[1] <= levels[2]).all()
    assert levels[2] == pytest.approx(fitted.predict(expected, 0.9))


def test_without_a_past_a_negative_binomial_stands_in() -> None:
    plain = OutcomeQuantiles.without_past()
    few, many = plain.predict(np.array([0.01, 5.0]), 0.9)
    assert few == 0.0
    assert 10 <= many <= 20
    assert plain.predict(np.array([50.0]), 0.5, unit=10.0)[0] % 10 == 0
