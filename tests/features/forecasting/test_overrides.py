"""Overrides put on forecasts."""

from datetime import date, timedelta

import pytest

from features.forecasting import (
    Override,
    layered,
)
from tests.features.forecasting.forecast_rows import NOW, forecast, override


def test_a_factor_scales_its_periods_and_the_sums_after_them() -> None:
    row = layered(forecast(), [override()], NOW).iloc[0]
    assert list(row["mean"]) == [4, 8, 4]
    assert list(row["window_mean"]) == [4, 12, 16]
    assert list(row["quantiles"].reshape(3, 3)[1]) == [4, 8, 16]
    assert list(row["window_quantiles"].reshape(3, 3)[2]) == [8, 16, 32]
    assert row["overrides"] == "a"


def test_a_quantity_takes_the_place_of_the_mean_even_of_none() -> None:
    fixed = override(quantity=6.0, factor=None)
    assert list(layered(forecast(), [fixed], NOW).iloc[0]["mean"]) == [4, 6, 4]
    row = layered(forecast(mean=(0.0, 0.0, 0.0)), [fixed], NOW).iloc[0]
    assert list(row["quantiles"].reshape(3, 3)[1]) == [6, 6, 6]
    assert list(row["window_mean"]) == [0, 6, 6]


def test_the_newer_override_is_put_on_the_older() -> None:
    older = override(override_id="b", quantity=10.0, factor=None)
    newer = override(created_at=NOW)
    row = layered(forecast(), [newer, older], NOW).iloc[0]
    assert list(row["mean"]) == [4, 20, 4]
    assert row["overrides"] == "b,a"


@pytest.mark.parametrize(
    "other",
    [
        override(expires_at=NOW),
        override(created_at=NOW + timedelta(seconds=1)),
        override(product_id="q"),
        override(first=date(2025, 1, 1), last=date(2025, 2, 1)),
    ],
)
def test_an_override_of_another_time_or_pair_changes_nothing(other: Override) -> None:
    row = layered(forecast(), [other], NOW).iloc[0]
    assert list(row["mean"]) == [4, 4, 4]
    assert row["overrides"] is None
