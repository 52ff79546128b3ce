"""What an attacker or a broken client sends: nothing stops, leaks or counts twice."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from features.counters import Counters, RedisCounters, SqliteCounters
from features.fraud import PLAN, event
from features.windows import PARTNER_CAP, WINDOWS
from models.base import Release
from tests.serving.http.fraud import test_routes as base

home, release, shop_settings, Shop = base.home, base.release, base.shop_settings, base.Shop
AT = datetime(2025, 3, 1, 10, tzinfo=UTC)
PLACE = {name: place for place, name in enumerate(PLAN.names)}


@pytest.fixture
def shop(shop_settings: Any, release: Release) -> Iterator[Any]:
    shop = Shop(shop_settings, release)
    with shop.client:
        yield shop


@pytest.fixture(params=["sqlite", "redis"])
def counters(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Counters]:
    if request.param == "redis":
        made: Counters = RedisCounters(
            request.getfixturevalue("redis_url"), PLAN, namespace=namespace
        )
    else:
        made = SqliteCounters(tmp_path / "counters.db", PLAN)
    yield made
    made.close()


def paid(name: str, seconds: float = 0.0, **more: Any) -> dict[str, Any]:
    row = {"payment_id": name, "attempted_at": AT + timedelta(seconds=seconds), "customer_id": "c"}
    return row | more


def test_a_thousand_payments_in_a_second_on_one_card(counters: Counters) -> None:
    """Every one is counted, once, whoever comes first; a value is one of those it could be."""
    rows = [paid(f"p{n}", n / 1000, card_id="hot", device_id=f"d{n}") for n in range(1_000)]

    def ask(row: dict[str, Any]) -> float:
        return float(counters.observe(event(row, 1.0))[PLACE["card_count_1m"]])

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(ask, rows))
    assert sorted(seen) == list(range(1_000))
    last = counters.observe(event(paid("last", 2, card_id="hot"), 1.0))
    assert last[PLACE["card_count"]] == 1_000
    assert last[PLACE["card_amount"]] == 1_000.0
    assert last[PLACE["card_devices_1d"]] == PARTNER_CAP


def test_a_hot_address_costs_what_a_cold_one_does(tmp_path: Path) -> None:
    """A day of attacks on one IP address: its state stays small, its answer quick."""
    counters = SqliteCounters(tmp_path / "counters.db", PLAN)
    for n in range(1_500):
        row = paid(f"p{n}", n * 57.6, ip_address="hot", card_id=f"k{n}", email_hash=f"e{n}")
        counters.observe(event(row, 1.0))
    stored = counters._db.execute("select max(length(state)) from state where key like 'ip:%'")
    buckets = sum(window.buckets for window in WINDOWS)
    assert stored.fetchone()[0] < buckets * 60 + 2 * PARTNER_CAP * 40
    began = time.process_time()
    found = counters.observe(event(paid("q", 86_400, ip_address="hot"), 1.0))
    assert time.process_time() - began < 0.05
    assert found[PLACE["ip_count"]] == 1_500
    counters.close()


def test_a_clock_that_goes_backwards(counters: Counters) -> None:
    """A late payment counts at the key's newest time; nothing becomes negative."""
    for n, seconds in enumerate([100, 50, 99, 0, 101]):
        values = counters.observe(event(paid(f"p{n}", seconds, card_id="k"), 5.0))
        assert values[PLACE["card_count"]] == n
        since = values[PLACE["card_since_last"]]
        assert np.isnan(since) if n == 0 else since >= 0
    assert values[PLACE["card_count_1m"]] == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email_hash", "m\u0430x@example.com"),  # Cyrillic a
        ("email_hash", "max\u200b@example.com"),  # zero-width space
        ("email_hash", "\u202emoc.elpmaxe@xam"),  # right to left
        ("email_hash", "ｍａｘ@example.com"),
        ("card_id", "tok_\U0001f4b3"),
        ("x_note", "'; drop table argosy_decisions; --"),
        ("x_note", "{{7*7}} ${jndi:ldap://x} \\u0000"),
    ],
)
def test_odd_texts_are_values_like_others(shop: Any, name: str, value: str) -> None:
    answer = shop.decide(**{name: value})
    assert answer.status_code == 200, answer.text
    assert shop.runtime.records.decision("pay-10001").payment[name] == value
    assert shop.decide(**{name: value}).json() == answer.json()


@pytest.mark.parametrize("name", ["payment_id", "email_hash", "x_note", "channel", "x_new", "zzz"])
def test_a_field_of_a_megabyte_is_refused(
    shop: Any, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = shop.decide(**{name: "A" * 1_000_000})
    assert answer.status_code in {413, 422}
    assert len(answer.content) < 20_000
    assert "A" * 1_000 not in caplog.text
    assert shop.runtime.records.decision("pay-10001") is None


def test_deep_and_wide_bodies_are_refused(shop: Any) -> None:
    plain = orjson.dumps(dict(base.EXAMPLE))
    deep = plain[:-1] + b',"x_deep":' + b"[" * 900 + b"]" * 900 + b"}"
    wide = orjson.dumps(base.EXAMPLE | {f"x_{n}": n for n in range(5_000)})
    for body in (deep, wide):
        kind = {"content-type": "application/json"}
        answer = shop.client.post("/v1/fraud/decisions", content=body, headers=kind)
        assert answer.status_code in {400, 413, 422}, answer.text


def test_one_id_with_many_bodies_at_once(shop: Any) -> None:
    """One of them is decided; every other body is told so; it counts once."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: shop.decide(amount=float(n % 4 + 1)), range(16)))
    assert sorted({answer.status_code for answer in answers}) == [200, 409]
    stored = shop.runtime.records.decision("pay-10001")
    told = {a.json()["decision_id"] for a in answers if a.status_code == 200}
    assert told == {stored.decision_id}
    shop.decide(payment_id="next")
    assert shop.seen("next")["card_count"] == 1


@pytest.mark.parametrize("path", ["labels", "outcomes", "lists", "rules", "reviews", "returns"])
def test_card_numbers_are_refused_everywhere(
    shop: Any, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    number = base.CARD_NUMBER
    body = {"value": number, "note": number, "text": number, "labels": [{"reason": number}]}
    with caplog.at_level(logging.DEBUG):
        answer = shop.client.post(f"/v1/fraud/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "card_data_refused"
    assert number not in answer.text + caplog.text
    kept = [file.read_bytes() for file in shop.runtime.settings.home.rglob("*.db*")]
    assert not any(number.encode() in content for content in kept)
