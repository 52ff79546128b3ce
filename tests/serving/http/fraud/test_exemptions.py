"""Exemptions from strong customer authentication, as the answers propose them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from data.settings import Settings
from decisions.fraud.filling import fill
from features.counters import SqliteCounters
from features.fraud import PLAN, UNPROVEN, event
from models.base import Release
from tests.serving.http.fraud import test_routes as base
from tests.serving.http.fraud.test_payment_cases import NOON, FirstDay

home, release, shop_settings, Shop = base.home, base.release, base.shop_settings, base.Shop


@pytest.fixture
def day(settings: Settings) -> Iterator[FirstDay]:
    made = FirstDay(settings)
    with made.client:
        yield made


def kind(day: FirstDay, payment_id: str) -> str | None:
    found = day.client.get(f"/v1/fraud/decisions/{payment_id}").json()["exemption"]
    return found and str(found["kind"])


def small(day: FirstDay, count: int, start: int = 0, **given: Any) -> list[str | None]:
    """What is proposed for payments of 12 EUR in a row with one card."""
    found = []
    for number in range(start, start + count):
        at = NOON + timedelta(hours=number)
        day.decide(f"p{number}", at, card_id="k", amount=12.0, **given)
        found.append(kind(day, f"p{number}"))
    return found


def test_five_small_payments_in_a_row_and_again_after_a_challenge(day: FirstDay) -> None:
    assert small(day, 7) == ["low_value"] * 5 + [None] * 2
    proven = {"payment_id": "p6", "outcome": "captured", "authentication": "challenged"}
    day.post("outcomes", outcomes=[proven])
    assert small(day, 1, 7) == ["low_value"]
    at = NOON + timedelta(hours=9)
    day.decide("proven", at, card_id="k", amount=90.0, authentication="challenged")
    assert kind(day, "proven") is None
    assert small(day, 6, 10) == ["low_value"] * 5 + [None]


def test_small_payments_together_are_at_most_a_hundred(day: FirstDay) -> None:
    day.decide("first", card_id="k", amount=80.0)
    assert kind(day, "first") is None
    assert small(day, 3) == ["low_value", None, None]  # 92, 104, 116


def test_a_retry_is_no_other_payment_in_a_row(day: FirstDay) -> None:
    day.decide("p", card_id="k", amount=12.0)
    for number in range(3):
        day.decide(f"r{number}", card_id="k", amount=12.0, retry_of="p")
    assert small(day, 5)[3:] == ["low_value", None]


def test_streaks_survive_a_refill(day: FirstDay) -> None:
    small(day, 3)
    proven = {"payment_id": "p0", "outcome": "captured", "authentication": "challenged"}
    day.post("outcomes", outcomes=[proven])
    anew = SqliteCounters(":memory:", PLAN)
    fill(anew, day.runtime)
    places = [PLAN.names.index(name) for name in UNPROVEN.names]
    asked = {"payment_id": "x", "attempted_at": NOON + timedelta(days=1), "card_id": "k"}
    # By the tables the first was authenticated when it was made: two followed.
    assert anew.observe(event(asked, 1.0))[places].tolist() == [2.0, 24.0]


@pytest.mark.parametrize("given", [{"billing_country": "US"}, {"card_id": None}])
def test_elsewhere_there_is_nothing_to_exempt(day: FirstDay, given: dict[str, Any]) -> None:
    day.decide("p", **{"card_id": "k", "amount": 12.0, **given})
    assert kind(day, "p") is None


def test_what_is_not_allowed_is_not_exempted(day: FirstDay) -> None:
    rule = {"name": "all", "text": "all", "when": "amount > 1.0", "action": "challenge"}
    day.post("rules", **rule)
    assert day.decide("p", card_id="k", amount=12.0) == "challenge"
    assert kind(day, "p") is None


def test_amounts_are_compared_in_euro(day: FirstDay) -> None:
    day.decide("unknown", card_id="k", amount=12.0, currency="SEK")
    assert kind(day, "unknown") is None
    rates = pd.DataFrame({"rate_date": ["2026-01-01"], "currency": ["SEK"], "rate": [0.1]})
    day.runtime.lake.append("fx_rates", rates)
    for look in day.runtime.watched:
        look()
    day.decide("small", card_id="k2", amount=290.0, currency="SEK")
    day.decide("large", card_id="k3", amount=310.0, currency="SEK")
    assert (kind(day, "small"), kind(day, "large")) == ("low_value", None)


def test_a_shop_with_little_fraud_analyses_risk(shop_settings: Any, release: Release) -> None:
    shop = Shop(shop_settings, release)
    shop.runtime.release = lambda row: release if row == "fraud" else None
    with shop.client:
        assert (asked(shop, "dear", amount=90.0)) == ("allow", None)  # 15 % of all is fraud
    lake = shop.runtime.lake
    many = pd.DataFrame(
        {
            "payment_id": ["great"],
            "attempted_at": [pd.Timestamp("2025-02-01", tz="UTC")],
            "customer_id": ["c"],
            "amount": [1e8],
            "currency": ["EUR"],
        }
    )
    lake.append("payments", many)
    for look in shop.runtime.watched:
        look()
    with shop.client:
        said, told = asked(shop, "again", amount=90.0)
    assert (said, told and told["kind"]) == ("allow", "transaction_risk_analysis")


def asked(shop: Any, name: str, **given: Any) -> tuple[str, Any]:
    body = {"payment_id": name, "card_id": "k1", "device_id": "d1", "customer_id": "c1"}
    body |= {"shipping_country": "DE", "ip_address": "203.0.113.1", "ip_country": None}
    found = shop.decide(**body, address_match=True, **given).json()
    return found["decision"], found["exemption"]
