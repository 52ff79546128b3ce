"""The metrics of customer value on numbers whose answer is plain."""

import numpy as np
import pytest

from training.customers.judge import (
    by_decile,
    correlation,
    rank_correlation,
    top_decile_share,
)


def test_a_perfect_ranking_finds_the_best_tenth() -> None:
    value = np.array([10.0] + [1.0] * 9)
    assert top_decile_share(value, value) == pytest.approx(10 / 19)
    assert top_decile_share(-value, value) == pytest.approx(1 / 19)
    assert np.isnan(top_decile_share(value, np.zeros(10)))


def test_ranks_and_ties() -> None:
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([1.0, 100, 1000])) == pytest.approx(1)
    assert correlation(np.ones(3), np.arange(3.0)) == 0.0


def test_deciles_begin_with_the_highest() -> None:
    parts = by_decile(np.arange(20.0), np.arange(20.0))
    assert parts[0].tolist() == [19.0, 18.0]
    assert len(parts) == 10
