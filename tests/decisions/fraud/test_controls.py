"""Lists, rules and policies as the journal has them."""

from pathlib import Path

from data.records import Records
from decisions.fraud.controls import LIST, RULE, read, write_policy
from models.fraud import Costs, FraudPolicy


def opened(path: Path) -> Records:
    made = Records(f"sqlite:///{path}")
    made.migrate()
    return made


def test_an_empty_journal_has_the_shipped_rules_and_no_lists(tmp_path: Path) -> None:
    controls = read(opened(tmp_path / "r.db"))
    assert controls.rules.rules
    assert controls.lists.all() == []
    assert (controls.shadow, controls.policy(None)) == (None, None)


def test_what_people_set_is_read_and_what_they_removed_is_gone(tmp_path: Path) -> None:
    records = opened(tmp_path / "r.db")
    entry = {"list": "block", "column": "card_id", "value": "K", "reason": "stolen"}
    records.journal.add(LIST, "e1", author="ann", body=entry)
    records.journal.add(LIST, "e2", author="ann", body={**entry, "value": "L"})
    records.journal.add(LIST, "e2", author="ben", body={**entry, "value": "L", "removed": True})
    rule = {"text": "t", "when": "amount > 5.0", "action": "review", "about": "payment"}
    records.journal.add(RULE, "mine", author="ann", body=rule)
    controls = read(records)
    assert [each.value for each in controls.lists.all()] == ["K"]
    assert "mine" in [each.name for each in controls.rules.rules]


def test_the_policy_set_last_holds_for_its_model(tmp_path: Path) -> None:
    records = opened(tmp_path / "r.db")
    first, last = (FraudPolicy(Costs(review_cost=cost)) for cost in (1.0, 2.0))
    for policy in (first, last):
        write_policy(records, "7", policy, author="ann", why="rate")
    assert dict(read(records).policies) == {"7": last}


def test_a_rule_set_is_kept_once_under_its_version(tmp_path: Path) -> None:
    records = opened(tmp_path / "r.db")
    versions = {read(records).rules.version for _ in range(3)}
    assert len(versions) == 1
    assert len(records.journal.of("fraud_rules")) == 1
