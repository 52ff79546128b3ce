"""What Prometheus sees of the decisions."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from data.decisions import Decision


class Metrics:
    """Decisions by action, and the circuit breaker's alarm."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Counter(
            "argosy_fraud_decisions",
            "Decisions on payments, by action.",
            ("decision",),
            registry=registry,
        )
        self._rules_failed = Counter(
            "argosy_fraud_rules_failed",
            "Rules that could not be evaluated on a payment, and so did not hold, by rule.",
            ("rule",),
            registry=registry,
        )
        self._excess = Counter(
            "argosy_fraud_block_excess",
            "Blocks that the circuit breaker turned into reviews.",
            registry=registry,
        )
        self._breaker = Gauge(
            "argosy_fraud_breaker_open",
            "1 while the circuit breaker turns blocks into reviews: the alarm.",
            registry=registry,
            multiprocess_mode="livemax",
        )

    def decided(self, decision: Decision) -> None:
        """Count one decision."""
        self._decisions.labels(decision.decision).inc()
        for name in decision.trace.get("rules_failed", ()):
            self._rules_failed.labels(name).inc()
        if decision.trace.get("excess"):
            self._excess.inc()
            self._breaker.set(1)
        elif decision.decision == "block":
            self._breaker.set(0)
