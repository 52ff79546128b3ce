"""Sudden changes of a KPI: what is far from its weekday and level, and what is not."""

import numpy as np
import pandas as pd
import pytest

from decisions.kpis.catalogue import Kpi
from decisions.kpis.detect import HISTORY_DAYS, sudden_change

SALES = Kpi("made_up", "a sum", "count", "higher is better", "finance", "sales.value")
DAYS = pd.date_range("2024-01-01", periods=HISTORY_DAYS + 1, freq="D")
WEEK = np.array([1.0, 1.1, 1.2, 1.1, 1.0, 2.0, 0.5])


def series(last: float = 1.0, *, rows: float = 500.0) -> pd.DataFrame:
    """Ten weeks around 100 with a weekly pattern; the last day times `last`."""
    noise = 1 + 0.02 * np.random.default_rng(1).standard_normal(len(DAYS))
    values = 100.0 * WEEK[DAYS.weekday] * noise
    values[-1] *= last
    return pd.DataFrame({"day": DAYS, "numerator": values, "rows": rows, "unknown": 0})


@pytest.mark.parametrize(("last", "is_critical"), [(0.2, True), (3.0, True), (0.0, True)])
def test_a_day_far_off_is_told(last: float, is_critical: bool) -> None:
    found = sudden_change(SALES, series(last), DAYS[-1])
    assert found is not None
    assert found.change == pytest.approx(last - 1.0, abs=0.15)
    assert (found.z > 0) is (last > 1)
    assert found.is_critical is is_critical


def test_a_quiet_sunday_and_a_busy_saturday_are_as_usual() -> None:
    frame = series()
    for day in DAYS[-8:]:
        assert sudden_change(SALES, frame[frame["day"] <= day], day) is None


def test_where_too_little_is_known_nothing_is_said() -> None:
    assert sudden_change(SALES, series(0.0, rows=5.0), DAYS[-1]) is None
    assert sudden_change(SALES, series(0.0).tail(30), DAYS[-1]) is None
    assert sudden_change(SALES, series(0.0), DAYS[-1] + pd.Timedelta(days=1)) is None
    unknown = series(0.0)
    unknown.loc[unknown.index[-1], "unknown"] = 3
    assert sudden_change(SALES, unknown, DAYS[-1]) is None
