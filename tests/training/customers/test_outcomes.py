"""Origins: nothing is learned from a horizon that is not over."""

import pandas as pd
import pytest

from training.customers.outcomes import horizons_for, origins
from training.customers.outcomes import test_horizon as judged_horizon

NOW = pd.Timestamp("2024-12-31", tz="UTC")


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (10, []),
        (60, [30]),
        (90, [30, 45]),
        (200, [30, 90]),
        (273, [30, 90, 136]),
        (800, [30, 90, 365]),
    ],
)
def test_a_horizon_leaves_as_long_a_past(history: float, expected: list[int]) -> None:
    assert horizons_for(history) == expected


@pytest.mark.parametrize("history", [60.0, 100.0, 273.0, 500.0, 1200.0])
def test_every_outcome_is_over_and_the_cut_is_there(history: float) -> None:
    cut = NOW - pd.Timedelta(days=judged_horizon(history))
    found = origins(NOW, history, cut)
    assert (cut, judged_horizon(history)) in found
    assert (NOW, 365) in found
    for origin, days in found:
        assert origin >= NOW - pd.Timedelta(days=history)
        if (origin, days) != (NOW, 365):
            assert origin + pd.Timedelta(days=days) <= NOW
