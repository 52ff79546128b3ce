"""The best of the eligible."""

import numpy as np

from models.recommendation.selection import select_best


def test_the_best_are_eligible_and_never_padded() -> None:
    score = np.array([3.0, np.finfo(np.float32).min, 1.0, 3.0])
    assert select_best(score, 3, np.array([True, False, True, False])).tolist() == [0, 2]
    assert select_best(score, 2).tolist() == [0, 3]
    assert select_best(score, 0).tolist() == []
