"""KPIs and open alerts for Prometheus."""

import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from data.alerts import Alert
from data.records import DatabaseError
from decisions.kpis.compute import COMPUTED, whole_day
from decisions.kpis.report import KpiStanding, standings
from decisions.runtime import Runtime


class KpiMetrics:
    """The gauges; registry: that they are read from."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge(
            "argosy_open_alerts",
            "Open alerts that nobody has acknowledged, by KPI and severity.",
            ("kpi", "severity"),
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self.value = Gauge(
            "argosy_kpi",
            "KPIs of the newest whole day, and over the days of their window; NaN: not known.",
            ("kpi", "span"),
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._shown: set[tuple[str, str]] = set()

    def show_alerts(self, alerts: Sequence[Alert]) -> None:
        """Count the open alerts; a KPI whose alerts are over goes to 0. alerts: the open ones."""
        counts: dict[tuple[str, str], int] = dict.fromkeys(self._shown, 0)
        for alert in alerts:
            if alert.acknowledged_at is None:
                key = (alert.kpi, str(alert.severity))
                counts[key] = counts.get(key, 0) + 1
        for key, count in counts.items():
            self.open.labels(*key).set(count)
        self._shown = set(counts)

    def show_kpis(self, found: Sequence[KpiStanding]) -> None:
        """Set the values; found: how each KPI stands."""
        for one in found:
            for span, value in (("day", one.value), ("window", one.window_value)):
                self.value.labels(one.kpi.name, span).set(float("nan") if value is None else value)


class KpiWatch:
    """Keeps the gauges up to what was computed last.

    runtime: whose records are read; quiet_seconds: how long after the start the values of the KPIs
    are not read yet, which takes seconds in which requests of the first minute would wait.
    """

    def __init__(self, runtime: Runtime, quiet_seconds: float = 0.0) -> None:
        self._quiet_until = time.monotonic() + quiet_seconds
        self._runtime = runtime
        self._metrics = runtime.telemetry.of_use_case(KpiMetrics)
        self._computed = 0

    def look(self) -> None:
        """Read the open alerts, and the KPIs where they were computed anew."""
        records = self._runtime.records
        try:
            self._metrics.show_alerts(records.alerts.open())
            if time.monotonic() < self._quiet_until:
                return
            notes = records.journal.of(COMPUTED, limit=1)
            if notes and notes[-1].seq != self._computed:
                self._metrics.show_kpis(standings(records, whole_day(self._runtime)))
                self._computed = notes[-1].seq
        except DatabaseError:  # the gauges stay; argosy_database_up tells
            return
