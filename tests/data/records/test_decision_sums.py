"""Sums over decisions."""

from datetime import timedelta

import pytest

from data.records import Records
from data.records import decision_digest as digests
from data.records.decision_digest import DECILES
from tests.data.records.decided import NOON, decided


def test_sums_count_each_decision_once(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "PORTION", 2)
    body = {"model_version": "1", "deciles": [n / 10 for n in range(1, 10)]}
    records.journal.add(DECILES, "1", author="t", body=body)
    shadow = {"amount_base": 5.0, "shadow": {"decision": "block"}}
    records.add_decisions([decided(f"a{n}") for n in range(5)])
    assert sum(row["decisions"] for row in records.decision_sums.by_day(NOON)) == 5
    records.add_decisions(
        [
            decided("b", trace={"amount_base": None}, degraded=True),
            decided("c", trace=shadow, probability=0.95),
            decided("d", decided_at=NOON + timedelta(days=1), model_version=""),
        ]
    )
    first, second, third = sorted(
        records.decision_sums.by_day(NOON), key=lambda row: (row["day"], row["shadow"] or "")
    )
    assert (first["decisions"], first["amount"], first["degraded"]) == (6, 50.0, 1)
    assert first["probability"] == pytest.approx(0.6)
    assert (first["bin"], second["bin"], third["bin"]) == (1, 9, None)
    assert (second["shadow"], second["amount"]) == ("block", 5.0)
    assert (third["day"], third["scored"], third["decisions"]) == ("2026-03-02", False, 1)


def test_hits_of_the_lists_are_counted(records: Records) -> None:
    listed = {"lists": [{"entry_id": "e1", "list": "block"}, {"entry_id": "e2", "list": "watch"}]}
    records.add_decisions([decided("a", trace=listed), decided("b")])
    assert records.decision_sums.list_hits() == {"e1": 1, "e2": 1}
    records.add_decisions([decided("c", trace={"lists": listed["lists"][:1]})])
    assert records.decision_sums.list_hits() == {"e1": 2, "e2": 1}
