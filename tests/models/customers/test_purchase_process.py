"""What the purchase models read, and how their parameters are found."""

import numpy as np
import pandas as pd
import pytest

from models.base import TooLittleDataError
from models.customers.purchase_process import (
    PurchaseSummary,
    maximize_likelihood,
    require_repeat_buyers,
)


def test_odd_values_become_a_history_that_can_be() -> None:
    frame = pd.DataFrame(
        {"repeat_orders": [-1.0, np.nan], "active_days": [70.0, np.nan], "age_days": [35.0, np.nan]}
    )
    history = PurchaseSummary.of(frame)
    assert history.repeats.tolist() == [0, 0]
    assert history.last.tolist() == [5, 0]
    assert history.age.tolist() == [5, 0]


def test_the_best_of_several_starts_wins() -> None:
    found, best = maximize_likelihood(
        lambda logs: -float(((logs - np.log([2.0, 8.0])) ** 2).sum()) - 1.0, [(1, 1), (2, 7)]
    )
    assert found == pytest.approx([2.0, 8.0], rel=1e-3)
    assert best == pytest.approx(-1.0)


def test_one_customer_teaches_nothing() -> None:
    history = PurchaseSummary(np.array([3.0]), np.array([2.0]), np.array([4.0]))
    with pytest.raises(TooLittleDataError, match="1 customers"):
        require_repeat_buyers(history)


def test_a_sample_is_the_same_each_time() -> None:
    history = PurchaseSummary(*(np.arange(100.0) for _ in range(3)))
    assert history.sampled(10, 1).age.tolist() == history.sampled(10, 1).age.tolist()
    assert len(history.sampled(1000, 1).age) == 100
