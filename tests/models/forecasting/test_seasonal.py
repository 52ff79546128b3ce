"""The pooled season: found from all series together, put on each one's own level."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from models.forecasting.panel import DemandPanel, panel
from models.forecasting.seasonal import seasonal_level

PROFILE = 1 + 0.8 * np.sin(2 * np.pi * np.arange(52) / 52)


def made(levels: list[float], weeks: int) -> DemandPanel:
    dates = pd.date_range("2022-01-03", periods=weeks, freq="7D").strftime("%Y-%m-%d")
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": "w",
                "product_id": f"p{place}",
                "period_start": dates,
                "frequency": "week",
                "quantity": level * PROFILE[np.arange(weeks) % 52],
            }
        )
        for place, level in enumerate(levels)
    ]
    return panel(pd.concat(parts, ignore_index=True), horizon=4)


def test_a_common_season_and_own_levels_come_back() -> None:
    answer = seasonal_level(made([2.0, 10.0, 30.0], 104), 4)
    expected = np.outer([2.0, 10.0, 30.0], PROFILE[:4])
    assert np.abs(answer / expected - 1).max() < 0.1


def test_less_than_a_year_has_no_season() -> None:
    answer = seasonal_level(made([5.0, 5.0], 30), 4)
    assert np.ptp(answer) < 1e-9


@given(st.lists(st.floats(0.0, 1e4), min_size=1, max_size=4), st.integers(1, 110))
@settings(max_examples=25, deadline=None)
def test_any_level_gives_finite_forecasts_not_below_zero(levels: list[float], weeks: int) -> None:
    answer = seasonal_level(made(levels, weeks), 4)
    assert np.isfinite(answer).all()
    assert (answer >= 0).all()
