"""Scores that move."""

import numpy as np

from models.fraud.drift import stability_index


def test_scores_that_move_are_noticed() -> None:
    draw = np.random.default_rng(0)
    usual = draw.random(5_000)
    cuts = np.quantile(usual, np.linspace(0.1, 0.9, 9)).tolist()
    assert stability_index(cuts, draw.random(5_000)) < 0.02
    assert stability_index(cuts, draw.random(5_000) ** 3) > 0.25
