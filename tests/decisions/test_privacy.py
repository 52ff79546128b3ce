"""An erased person is in no store: looked for by every id of theirs in all that is kept."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import redis
import sqlalchemy as sa
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.privacy import (
    erase,
    found,
    key_file,
    keyed,
    receipt_folder,
    receipts,
    share_private,
)
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
ANN, BOB = "c-ann-4711", "c-bob-4712"
SECRETS = (ANN, "vis-ann-1", "vis-ann-2", "tok_ann", "dev_ann", "likes-ann-likes", "mail_ann")
KEPT = (BOB, "vis-bob-1", "tok_bob", "likes-bob-likes")


def of(customer: str) -> str:
    return "ann" if customer == ANN else "bob"


def payment(name: str, customer: str) -> dict[str, Any]:
    who = of(customer)
    own = {"card_id": f"tok_{who}", "device_id": f"dev_{who}", "email_hash": f"mail_{who}"}
    money = {"amount": 10.0, "currency": "EUR", "x_note": f"likes-{who}-likes", "x_visits": 3.0}
    moment = {"attempted_at": NOON.isoformat()}
    return {"payment_id": name, "customer_id": customer, **moment, **own, **money}


def event(number: str, **whose: str) -> dict[str, Any]:
    return {
        "event_id": f"e-{number}",
        "occurred_at": (NOON - timedelta(days=1)).isoformat(),
        "kind": "view",
        "product_id": "p",
        **whose,
    }


def served(settings: Settings, registry: Registry) -> Iterator[tuple[Runtime, TestClient]]:
    """A service in which both people left traces through every door."""
    runtime = Runtime(settings, registry)
    both, lake = [ANN, BOB], runtime.lake
    lake.append("customers", pd.DataFrame({"customer_id": both, "x_name": [ANN, BOB]}))
    lake.append("payments", pd.DataFrame([payment(f"old-{of(c)}", c) for c in both]))
    lake.append(
        "identities",
        pd.DataFrame(
            {"visitor_id": ["vis-ann-1", "vis-bob-1"], "customer_id": both, "linked_at": NOON}
        ),
    )
    seen = [event(f"lake-{name}", visitor_id=name) for name in ("vis-ann-1", "vis-bob-1")]
    lake.append("events", pd.DataFrame(seen))
    runtime.store.materialize(NOON)
    with TestClient(create_app(settings, runtime)) as client:
        for customer in both:
            who, key = of(customer), {"Idempotency-Key": f"key-{customer}"}
            listed = {"list": "watch", "column": "customer_id", "value": customer}
            listed["reason"] = f"customer {customer} rang, says {customer}"
            visits = [event(f"http-{who}", visitor_id=f"vis-{who}-2")]
            for path, body in (
                ("/v1/fraud/decisions", payment(f"new-{who}", customer)),
                ("/v1/fraud/lists", listed),
                ("/v1/events", {"events": [*visits, event(f"own-{who}", customer_id=customer)]}),
                ("/v1/identities", {"visitor_id": f"vis-{who}-2", "customer_id": customer}),
            ):
                answer = client.post(path, json=body, headers=key)
                assert answer.is_success, answer.text
        yield runtime, client


def texts_of_files(home: Path) -> Iterator[tuple[str, str]]:
    """Every file as text; Parquet and SQLite by their rows, and SQLite also as it lies on disk."""
    for path in sorted(each for each in home.rglob("*") if each.is_file()):
        if path.suffix == ".parquet":
            yield path.name, pd.read_parquet(path).to_csv()
        else:
            yield path.name, path.read_bytes().decode("latin-1")


def texts_of_records(runtime: Runtime) -> Iterator[tuple[str, str]]:
    for table in runtime.records.tables.metadata.sorted_tables:
        rows = runtime.records.database.read(
            lambda c, table=table: c.execute(sa.select(table)).all()
        )
        yield table.name, str(rows)


def holding(texts: Iterator[tuple[str, str]], secret: str) -> list[str]:
    return [name for name, text in texts if secret in text]


def settle(home: Path) -> None:
    """SQLite keeps former pages in its log until it is written back, which it does by itself."""
    for path in home.rglob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")


@pytest.fixture
def shop(settings: Settings) -> Settings:
    return settings.model_copy(update={"use_cases": ("recommendation", "fraud")})


def test_no_file_and_no_table_holds_an_erased_person(shop: Settings, registry: Registry) -> None:
    for runtime, _ in served(shop, registry):
        for secret in SECRETS:  # the search finds what is there
            assert holding(texts_of_files(shop.home), secret), secret
        told = found(runtime, ANN)
        assert {each["event_id"] for each in told["lake"]["events"]} == {"e-lake-vis-ann-1"}
        assert {each["event_id"] for each in told["records"]["events"]} == {
            "e-http-ann",
            "e-own-ann",
        }
        erase(runtime, ANN)
        for look in runtime.watched:  # the counters are filled anew, without them
            look()
        settle(shop.home)
        for secret in SECRETS:
            assert holding(texts_of_records(runtime), secret) == [], secret
            assert holding(texts_of_files(shop.home), secret) == [], secret
        for other in KEPT:
            assert holding(texts_of_files(shop.home), other), other
        lake = runtime.lake.read("payments").set_index("payment_id")
        assert lake.loc["old-bob", "x_note"] == "likes-bob-likes"
        assert pd.isna(lake.loc["old-ann", "x_note"])
        assert lake.loc["old-ann", "amount"] == 10.0  # the books stay
        assert not any(found(runtime, ANN)["lake"].values())


@pytest.mark.services
def test_neither_redis_nor_postgres_holds_an_erased_person(
    shop: Settings, registry: Registry, redis_url: str, postgres_url: str, namespace: str
) -> None:
    places = {"database_url": postgres_url, "online_store_url": redis_url}
    places |= {"counters_url": redis_url, "namespace": namespace}
    given = shop.model_copy(update=places)
    with closing(redis.Redis.from_url(redis_url)) as stored:

        def texts() -> Iterator[tuple[str, str]]:
            for key in stored.scan_iter(match=f"*{namespace}*", count=1000):
                kind = stored.type(key)
                value = stored.hgetall(key) if kind == b"hash" else stored.dump(key)
                yield str(key), f"{key!r} {value!r}"

        for runtime, _ in served(given, registry):
            erase(runtime, ANN)
            for look in runtime.watched:
                look()
            for secret in SECRETS:
                assert holding(texts_of_records(runtime), secret) == [], secret
                assert holding(texts(), secret) == [], secret


def test_a_visitor_of_two_customers_stays_with_the_other(
    shop: Settings, registry: Registry
) -> None:
    for runtime, client in served(shop, registry):
        shared = {"visitor_id": "vis-ann-2", "customer_id": BOB}
        client.post("/v1/identities", json=shared)
        runtime.records.add_events([event("shared", **shared) | {"occurred_at": NOON}])
        erase(runtime, ANN)
        events = runtime.records.pending("events")[0]
        assert "e-shared" in set(events["event_id"])
        assert "e-http-ann" not in set(events["event_id"])


def test_machines_with_a_home_in_a_bucket_share_the_key_and_the_receipts(
    bucket: str, tmp_path: Path
) -> None:
    here, there = (
        Settings(home=bucket, cache=tmp_path / name)  # type: ignore[arg-type]  # as in the environment
        for name in ("here", "there")
    )
    share_private(here)
    share_private(there)
    assert keyed(here.home)("c1") == keyed(there.home)("c1")
    assert key_file(there.home).stat().st_mode & 0o077 == 0
    receipt_folder(here.home).mkdir()
    (receipt_folder(here.home) / "er_1.json").write_text("{}")
    share_private(here)
    assert receipts(there) == ["er_1.json"]
