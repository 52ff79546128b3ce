"""What a query of forecasts may say."""

import pytest

from decisions.forecasting.batch import DECILES
from serving.http.errors import Problem
from serving.http.forecasting.query import horizon_of, levels_of


def test_levels_rise_and_are_told_once() -> None:
    assert levels_of([0.9, 0.1, 0.9]) == [0.1, 0.9]
    assert levels_of(None) == sorted(DECILES)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 0.001])
def test_a_level_that_cannot_be_had_is_refused(level: float) -> None:
    with pytest.raises(Problem) as refused:
        levels_of([0.5, level])
    assert refused.value.code == "invalid_quantile"


def test_a_horizon_reaches_as_far_as_is_known() -> None:
    assert horizon_of(None, 13) == 13
    assert horizon_of(13, 13) == 13
    with pytest.raises(Problem, match="horizon 14: the forecast reaches 13") as refused:
        horizon_of(14, 13)
    assert refused.value.code == "invalid_horizon"
