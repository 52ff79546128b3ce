from datetime import UTC, datetime, timedelta
from typing import Any

from decisions.fraud.attempts import attempts_of, has_passed_challenge, traced, traced_facts
from features.fraud import NO_RETRY

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def paid(name: str, retry_of: str | None = None, **more: Any) -> dict[str, Any]:
    row = {"payment_id": name, "attempted_at": NOON, "customer_id": "c", "amount": 30.0}
    row |= {"currency": "EUR", "card_id": "k"}
    return row | ({"retry_of": retry_of} if retry_of else {}) | more


def test_payments_asked_about_at_once_know_those_before_them() -> None:
    asked = [paid("a"), paid("b", "a"), paid("c", "a"), paid("d", "e"), paid("e", "d")]
    found = attempts_of(asked, lambda _: [])
    assert [each and (each.link, each.number) for each in found] == [
        None,
        ("linked", 2),
        ("linked", 3),
        ("unknown_payment", 1),
        ("linked", 2),
    ]
    assert found[2] is not None
    assert found[2].supersedes == "b"


def test_an_attempt_is_kept_without_personal_data() -> None:
    asked = [paid("a", ip_address="203.0.113.9"), paid("b", "a")]
    (found,) = [each for each in attempts_of(asked, lambda _: []) if each is not None]
    kept = traced(found)
    assert kept["earlier"][0]["payment_id"] == "a"
    assert "203.0.113.9" not in str(kept)
    assert traced_facts({"attempt": kept})["attempt_number"] == 2.0
    assert traced_facts({}) is NO_RETRY


def test_a_challenge_is_passed_by_a_retry_only() -> None:
    passed = paid("a", authentication="challenged")
    assert not has_passed_challenge(passed, NO_RETRY)
    assert has_passed_challenge(passed, {"attempt_number": 2.0})
    assert not has_passed_challenge(paid("a", authentication="failed"), {"attempt_number": 2.0})


def test_a_retry_from_before_its_payment_is_none() -> None:
    asked = [paid("a"), paid("b", "a", attempted_at=NOON - timedelta(seconds=1))]
    assert attempts_of(asked, lambda _: [])[1].link == "later_payment"
