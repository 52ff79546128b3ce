"""Default settings on generated look-alikes of retail data, against the seasonal naive forecast."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.forecasting import Baseline, Forecaster
from models.forecasting.calendars import calendars
from models.forecasting.panel import panel

YEARS = range(2010, 2013)
EASTER = {2010: date(2010, 4, 4), 2011: date(2011, 4, 24), 2012: date(2012, 4, 8)}
THANKS = {2010: date(2010, 11, 25), 2011: date(2011, 11, 24), 2012: date(2012, 11, 22)}


def frame(dates: pd.DatetimeIndex, series: dict[str, np.ndarray], **columns) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "warehouse_id": name.split("/")[0],
                "product_id": name.split("/")[1],
                "period_start": dates.strftime("%Y-%m-%d"),
                "quantity": values,
                **columns,
            }
        )
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def departments(weeks: int = 143) -> pd.DataFrame:
    """Weekly: a season, a trend, mark-downs, and peaks at Easter, Thanksgiving and Christmas."""
    random = np.random.default_rng(3)
    dates = pd.date_range("2010-02-01", periods=weeks, freq="7D")

    def week_of(days: dict[int, date]) -> np.ndarray:
        moments = pd.to_datetime(list(days.values()))
        return sum(
            ((dates <= one) & (one < dates + pd.Timedelta(days=7))).astype(float) for one in moments
        )

    feasts = np.stack(
        [week_of(EASTER), week_of(THANKS), week_of({year: date(year, 12, 23) for year in YEARS})]
    )
    angle = 2 * np.pi * dates.dayofyear.to_numpy() / 365.25
    series = {}
    for department in range(6):
        base, peaks = np.exp(random.normal(8, 1)), np.abs(random.normal(0.4, 0.2, 3))
        shape = 0.25 * np.sin(angle + random.uniform(0, 6)) + peaks @ feasts
        for store in range(4):
            noise = random.normal(0, 0.06, weeks) + np.cumsum(random.normal(0, 0.01, weeks))
            series[f"s{store}/d{department}"] = base * np.exp(shape + noise)
    return frame(dates, series, frequency="week", country="US")


def stores(days: int = 420) -> pd.DataFrame:
    """Daily: shut on Sundays, a promotion every other week, different weekdays."""
    random = np.random.default_rng(4)
    dates = pd.date_range("2013-01-01", periods=days, freq="D")
    weekday = dates.dayofweek.to_numpy()
    promotion = ((np.arange(days) // 7) % 2 == 0) & (weekday < 5)
    shape = np.array([1.2, 1.0, 0.95, 1.0, 1.1, 0.9, 0.0])[weekday]
    series = {
        f"s{store}/all": np.round(
            random.uniform(2000, 9000)
            * shape
            * np.exp(0.35 * promotion + random.normal(0, 0.1, days))
        )
        for store in range(8)
    }
    return frame(dates, series, frequency="day", country="DE", promotion=promotion * 1.0)


def parts(months: int = 51) -> pd.DataFrame:
    """Monthly spare parts: seven in ten months without any sale, no prices, no stock."""
    random = np.random.default_rng(5)
    dates = pd.date_range("1998-01-01", periods=months, freq="MS")
    series = {}
    for number in range(80):
        share, size = random.beta(1.3, 2.6), random.exponential(1.2)
        some = random.random(months) < share
        series[f"w/p{number}"] = np.where(some, random.poisson(size + 1, months) + 1, 0) * 1.0
    return frame(dates, series, frequency="month")


def error(whole: pd.DataFrame, model: Forecaster, horizon: int) -> float:
    """Root mean squared error, in units, of the last periods."""
    cut = sorted(whole["period_start"].unique())[-horizon:]
    steps = whole["period_start"].map({day: place + 1 for place, day in enumerate(cut)})
    known = whole.assign(horizon=steps, quantity=whole["quantity"].where(steps.isna()))
    answer = model.fit(known).predict(known)
    keys = ["warehouse_id", "product_id", "period_start"]
    beside = answer.merge(whole[[*keys, "quantity"]], on=keys)
    return float(np.sqrt(((beside["mean"] - beside["quantity"]) ** 2).mean()))


@pytest.mark.parametrize(
    ("make", "horizon"),
    [(departments, 8), (stores, 28), (parts, 6)],
    ids=["departments", "stores", "parts"],
)
def test_defaults_beat_the_seasonal_naive_forecast_by_a_tenth(make, horizon: int) -> None:
    whole = make()
    ours = error(whole, Forecaster(horizon=horizon, rows=15_000, trees=80), horizon)
    naive = error(whole, Baseline("seasonal_naive", horizon=horizon), horizon)
    assert ours < 0.9 * naive


def week_of(dates: pd.DatetimeIndex, day: date) -> int:
    return int(np.searchsorted(dates, pd.Timestamp(day), side="right")) - 1


def test_a_moving_holiday_looks_at_itself_a_year_before() -> None:
    """Easter 2012 was 50 weeks after that of 2011; a plain week looks 52 weeks back."""
    made = panel(departments(), horizon=0)
    _, (calendar,) = calendars(made)
    assert calendar.twin[week_of(made.dates, EASTER[2012])] == week_of(made.dates, EASTER[2011])
    assert calendar.twin[week_of(made.dates, THANKS[2011])] == week_of(made.dates, THANKS[2010])
    plain = week_of(made.dates, date(2012, 8, 15))
    assert calendar.twin[plain] == plain - 52
    assert calendar.easter[week_of(made.dates, EASTER[2012])] == 6
    assert not calendar.special[plain]


def test_an_unknown_country_has_the_shops_own_days() -> None:
    dates = pd.date_range("2023-01-02", periods=110, freq="7D")
    peaks = [week_of(dates, date(2023, 11, 24)), week_of(dates, date(2024, 11, 29))]
    demand = np.where(np.isin(np.arange(110), peaks), 3.0, 1.0)
    made = panel(frame(dates, {"w/p": demand}, frequency="week", country="??"), horizon=4)
    _, (calendar,) = calendars(made)
    assert list(calendar.named) == ["Black Friday"]
    assert list(np.flatnonzero(calendar.special)) == peaks
    assert (calendar.twin < np.arange(114)).all()
