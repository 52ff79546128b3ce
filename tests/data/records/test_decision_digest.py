"""What is kept beside the decisions equals what reading all of them would give."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data.decisions import Decision
from data.records import Records
from data.records import decision_digest as digests
from data.records.decision_digest import DECILES
from data.records.people import erase
from data.records.review_records import ReviewRank
from data.review_steps import REVIEW

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path}/r.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = Records(url, namespace)
    made.migrate()
    yield made
    made.close()


def decided(name: str, **given: Any) -> Decision:
    changes = dict(given)
    payment = {"payment_id": name, "customer_id": f"c-{name}", **changes.pop("payment", {})}
    return Decision(
        **{
            "payment_id": name,
            "decision_id": f"d-{name}",
            "decided_at": NOON,
            "decision": "allow",
            "probability": 0.1,
            "score": 10.0,
            "reasons": (),
            "rules_hit": (),
            "model_version": "1",
            "policy_version": "p",
            "degraded": False,
            "payment": payment,
            "features": {},
            "trace": {"amount_base": 10.0},
            **changes,
        }
    )


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


def test_reviews_are_ranked_by_money_for_each_hour_left(records: Records) -> None:
    def review(name: str, amount: float, hours_ago: float) -> Decision:
        at = NOON - timedelta(hours=hours_ago)
        trace = {"amount_base": amount}
        return decided(name, decision="review", decided_at=at, trace=trace, probability=0.5)

    made = [review("old", 100.0, 23.0), review("new", 100.0, 0.0), review("large", 9e3, 0.0)]
    records.add_decisions([*made, decided("allowed"), review("ancient", 1e6, 24.0 * 200)])
    rank, since = ReviewRank(NOON, hours_to_ship=24.0, fee=20.0), NOON - timedelta(days=90)
    found, count = records.reviews.page(rank, since=since, status="open", limit=2)
    assert ([each.payment_id for each in found], count) == (["large", "old"], 3)
    found, _ = records.reviews.page(rank, since=since, start=2, limit=2)
    assert [each.payment_id for each in found] == ["new"]


def test_steps_from_before_the_digest_hold(records: Records) -> None:
    records.add_decision(decided("a", decision="review"))
    for step in ({"step": "assign", "assignee": "ann"}, {"step": "reject"}):
        records.journal.add(REVIEW, "a", author="ann", body=step)
    state = records.reviews.states(["a"])["a"]
    assert (state.status, state.assignee) == ("rejected", "ann")


def test_linked_payments_share_a_value_until_a_customer_is_erased(records: Records) -> None:
    card = {"card_id": "k1"}
    records.add_decisions([decided("a", payment=card), decided("b", payment=card), decided("c")])
    payment = {"payment_id": "a", "customer_id": "c-a", **card}
    assert records.reviews.linked(payment, 50) == [("b", "card_id")]
    erase(records, "c-b", lambda text: f"hashed-{text}")
    assert records.reviews.linked(payment, 50) == []
    links = records.tables.payment_links
    kept = records.database.read(lambda c: c.execute(sa.select(links.c.shared)).scalars().all())
    assert "c-b" not in kept
