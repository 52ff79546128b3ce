"""What Prometheus sees: request latency, what was served and how degraded, releases, freshness."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any, TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from decisions.tracing import Tracer
from models.base import Release

MEDIA_TYPE = CONTENT_TYPE_LATEST

TOGETHER = "ARGOSY_METRICS_FOLDER"

# Seconds; fine where decisions and recommendations are meant to be, coarse above.
_STEP_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


_Metrics = TypeVar("_Metrics")


class Telemetry:
    """The metrics of what is served, in a registry of its own.

    With several workers (see `share`) each of them answers for all. tracer: None without traces.
    """

    def __init__(self, tracer: Tracer | None = None) -> None:
        self.tracer = tracer
        self.registry = CollectorRegistry()
        self._use_cases: dict[Any, Any] = {}
        self._of_route: dict[tuple[str, str, int], Histogram] = {}
        self._of_step: dict[tuple[str, str], Histogram] = {}
        self.requests = Histogram(
            "argosy_request_seconds",
            "Time to answer, by route and status.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.steps = Histogram(
            "argosy_step_seconds",
            "Time of a step of an answer; several answers may share one.",
            ("use_case", "step"),
            buckets=_STEP_BUCKETS,
            registry=self.registry,
        )
        self.served = Counter(
            "argosy_served",
            "Answers, by what made them.",
            ("use_case", "served_by"),
            registry=self.registry,
        )
        self.degraded = Counter(
            "argosy_degraded",
            "Answers simpler than they should be, by reason.",
            ("use_case", "reason"),
            registry=self.registry,
        )
        self.releases = Gauge(
            "argosy_release",
            "1 for the release in use.",
            ("use_case", "version", "cut_off"),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.reload_failures = Counter(
            "argosy_reload_failures",
            "Releases that could not be loaded or failed their trial; the former one stayed.",
            ("use_case",),
            registry=self.registry,
        )
        self.problems = Gauge(
            "argosy_release_problem",
            "1 while a use case has no release, or its newest is not in use.",
            ("use_case",),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.database = Gauge(
            "argosy_database_up",
            "1 while the database of decisions, events and labels answers.",
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.in_flight = Gauge(
            "argosy_requests_in_flight",
            "Requests under way.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.refused = Counter(
            "argosy_refused",
            "Requests answered 503 before their work was done: too many, or too slow.",
            ("reason",),
            registry=self.registry,
        )
        self.features_as_of = Gauge(
            "argosy_features_as_of_timestamp_seconds",
            "The time the features were computed for (Unix time).",
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        self.newest_fact = Gauge(
            "argosy_newest_fact_timestamp_seconds",
            "The newest fact in the lake (Unix time); less features_as_of: the features' age.",
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )

    def of_use_case(self, kind: Callable[[CollectorRegistry], _Metrics]) -> _Metrics:
        """The metrics that a use case adds; made once, however many apps serve it."""
        if kind not in self._use_cases:
            self._use_cases[kind] = kind(self.registry)
        made: _Metrics = self._use_cases[kind]
        return made

    def counted(self, use_case: str, served_by: str, *, degraded: str = "") -> None:
        """Count one answer; degraded: a short fixed reason, empty when it is not degraded.

        use_case: a name of USE_CASES; served_by: what made the answer.
        """
        self.served.labels(use_case, served_by).inc()
        if degraded:
            self.degraded.labels(use_case, degraded).inc()

    @contextmanager
    def step(self, use_case: str, step: str) -> Iterator[None]:
        """Time a step of an answer, and give it a span where there are traces.

        use_case: a name of USE_CASES.
        """
        started = time.perf_counter()
        with self.tracer.step(f"{use_case} {step}") if self.tracer is not None else nullcontext():
            try:
                yield
            finally:
                asked = (use_case, step)
                known = self._of_step.get(asked)
                if known is None:
                    known = self._of_step[asked] = self.steps.labels(use_case, step)
                known.observe(time.perf_counter() - started)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template, never the path (ids are personal).

        method: the HTTP method; status: the HTTP status; seconds: how long it took.
        """
        asked = (method, route, status)
        known = self._of_route.get(asked)
        if known is None:
            known = self._of_route[asked] = self.requests.labels(method, route, str(status))
        known.observe(seconds)

    def loaded(self, release: Release, former: Release | None) -> None:
        """A release is in use from now, instead of the former one."""
        if former is not None:
            self.releases.labels(former.use_case, former.version, former.cut_off.isoformat()).set(0)
        self.releases.labels(release.use_case, release.version, release.cut_off.isoformat()).set(1)

    def not_loaded(self, use_case: str) -> None:
        """A release could not be taken into use."""
        self.reload_failures.labels(use_case).inc()

    def told(self, use_case: str, *, problem: bool) -> None:
        """Whether a use case has a problem now.

        use_case: a name of USE_CASES.
        """
        self.problems.labels(use_case).set(problem)

    def facts(self, newest: datetime | None, features_as_of: datetime | None) -> None:
        """How fresh the lake and the features are.

        newest: time of the newest fact in the lake; features_as_of: time the features were
        computed for.
        """
        if newest is not None:
            self.newest_fact.set(newest.timestamp())
        if features_as_of is not None:
            self.features_as_of.set(features_as_of.timestamp())

    def page(self) -> bytes:
        """The metrics as Prometheus reads them."""
        folder = os.environ.get(TOGETHER)
        return generate_latest(_Together(folder) if folder else self.registry)


class _Together:
    """Our metrics of all workers. Feast leaves its own in the same folder."""

    def __init__(self, folder: str) -> None:
        self._all = MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]  # no types

    def collect(self) -> Iterable[Metric]:
        """Ours only."""
        every = self._all.collect()  # type: ignore[no-untyped-call]  # as above
        return [each for each in every if each.name.startswith("argosy_")]


def share(folder: str) -> None:
    """Let the workers, processes to be started from this one, meet in a folder.

    prometheus_client reads its variable when it is imported; Feast sets the same variable for
    itself, so ours says whether we did.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.environ[TOGETHER] = folder
