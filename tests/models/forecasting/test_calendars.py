"""Calendars: weeks that end a year, and holidays that count only where history shows them."""

import numpy as np
import pandas as pd
import pytest

from models.forecasting.calendars import calendars
from models.forecasting.panel import DemandPanel, panel
from models.forecasting.seasonal import phase_of_year, seasonal_level


def weekly(first: str, demand: np.ndarray, country: str = "DE") -> DemandPanel:
    dates = pd.date_range(first, periods=len(demand), freq="7D").strftime("%Y-%m-%d")
    frame = pd.DataFrame(
        {
            "warehouse_id": "w",
            "product_id": "p",
            "period_start": dates,
            "frequency": "week",
            "quantity": demand,
            "country": country,
        }
    )
    return panel(frame, horizon=4)


@pytest.mark.parametrize(("until", "dip"), [("2020-12-21", 0), ("2026-12-21", 0)])
def test_week_53_has_the_dip_of_the_new_year_and_week_1_has_none(until: str, dip: int) -> None:
    """The week of New Year's Day sells .4 of the usual; it is week 1 of most years, then 53."""
    dates = pd.date_range(end=pd.Timestamp(until) - pd.Timedelta(days=7), periods=208, freq="7D")
    year_end = [any((day + pd.Timedelta(days=n)).dayofyear == 1 for n in range(7)) for day in dates]
    noise = np.random.default_rng(2).normal(0, 1.5, len(dates))
    demand = np.where(year_end, 40.0, 100.0) + noise
    answer = seasonal_level(weekly(str(dates[0].date()), demand), 4)[0]
    assert answer[1 + dip] == pytest.approx(40, rel=0.1)
    assert answer[0] == pytest.approx(100, rel=0.1)
    assert answer[2] == pytest.approx(100, rel=0.1)


def test_a_holiday_that_changes_nothing_is_in_no_calendar() -> None:
    noise = np.random.default_rng(1).normal(0, 2, 156)
    _, (calendar,) = calendars(weekly("2021-01-04", 100 + noise))
    assert "Ascension" not in calendar.named
    plain = np.arange(52, 156)
    assert (calendar.twin[plain] == plain - 52).all()


def test_easter_counts_where_it_sells() -> None:
    dates = pd.date_range("2021-01-04", periods=156, freq="7D")
    easter = [pd.Timestamp(one) for one in ("2021-04-04", "2022-04-17", "2023-04-09")]
    peak = np.array(
        [any(day <= one < day + pd.Timedelta(days=7) for one in easter) for day in dates]
    )
    noise = np.random.default_rng(1).normal(0, 2, 156)
    made = weekly("2021-01-04", np.where(peak, 200.0, 100.0) + noise)
    _, (calendar,) = calendars(made)
    assert calendar.twin[np.flatnonzero(peak)[2]] == np.flatnonzero(peak)[1]


def test_weeks_are_of_the_year_of_their_thursday() -> None:
    dates = pd.DatetimeIndex(["2020-12-28", "2021-01-04", "2024-12-30"])
    assert list(phase_of_year(dates, "week")) == [51, 0, 0]
