from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.decisions import Decision
from data.records import Records

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = Records(url, namespace)
    made.migrate()
    yield made
    made.close()


def decided(name: str, retries: str = "", amount: float = 10.0, days: int = 0) -> Decision:
    attempt = {"link": "linked", "root_id": "a", "purchase_id": "a", "supersedes": retries}
    attempt |= {"counts_as": "a", "number": 2}
    return Decision(
        payment_id=name,
        decision_id=f"of {name}",
        decided_at=NOON + timedelta(days=days),
        decision="allow",
        probability=0.5,
        score=50.0,
        reasons=(),
        rules_hit=(),
        model_version="",
        policy_version="",
        degraded=False,
        payment={"payment_id": name},
        features={},
        trace={"amount_base": amount} | ({"attempt": attempt} if retries else {}),
    )


def test_attempts_are_kept_with_their_decision(records: Records) -> None:
    records.add_decisions([decided("a"), decided("b", "a")])
    records.add_decisions([decided("b", "a")])  # asked again
    assert [each.payment_id for each in records.attempts.of_roots(["a"])["a"]] == ["b"]
    assert records.attempts.of_purchase("b") == {"a", "b"} == records.attempts.of_purchase("a")
    assert records.attempts.of_purchase("alone") == {"alone"}


def test_the_last_attempt_stands_for_the_purchase(records: Records) -> None:
    records.add_decisions([decided("a"), decided("b", "a"), decided("c", "b"), decided("z")])
    found = records.attempts.standing(["a", "b", "c", "z", "unknown"])
    assert found == {"a": "c", "b": "c", "c": "c", "z": "z", "unknown": "unknown"}


@pytest.mark.parametrize("at_once", [True, False])
def test_sums_count_a_purchase_once_on_the_day_of_its_last_attempt(
    records: Records, at_once: bool
) -> None:
    for each in (decided("a"), decided("b", "a", 11.0, days=1), decided("c", "a", 12.0, days=2)):
        records.add_decisions([each])
        if not at_once:
            records.decision_digest.catch_up()
    rows = records.decision_sums.by_day(NOON)
    # Two attempts retried the first: it is taken out once, and both of them stand.
    assert [(row["day"], row["decisions"], row["amount"]) for row in rows] == [
        ("2026-03-03", 1, 11.0),
        ("2026-03-04", 1, 12.0),
    ]
