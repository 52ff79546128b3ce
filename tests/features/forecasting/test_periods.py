"""The frequency of a shop and its periods."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from features.forecasting import choose, demand
from tests.features.forecasting.small_tables import MONDAY, order, quantities, tables


@pytest.mark.parametrize(
    ("days", "expected"),
    [(range(200), "day"), (range(0, 400, 7), "week"), (range(0, 300, 30), "month")],
)
def test_the_frequency_is_found_in_the_dates(days: range, expected: str) -> None:
    when = pd.Series([pd.Timestamp(MONDAY) + pd.Timedelta(days=day) for day in days])
    assert choose(when, pd.Series(["one"] * len(when))) == expected


def test_sparse_daily_sales_are_forecast_by_week() -> None:
    when = pd.Series([pd.Timestamp(MONDAY) + pd.Timedelta(days=day) for day in range(300)])
    assert choose(when, pd.Series([str(day % 20) for day in range(300)])) == "week"


def test_months_have_their_own_lengths() -> None:
    ends = datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)
    orders = [order(n, when) for n, when in enumerate(ends)]
    filler = order(3, datetime(2024, 1, 1, tzinfo=UTC))
    frame = demand(tables(orders=[filler, *orders]), datetime(2024, 3, 1, tzinfo=UTC), "month")
    assert quantities(frame) == [2.0, 1.0]
    assert list(frame["period_start"]) == ["2024-01-01", "2024-02-01"]
