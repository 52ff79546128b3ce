"""Records on SQLite and on PostgreSQL: durable, first writer wins, nothing doubled."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from data.lake import Lake
from data.records import (
    ApiKey,
    DatabaseError,
    Decision,
    DecisionReason,
    KeyExistsError,
    Records,
    RecordsError,
)
from tests.data.records.rows import NOON, event


def decision(payment: str = "pay1", verdict: str = "allow") -> Decision:
    return Decision(
        payment_id=payment,
        decision_id=f"d-{payment}-{verdict}",
        decided_at=NOON,
        decision=verdict,
        probability=0.1 + 0.2,
        score=30,
        reasons=(DecisionReason("new_device", "The device is new", 0.7),),
        rules_hit=("r1", "r2"),
        model_version="3",
        policy_version="p1",
        degraded=False,
        payment={
            "payment_id": payment,
            "attempted_at": "2024-05-01T12:00:00Z",
            "customer_id": "c1",
            "amount": 12.5,
            "currency": "EUR",
            "x_age": 3,
        },
        features={"amount": 12.5, "unknown": math.nan},
    )


def test_events_are_kept_once(records: Records) -> None:
    assert records.add_events([event("a"), event("b"), event("a")]) == [True, True, False]
    assert records.add_events([event("b"), event("c")]) == [False, True]
    assert records.add_events([]) == []
    frame, _ = records.pending("events")
    assert frame["event_id"].tolist() == ["a", "b", "c"]


def test_a_time_without_zone_is_refused(records: Records) -> None:
    with pytest.raises(RecordsError, match=r"occurred_at .* has no zone"):
        records.add_events([event("a", occurred_at="2024-05-01T14:00:00")])


def test_a_missing_required_field_is_named(records: Records) -> None:
    with pytest.raises(RecordsError, match="product_id is missing"):
        records.add_events([event("a", product_id=None)])


def test_recent_events_are_newest_first_and_of_either_identity(records: Records) -> None:
    records.add_events(
        [
            event("old", 0),
            event("both", 2, customer_id="c1"),
            event("customer", 3, visitor_id=None, customer_id="c1"),
            event("other", 4, visitor_id="v2"),
        ]
    )

    def names(visitor: str | None, customer: str | None, limit: int = 50) -> list[str]:
        found = records.recent_events(visitor, customer, limit=limit)
        return [row["event_id"] for row in found]

    assert names("v1", None) == ["both", "old"]
    assert names("v1", "c1") == ["customer", "both", "old"]
    assert names("v1", "c1", 2) == ["customer", "both"]
    assert names(None, None) == []


def test_a_label_says_something_new_once(records: Records) -> None:
    label = {"payment_id": "pay1", "reported_at": NOON, "is_fraud": True}
    assert records.add_labels([label, label]) == [True, False]
    assert records.add_labels([{**label, "is_fraud": False}]) == [True]
    frame, _ = records.pending("chargebacks")
    assert frame["is_fraud"].tolist() == [False]  # the correction counts


def test_pending_gives_what_came_after_the_watermark(records: Records) -> None:
    assert records.pending("events")[1] == 0
    records.add_events([event("a")])
    frame, mark = records.pending("events")
    assert len(frame) == 1
    records.add_events([event("b")])
    frame, later = records.pending("events", mark)
    assert frame["event_id"].tolist() == ["b"]
    frame, last = records.pending("events", later)
    assert (len(frame), last) == (0, later)


def test_pending_rows_pass_into_the_lake(records: Records, tmp_path: Path) -> None:
    records.add_events([event("a"), event("b", customer_id="c1", market="DE")])
    records.add_labels([{"payment_id": "pay1", "reported_at": NOON, "is_fraud": True}])
    records.add_decision(decision())
    lake = Lake(tmp_path / "lake")
    for table, rows in {"events": 2, "chargebacks": 1, "payments": 1}.items():
        frame, _ = records.pending(table)  # type: ignore[arg-type]
        report = lake.append(table, frame)
        assert (report.new, report.faults) == (rows, ())
        assert lake.append(table, frame).unchanged == rows
    assert lake.read("payments")["x_age"].tolist() == [3.0]


def test_pending_is_empty_but_whole_without_rows(records: Records, tmp_path: Path) -> None:
    frame, mark = records.pending("payments")
    assert mark == 0
    assert Lake(tmp_path / "lake").append("payments", frame).read == 0


def test_the_first_decision_holds(records: Records) -> None:
    assert records.decision("pay1") is None
    first = records.add_decision(decision(verdict="allow"))
    assert records.add_decision(decision(verdict="block")) == first
    kept = records.decision("pay1")
    assert kept is not None
    assert kept.decision == "allow"
    assert kept.probability == 0.1 + 0.2
    assert kept.reasons == (DecisionReason("new_device", "The device is new", 0.7),)
    assert kept.rules_hit == ("r1", "r2")
    assert kept.decided_at == NOON
    assert kept.payment["x_age"] == 3
    assert kept.features["amount"] == 12.5
    assert math.isnan(kept.features["unknown"])


def test_of_several_decisions_at_once_each_payment_keeps_its_first(records: Records) -> None:
    old = records.add_decision(decision())
    assert records.add_decisions([]) == []
    late, new = decision("pay1", "late"), decision("pay2", "new")
    held = records.add_decisions([late, new, decision("pay2", "twice")])
    assert held == [old, new, new]
    assert [each.decision for each in records.decisions()] == ["new", "allow"]


def test_many_deciders_at_once_agree_on_one_decision(records: Records) -> None:
    start = threading.Barrier(16)

    def decide(number: int) -> str:
        start.wait()
        return records.add_decision(decision(verdict=f"v{number}")).decision

    with ThreadPoolExecutor(16) as pool:
        verdicts = set(pool.map(decide, range(16)))
    kept = records.decision("pay1")
    assert kept is not None
    assert verdicts == {kept.decision}


def test_a_reader_beside_many_writers_misses_no_event(records: Records) -> None:
    """Watermarks taken while writers are under way must not pass over their rows."""
    done = threading.Event()
    seen: list[str] = []

    def drain() -> None:
        mark = 0
        while True:
            last_round = done.is_set()
            frame, mark = records.pending("events", mark)
            seen.extend(frame["event_id"])
            if last_round:
                return

    def write(writer: int) -> None:
        for number in range(15):
            records.add_events([event(f"{writer}-{number}-{part}") for part in range(3)])

    with ThreadPoolExecutor(5) as pool:
        drained = pool.submit(drain)
        for written in [pool.submit(write, writer) for writer in range(4)]:
            written.result()
        done.set()
        drained.result()
    assert sorted(seen) == sorted(
        {f"{w}-{n}-{p}" for w in range(4) for n in range(15) for p in range(3)}
    )


def test_an_answer_is_remembered_as_first_given(records: Records) -> None:
    assert records.remembered("orders", "k") is None
    records.remember("orders", "k", "hash", 202, '{"a":1}')
    records.remember("orders", "k", "other", 500, "{}")
    kept = records.remembered("orders", "k")
    assert kept is not None
    assert (kept.body_hash, kept.status, kept.answer) == ("hash", 202, '{"a":1}')
    assert records.remembered("labels", "k") is None


def test_keys(records: Records) -> None:
    records.add_key(ApiKey("shop", "00ff", ("decide", "events"), NOON))
    (key,) = records.keys()
    assert (key.name, key.digest, key.scopes) == ("shop", "00ff", ("decide", "events"))
    assert key.created_at.utcoffset() == timedelta(0)
    with pytest.raises(KeyExistsError, match="'shop'"):
        records.add_key(ApiKey("shop", "11ee", ("decide",), NOON))
    records.change_key(replace(key, digest="22dd", former_digest="00ff", former_until=NOON))
    (changed,) = records.keys()
    assert (changed.digest, changed.former_digest, changed.former_until) == ("22dd", "00ff", NOON)
    records.drop_key("shop")
    assert records.keys() == []
    with pytest.raises(RecordsError, match="no key named 'shop'"):
        records.drop_key("shop")
    with pytest.raises(RecordsError, match="no key named 'shop'"):
        records.change_key(key)


def test_answers_are_forgotten_when_they_are_old(records: Records) -> None:
    records.remember("orders", "k", "hash", 202, "{}")
    assert records.forget_answers(timedelta(hours=1)) == 0
    assert records.remembered("orders", "k") is not None
    assert records.forget_answers(timedelta(0)) == 1
    assert records.remembered("orders", "k") is None


def test_what_was_written_is_there_after_reopening(url: str, namespace: str) -> None:
    first = Records(url, namespace)
    first.migrate()
    first.add_decision(decision())
    first.close()
    again = Records(url, namespace)
    again.migrate()
    assert again.decision("pay1") is not None
    again.close()


def test_many_may_migrate_at_once(url: str, namespace: str) -> None:
    start = threading.Barrier(8)

    def open_it(_: int) -> int:
        start.wait()
        made = Records(url, namespace)
        made.migrate()
        answer = len(made.keys())
        made.close()
        return answer

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(open_it, range(8))) == [0] * 8


def test_sqlite_commits_are_durable(tmp_path: Path) -> None:
    records = Records(f"sqlite:///{tmp_path / 'r.db'}")
    records.migrate()
    with records.database.engine.connect() as connection:
        read = connection.exec_driver_sql
        assert read("PRAGMA journal_mode").scalar() == "wal"
        assert read("PRAGMA synchronous").scalar() == 2  # FULL
    records.close()


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(RecordsError, match="mysql is not supported"):
        Records("mysql://host/db")


def test_a_database_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    away = Records("postgresql+psycopg://nobody@127.0.0.1:9/none")
    with pytest.raises(DatabaseError, match=r"does not answer.*ARGOSY_DATABASE_URL"):
        away.keys()
    with pytest.raises(DatabaseError):
        away.add_events([event("a")])
    away.close()


def test_a_lost_connection_is_opened_again(postgres_url: str, namespace: str) -> None:
    records = Records(postgres_url, namespace)
    records.migrate()
    records.add_events([event("a")])
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and query like %s",
            (f"%{namespace}%",),
        )
    assert records.add_events([event("a"), event("b")]) == [False, True]
    assert len(records.recent_events("v1", None)) == 2
    records.close()
