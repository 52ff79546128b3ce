"""Metrics on data whose answer is obvious; the doctests hold the small numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from training import metrics


def test_a_perfect_list_has_recall_and_ndcg_of_one() -> None:
    hits = [[1, 1], [1, 0]]
    assert metrics.recall_at_k(hits, [2, 1]) == 1.0
    assert metrics.ndcg_at_k(hits, [2, 1]) == pytest.approx(1.0)
    assert metrics.average_precision_at_k(hits, [2, 1]) == pytest.approx(1.0)


def test_ndcg_prefers_the_hit_that_stands_higher() -> None:
    assert metrics.ndcg_at_k([[1, 0]], [1]) > metrics.ndcg_at_k([[0, 1]], [1])


@given(st.floats(0.05, 0.95), st.lists(st.floats(0, 100), min_size=5, max_size=50))
def test_pinball_is_least_at_the_quantile(level: float, values: list[float]) -> None:
    actual = np.array(values)
    best = np.quantile(actual, level, method="inverted_cdf")
    at_best = metrics.pinball(actual, np.full((len(actual), 1), best), [level])
    for other in (best - 1.0, best + 1.0):
        beside = metrics.pinball(actual, np.full((len(actual), 1), other), [level])
        assert at_best <= beside + 1e-9


def test_calibration_error_is_the_gap_between_said_and_seen() -> None:
    actual = [0, 1] * 50
    assert metrics.expected_calibration_error(actual, [0.5] * 100, bins=1) == 0.0
    assert metrics.expected_calibration_error(actual, [0.9] * 100, bins=1) == pytest.approx(0.4)


def test_card_precision_counts_cards_not_payments() -> None:
    frame = pd.DataFrame(
        {
            "day": [1, 1, 1, 1],
            "card": ["a", "a", "b", "c"],
            "score": [0.9, 0.1, 0.8, 0.2],
            "fraud": [1, 0, 0, 1],
        }
    )
    assert metrics.card_precision_at_k(frame, k=1) == 1.0
    assert metrics.card_precision_at_k(frame, k=2) == 0.5


def test_the_bootstrap_interval_holds_the_mean() -> None:
    values = np.random.default_rng(1).normal(2.0, 1.0, 400)
    low, high = metrics.bootstrap_interval(values)
    assert low < values.mean() < high
    assert high - low < 0.5


@pytest.mark.parametrize("mean", [0.05, 0.7, 3.0, 40.0])
def test_a_right_forecast_of_counts_covers_its_share_where_plain_coverage_does_not(
    mean: float,
) -> None:
    draw = np.random.default_rng(4)
    levels = np.linspace(0.01, 0.99, 99)
    counts = np.arange(0, 100)
    upto = poisson.cdf(counts, mean)
    # What a forecast of counts says when it is read as straight lines from half to half.
    right = np.interp(levels, np.concatenate([[0.0], upto]), np.concatenate([[-0.5], counts + 0.5]))
    actual = draw.poisson(mean, 20_000)
    said = np.tile(right, (len(actual), 1))
    assert metrics.coverage_of_counts(actual, said, levels) == pytest.approx(0.8, abs=0.01)
    narrow = np.median(right) + 0.5 * (said - np.median(right))
    if mean > 0.1:  # below, both say little but 0
        assert metrics.coverage_of_counts(actual, narrow, levels) < 0.76
    if mean < 1:
        plain = metrics.coverage(actual, said[:, 9], said[:, 89])
        assert abs(plain - 0.8) > 0.03
