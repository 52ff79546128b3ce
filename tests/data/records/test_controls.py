from dataclasses import replace
from datetime import timedelta

import pytest

from data.records import Records
from tests.data.records import test_attempts as base

NOON, decided, records = base.NOON, base.decided, base.records


def controlled(name: str, *, chosen: bool, retries: str = "", days: int = 0) -> base.Decision:
    made = decided(name, retries, days=days)
    said = {"action": "block", "share": 0.05, "is_let_through": chosen}
    return replace(made, trace={**made.trace, "control": said})


def test_those_let_through_and_those_like_them(records: Records) -> None:
    made = [controlled("a", chosen=True), controlled("b", chosen=False), decided("c")]
    records.add_decisions([*made, controlled("later", chosen=True, days=2)])
    found = {each.payment_id: each for each in records.controls.since(NOON)}
    assert {name: each.is_let_through for name, each in found.items()} == {
        "a": True,
        "b": False,
        "later": True,
    }
    assert (found["a"].action, found["a"].share, found["a"].probability) == ("block", 0.05, 0.5)
    assert [each.payment_id for each in records.controls.since(NOON + timedelta(days=1))] == [
        "later"
    ]
    assert records.controls.let_through_by_day(NOON) == {"2026-03-02": 1, "2026-03-04": 1}


def test_a_purchase_counts_once(records: Records) -> None:
    records.add_decisions([controlled("a", chosen=True), controlled("b", chosen=True, retries="a")])
    assert [each.payment_id for each in records.controls.since(NOON)] == ["b"]


@pytest.mark.parametrize(("name", "weight"), [("a", 20.0), ("b", 0.0), ("c", 1.0)])
def test_weights_of_decisions(records: Records, name: str, weight: float) -> None:
    made = [controlled("a", chosen=True), controlled("b", chosen=False), decided("c")]
    records.add_decisions([replace(each, model_version="7") for each in made])
    rows = records.decision_sums.scored("7", NOON, NOON)
    assert {row[0]: row[5] for row in rows}[name] == pytest.approx(weight)
