import numpy as np
import pytest

from decisions.fraud.report_delays import ReportDelays


def seen(days: int, *, seed: int = 1) -> ReportDelays:
    """Reports after 45 to 90 days, of payments over so many days up to now, as known now."""
    draw = np.random.default_rng(seed)
    age = draw.uniform(0, days, 4_000)
    delay = draw.uniform(45, 90, 4_000)
    come = delay <= age
    return ReportDelays.of(delay[come], age[come], oldest=float(days), usual_days=30.0)


def test_the_share_of_reports_that_have_come_grows_with_age() -> None:
    found = seen(240)
    assert found.is_known
    assert found.share_reported([30.0, 67.5, 120.0]) == pytest.approx([0.0, 0.5, 1.0], abs=0.05)
    assert found.nearly_all_days == pytest.approx(88, abs=2)


def test_slow_reports_that_have_not_come_are_allowed_for() -> None:
    found = seen(95)  # most payments are too young for the slow reports
    assert found.share_reported(67.5) == pytest.approx(0.5, abs=0.12)


def test_a_young_shop_does_not_know_how_long_reports_take() -> None:
    assert not seen(70).is_known


def test_few_reports_leave_the_setting() -> None:
    found = ReportDelays.of([50.0], [90.0], oldest=90.0, usual_days=30.0)
    assert not found.is_known  # what nobody has reported yet proves nothing
    assert ReportDelays.of([50.0], [90.0], oldest=180.0, usual_days=30.0).is_known
    assert found.share_reported([29.0, 31.0]).tolist() == [0.0, 1.0]


def test_reports_at_once_have_all_come() -> None:
    found = ReportDelays.of(np.zeros(50), np.linspace(0, 90, 50), oldest=90.0, usual_days=30.0)
    assert found.share_reported([0.0, 9.0]).tolist() == [1.0, 1.0]
