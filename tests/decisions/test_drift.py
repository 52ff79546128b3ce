import numpy as np
import pytest

from decisions.drift import population_stability, stability_index

DRAW = np.random.default_rng(1)


def test_the_same_distribution_has_not_moved() -> None:
    assert population_stability(DRAW.normal(size=5000), DRAW.normal(size=5000)) < 0.02


def test_a_shift_and_new_gaps_are_seen() -> None:
    values = DRAW.normal(size=5000)
    assert population_stability(values, values + 1.0) > 0.25
    assert population_stability(values, np.where(DRAW.random(5000) < 0.4, np.nan, values)) > 0.25


def test_by_hand() -> None:
    """Two bins, shares ½ ½ and ¼ ¾: ¼ ln 1.5 + ¼ ln 2."""
    old, new = np.array([0.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])
    by_hand = -0.25 * np.log(0.25 / 0.5) + 0.25 * np.log(0.75 / 0.5)
    assert population_stability(old, new, bins=2) == pytest.approx(by_hand)


def test_scores_that_move_are_noticed() -> None:
    draw = np.random.default_rng(0)
    cuts = np.quantile(draw.random(5_000), np.linspace(0.1, 0.9, 9)).tolist()
    assert stability_index(cuts, draw.random(5_000)) < 0.02
    assert stability_index(cuts, draw.random(5_000) ** 3) > 0.25
