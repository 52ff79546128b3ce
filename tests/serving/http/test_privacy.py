"""Erasure leaves nothing that says who it was, in any file or table, and does not touch others."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.runtime import Runtime
from features.store import Store
from features.windows import digest
from models.registry import Registry
from serving.http.app import create_app

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
WHO, OTHER = "c-ann-4711", "c-bob"
SECRETS = (WHO, "tok_ann", "dev_ann", "203.0.113.77")


def payment(name: str, customer: str, **more: str) -> dict[str, object]:
    whose = "ann" if customer == WHO else "bob"
    tokens = {"card_id": f"tok_{whose}", "device_id": f"dev_{whose}"}
    body = {"payment_id": name, "attempted_at": NOON.isoformat(), "customer_id": customer}
    return {**body, "amount": 10.0, "currency": "EUR", **tokens, **more}


@pytest.fixture
def runtime(settings: Settings, registry: Registry) -> Runtime:
    given = settings.model_copy(update={"use_cases": ("fraud",)})
    runtime = Runtime(given, registry)
    runtime.store = Store(given, runtime.lake)
    both = [WHO, OTHER]
    old = [payment(f"old-{c[:5]}", c) | {"attempted_at": NOON - timedelta(days=3)} for c in both]
    runtime.lake.append("customers", pd.DataFrame({"customer_id": both}))
    runtime.lake.append("payments", pd.DataFrame(old).assign(ip_address="203.0.113.77"))
    runtime.store.materialize(NOON)
    return runtime


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        for customer in (WHO, OTHER):
            assert client.post(
                "/v1/fraud/decisions", json=payment(f"new-{customer[:5]}", customer)
            ).is_success
            event = {"event_id": f"e-{customer[:5]}", "kind": "view", "product_id": "p"}
            runtime.records.add_events([event | {"customer_id": customer, "occurred_at": NOON}])
        yield client


def holding(home: Path, secret: str) -> list[str]:
    """Files in which a text stands; Parquet is read, all others are searched as they are."""
    found = []
    for path in sorted(each for each in home.rglob("*") if each.is_file()):
        if path.suffix == ".parquet":
            there = secret in pd.read_parquet(path).to_csv()
        else:
            there = secret.encode() in path.read_bytes()
        if there:
            found.append(path.name)
    return found


def test_one_person_is_told_whole(client: TestClient) -> None:
    told = client.get(f"/v1/customers/{WHO}").json()
    assert [row["payment_id"] for row in told["lake"]["payments"]] == ["old-c-ann"]
    assert told["lake"]["customers"] == [{"customer_id": WHO}]
    assert [row["event_id"] for row in told["records"]["events"]] == ["e-c-ann"]
    assert [row["payment_id"] for row in told["records"]["decisions"]] == ["new-c-ann"]
    assert OTHER not in str(told)


def test_an_erased_person_is_nowhere_and_others_are_as_they_were(
    client: TestClient, runtime: Runtime, settings: Settings
) -> None:
    before = client.get(f"/v1/customers/{OTHER}").json()
    receipt = client.delete(f"/v1/customers/{WHO}").json()
    assert receipt["lake"] == {"customers": 1, "payments": 1}
    assert receipt["records"] == {"events": 1, "decisions": 1}
    assert (settings.home / "receipts" / f"{receipt['receipt_id']}.json").exists()
    after = client.get(f"/v1/customers/{WHO}").json()
    assert not any(after["lake"].values())
    assert not any(after["records"].values())
    assert client.get(f"/v1/customers/{OTHER}").json() == before
    assert client.get("/v1/fraud/decisions/new-c-ann").is_success  # the books keep it
    assert receipt["customer"] in set(runtime.lake.read("payments")["customer_id"])
    runtime.records.database.read(lambda c: c.exec_driver_sql("pragma wal_checkpoint(truncate)"))
    runtime.records.database.alone(lambda c: None)
    for secret in SECRETS[:3]:
        left = [name for name in holding(settings.home, secret) if "argosy.db" not in name]
        assert left == [], secret
    assert client.delete(f"/v1/customers/{WHO}").json()["records"] == {}


def test_the_counters_forget_an_erased_person_and_know_the_others(
    client: TestClient, runtime: Runtime, settings: Settings
) -> None:
    def counted(customer: str) -> int:
        with closing(sqlite3.connect(settings.home / "counters.db")) as counters:
            rows = counters.execute("select key, state from state").fetchall()
        return sum(digest(customer) in key + state.decode() for key, state in rows)

    for look in runtime.watched:
        look()
    both = counted(WHO), counted(OTHER)
    assert min(both) > 0
    assert client.delete(f"/v1/customers/{WHO}").is_success
    for look in runtime.watched:
        look()
    assert (counted(WHO), counted(OTHER)) == (0, both[1])


def test_nothing_a_caller_sends_comes_into_a_log_line(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The watch over all tests sees the lines; this one makes some that could bear secrets."""
    caplog.set_level(logging.DEBUG)
    mail, card = "ann@example.com", "4111 1111 1111 1111"
    headers = {"Authorization": f"Bearer argosy_{'x' * 43}", "X-Request-Id": mail}
    client.get(f"/v1/customers/{mail}", headers=headers)
    client.get(f"/nowhere/{mail}?card={card}", headers=headers)
    client.post("/v1/fraud/decisions", json=payment("p", mail, card_id=card), headers=headers)
    client.post("/v1/fraud/decisions", content=f'{{"x_note": "{mail}"', headers=headers)
    assert [record for record in caplog.records if record.name.startswith("argosy")]
    for record in caplog.records:
        line = record.getMessage() + str(getattr(record, "fields", ""))
        assert mail not in line or not record.name.startswith(("argosy", "uvicorn"))


def test_what_has_the_same_id_as_an_erased_person_stays(client: TestClient) -> None:
    """Shops number customers and payments alike: erasing customer 17 is not erasing payment 17."""
    given = payment("17", OTHER)
    told = {"payment_id": "17", "is_fraud": False, "reason": 'so says "17"'}
    label = told | {"reported_at": NOON.isoformat()}
    for _ in range(2):  # the customer comes back, and is erased again
        keyed = client.post(
            "/v1/fraud/decisions", json=given, headers={"Idempotency-Key": "17"}
        ).json()
        assert client.post("/v1/fraud/labels", json={"labels": [label]}).is_success
        assert client.delete("/v1/customers/17").status_code == 200
        assert client.get("/v1/fraud/decisions/17").json()["decision_id"] == keyed["decision_id"]
