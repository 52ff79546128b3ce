"""What Prometheus sees of the decisions."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from data.decisions import Decision
from decisions.fraud.metrics import Metrics


def decision(action: str, **trace: object) -> Decision:
    return Decision(
        payment_id="p",
        decision_id="d",
        decided_at=datetime(2024, 5, 1, tzinfo=UTC),
        decision=action,
        probability=0.1,
        score=10.0,
        reasons=(),
        rules_hit=(),
        model_version="1",
        policy_version="1",
        degraded=False,
        payment={},
        features={},
        trace=trace,
    )


def test_decisions_are_counted_by_action_and_failed_rules_by_name() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for each in (decision("allow"), decision("allow", rules_failed=["r"]), decision("block")):
        metrics.decided(each)
    value = registry.get_sample_value
    assert value("argosy_fraud_decisions_total", {"decision": "allow"}) == 2
    assert value("argosy_fraud_decisions_total", {"decision": "block"}) == 1
    assert value("argosy_fraud_rules_failed_total", {"rule": "r"}) == 1


def test_the_alarm_is_on_while_blocks_are_turned_into_reviews() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    alarm = []
    for each in (
        decision("allow"),
        decision("review", excess=True),
        decision("allow"),
        decision("block"),
    ):
        metrics.decided(each)
        alarm.append(registry.get_sample_value("argosy_fraud_breaker_open"))
    assert alarm == [0, 1, 1, 0]
    assert registry.get_sample_value("argosy_fraud_block_excess_total") == 1
