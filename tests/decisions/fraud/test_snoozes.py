from datetime import UTC, datetime, timedelta
from typing import Any

from data.decisions import Note
from decisions.fraud.rules import SHIPPED
from decisions.fraud.snoozes import NEVER_SNOOZED, RuleSnoozes, snooze_key

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def note(rule: str, customer: str, until: datetime, seq: int = 1) -> Note:
    body: dict[str, Any] = {"rule": rule, "customer_id": customer, "reason": "known"}
    body["until"] = until.isoformat()
    return Note(seq, "fraud_snooze", snooze_key(rule, customer), NOON, "ann", body)


def test_a_rule_sleeps_for_its_customer_until_then() -> None:
    hour = timedelta(hours=1)
    found = RuleSnoozes.of([note("a", "c", NOON + hour), note("b", "c", NOON - hour)])
    assert found.rules_of("c", NOON) == {"a"}
    assert found.rules_of("c", NOON + hour) == frozenset() == found.rules_of("d", NOON)
    assert [each.rule for each in found.active(NOON)] == ["a"]


def test_keys_tell_rules_and_customers_apart() -> None:
    keys = {snooze_key(*pair) for pair in (("a", "b"), ("ab", ""), ("", "ab"), ("a", "c"))}
    assert len(keys) == 4
    assert not any("customer" in snooze_key("rule", "customer") for _ in keys)


def test_rules_that_never_sleep_are_shipped() -> None:
    assert {rule.name for rule in SHIPPED} >= NEVER_SNOOZED
