"""Alerts: one open at a time for each finding, told with the transaction that opens them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from data.alerts import AlertError, Contribution, KpiFinding
from data.records import Records
from tests.data.records.rows import NOON

FINDING = KpiFinding(
    cause="sales",
    kpi="revenue",
    kind="change",
    severity="warn",
    place={"market": "DE"},
    day=date(2024, 5, 1),
    value=3.0,
    expected=9.0,
    text="revenue fell",
    contributions=(Contribution("channel", "web", 0.8),),
)


def test_a_finding_is_one_alert_until_it_is_resolved(records: Records) -> None:
    alerts = records.alerts
    assert alerts.raise_alert(FINDING, NOON)
    assert not alerts.raise_alert(FINDING, NOON)
    (found,) = alerts.open()
    assert (found.place, found.first_day, found.value) == ({"market": "DE"}, FINDING.day, 3.0)
    assert found.contributions == FINDING.contributions
    alerts.resolve([found.alert_id], NOON + timedelta(hours=1))
    assert alerts.open() == []
    assert alerts.raise_alert(FINDING, NOON + timedelta(days=1))
    assert len(alerts.all()) == 2
    assert len(alerts.all(since=NOON + timedelta(hours=2))) == 1


def test_an_alert_that_goes_on_keeps_its_first_day(records: Records) -> None:
    records.alerts.raise_alert(FINDING, NOON)
    (alert,) = records.alerts.open()
    later = replace(FINDING, day=date(2024, 5, 3), value=None, severity="critical")
    records.alerts.refresh(alert, later)
    (found,) = records.alerts.open()
    assert (found.first_day, found.last_day) == (FINDING.day, later.day)
    assert (found.value, found.severity) == (None, "critical")


def test_the_first_to_acknowledge_stays(records: Records) -> None:
    records.alerts.raise_alert(FINDING, NOON)
    (alert,) = records.alerts.open()
    for who in ("ann", "ben"):
        found = records.alerts.acknowledge(alert.alert_id, author=who, note="seen", at=NOON)
    assert found.acknowledged_by == "ann"
    with pytest.raises(AlertError, match="no alert 'nowhere'"):
        records.alerts.acknowledge("nowhere", author="ann", note="", at=NOON)


def test_an_alert_is_told_to_whoever_listens(records: Records) -> None:
    records.alerts.raise_alert(FINDING, NOON)
    found = records.outbox.newest("alert.raised", "sales")
    assert found is not None
    assert found[1]["place"] == {"market": "DE"}
