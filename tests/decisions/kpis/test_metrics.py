"""Open alerts as Prometheus sees them."""

from dataclasses import replace
from datetime import UTC, date, datetime

from prometheus_client import CollectorRegistry

from data.alerts import Alert
from decisions.kpis.metrics import KpiMetrics

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ALERT = Alert(
    alert_id="a",
    cause="sales",
    kpi="sales",
    kind="change",
    severity="warn",
    place={},
    first_day=date(2024, 5, 1),
    last_day=date(2024, 5, 1),
    value=1.0,
    expected=2.0,
    text="fell",
    raised_at=NOON,
)


def test_alerts_nobody_has_seen_are_counted_and_go_to_nothing_when_over() -> None:
    registry = CollectorRegistry()
    metrics = KpiMetrics(registry)

    def shown(kpi: str) -> float | None:
        labels = {"kpi": kpi, "severity": "warn"}
        return registry.get_sample_value("argosy_open_alerts", labels)

    seen = replace(ALERT, alert_id="c", acknowledged_at=NOON)
    metrics.show_alerts([ALERT, replace(ALERT, alert_id="b", place={"market": "DE"}), seen])
    assert shown("sales") == 2
    assert shown("orders") is None
    metrics.show_alerts([seen])
    assert shown("sales") == 0
