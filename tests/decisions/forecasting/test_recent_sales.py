"""Without a model the last periods are carried on."""

import numpy as np
import pandas as pd
import pytest

from decisions.forecasting.recent_sales import LAST_PERIODS, carry_on
from models.forecasting import LEVELS


def demand(*quantity: float) -> pd.DataFrame:
    return pd.DataFrame({"quantity": quantity, "frequency": "week"})


def test_the_mean_of_the_last_periods_goes_on_and_sums_add_up() -> None:
    found = carry_on(demand(100.0, *[2.0, 4.0] * (LAST_PERIODS // 2)))
    assert found is not None
    mean, quantiles, window_mean, window_quantiles = found
    assert set(mean) == {3.0}
    assert window_mean.tolist() == [3.0 * step for step in range(1, 14)]
    assert quantiles.shape == window_quantiles.shape == (13, len(LEVELS))
    middle = LEVELS.index(0.5)
    assert abs(window_quantiles[12, middle] - 39.0) <= 2.0
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (window_quantiles[0] == quantiles[0]).all()


def test_it_reaches_as_far_as_is_asked() -> None:
    found = carry_on(demand(2.0, 4.0), 70)
    assert found is not None
    mean, quantiles, window_mean, _ = found
    assert (len(mean), quantiles.shape, window_mean[-1]) == (70, (70, len(LEVELS)), 210.0)


def test_few_periods_leave_much_open() -> None:
    one, many = carry_on(demand(4.0)), carry_on(demand(*[4.0] * LAST_PERIODS))
    assert one is not None
    assert many is not None
    assert one[3][12, -1] > many[3][12, -1]
    quiet = carry_on(demand(0.0, 0.0, 0.0))
    assert quiet is not None
    assert quiet[0].max() == 0.0
    assert quiet[3][12, -1] > 0.0


def test_an_empty_shelf_tells_nothing() -> None:
    found = carry_on(demand(np.nan, 5.0, np.nan))
    assert found is not None
    assert found[0][0] == 5.0
    assert carry_on(demand(np.nan)) is None
    assert carry_on(demand()) is None


def test_a_pair_that_is_succeeded_runs_out() -> None:
    whole, found = carry_on(demand(4.0, 4.0)), carry_on(demand(4.0, 4.0), 3, np.array([1, 0.5, 0]))
    assert whole is not None
    assert found is not None
    assert found[0].tolist() == [4, 2, 0]
    assert found[2].tolist() == [4, 6, 6]
    assert found[1][2].max() == 0
    assert found[3][0] == pytest.approx(whole[3][0])
