"""Attempts of one payment over HTTP: retries after declines and after 3-D Secure."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.fraud.filling import fill, known_payments
from features.counters import SqliteCounters
from features.fraud import PLAN, event, payment_velocity
from models.base import Release
from models.fraud import Costs, FraudPolicy
from tests.serving.http.fraud import test_routes as base
from tests.serving.http.fraud.test_payment_cases import NOON, FirstDay

home, release, shop_settings, Shop = base.home, base.release, base.shop_settings, base.Shop


@pytest.fixture
def day(settings: Settings) -> Iterator[FirstDay]:
    made = FirstDay(settings)
    with made.client:
        yield made


def told(client: TestClient, payment_id: str) -> Any:
    return client.get(f"/v1/fraud/decisions/{payment_id}").json()


def facts(day: FirstDay, payment_id: str) -> Any:
    decision = day.runtime.records.decision(payment_id)
    assert decision is not None
    return decision.features


def test_a_retry_is_decided_anew_and_names_its_attempts(day: FirstDay) -> None:
    day.decide("p1", card_id="k")
    day.declined("p1")
    assert day.decide("p2", NOON + timedelta(minutes=1), card_id="k", retry_of="p1") == "allow"
    found = told(day.client, "p2")["attempts"]
    assert (found["number"], found["retry_of"], found["link"]) == (2, "p1", "linked")
    first, second = found["attempts"]
    assert (first["payment_id"], first["number"], first["decision"]) == ("p1", 1, "allow")
    assert first["outcome"] == "declined"
    assert (second["payment_id"], second["outcome"]) == ("p2", None)


def test_the_first_attempt_names_those_that_came_later(day: FirstDay) -> None:
    for number in range(3):
        at = NOON + timedelta(minutes=number)
        day.decide(f"p{number}", at, card_id="k", retry_of="p0" if number else None)
    for number in range(3):
        found = told(day.client, f"p{number}")["attempts"]
        assert found["number"] == number + 1
        assert [each["payment_id"] for each in found["attempts"]] == ["p0", "p1", "p2"]


def test_an_ordinary_payment_has_no_attempts(day: FirstDay) -> None:
    day.decide("p")
    assert told(day.client, "p")["attempts"] is None


@pytest.mark.parametrize(
    ("named", "link"),
    [
        ("nothing", "unknown_payment"),
        ("other", "other_customer"),
        ("p", "same_payment"),
        ("later", "later_payment"),
    ],
)
def test_what_is_no_retry_is_an_ordinary_payment_and_says_so(
    day: FirstDay, named: str, link: str
) -> None:
    day.decide("other", customer_id="d", card_id="k")
    day.decide("later", NOON + timedelta(hours=1), card_id="k2")
    day.decide("p", card_id="k", retry_of=named)
    found = told(day.client, "p")["attempts"]
    assert found == {"number": 1, "retry_of": named, "link": link, "attempts": []}
    day.decide("next", card_id="k")
    assert facts(day, "next")["card_count"] == 2


def test_the_answer_is_the_same_when_asked_again(day: FirstDay) -> None:
    day.decide("p1", card_id="k")
    body = {"payment_id": "p2", "attempted_at": NOON.isoformat(), "customer_id": "c"}
    body |= {"amount": 30.0, "currency": "EUR", "card_id": "k", "retry_of": "p1"}
    first = day.client.post("/v1/fraud/decisions", json=body).json()
    assert first["attempts"]["number"] == 2
    day.declined("p1")
    assert day.client.post("/v1/fraud/decisions", json=body).json() == first


def test_a_person_who_tries_one_card_again_is_no_card_tester(day: FirstDay) -> None:
    """Three attempts count once, for their own card and for the whole shop."""
    names = ["p0", "p1", "p2"]
    for number, name in enumerate(names):
        at = NOON + timedelta(minutes=number)
        given = {
            "card_id": "k",
            "device_id": "d",
            "retry_of": names[number - 1] if number else None,
        }
        assert day.decide(name, at, **given) == "allow"
        day.declined(name)
    day.decide("next", NOON + timedelta(minutes=9), card_id="k", device_id="d")
    seen = facts(day, "next")
    assert (seen["card_count"], seen["card_declines_1h"], seen["shop_declines_1h"]) == (1, 1, 1)


def test_many_cards_for_one_payment_are_card_testing(day: FirstDay) -> None:
    said = []
    for number in range(6):  # on several days, so that no count of a day sees them
        at = NOON + timedelta(days=number)
        given = {"card_id": f"k{number}", "retry_of": "p0" if number else None}
        said.append(day.decide(f"p{number}", at, customer_id="c", device_id=f"d{number}", **given))
        day.declined(f"p{number}")
    assert said == ["allow"] * 3 + ["block"] * 3
    assert "card_testing_retries" in told(day.client, "p3")["rules_hit"]


def test_who_failed_to_authenticate_is_challenged_and_then_passes(day: FirstDay) -> None:
    day.decide("p0", card_id="k")
    failed = {"payment_id": "p0", "outcome": "declined", "authentication": "failed"}
    day.post("outcomes", outcomes=[failed])
    minute = timedelta(minutes=1)
    assert day.decide("p1", NOON + minute, card_id="k", retry_of="p0") == "challenge"
    given = {"card_id": "k", "retry_of": "p1", "authentication": "challenged"}
    assert day.decide("p2", NOON + 2 * minute, **given) == "allow"
    assert told(day.client, "p2")["reasons"][0]["code"] == "CHALLENGE_PASSED"


def test_a_passed_challenge_is_not_asked_for_again(shop_settings: Any, release: Release) -> None:
    shop = Shop(shop_settings, release)
    with shop.client:
        rule = {"name": "dear", "text": "dear", "when": "amount > 50.0", "action": "challenge"}
        shop.client.post("/v1/fraud/rules", json=rule)
        assert shop.decide(payment_id="p0", device_id="d", amount=60.0).json()["decision"] in {
            "challenge",
            "block",
        }
        again = {"device_id": "d", "amount": 60.0, "retry_of": "p0", "payment_id": "p1"}
        found = shop.decide(**again, authentication="challenged").json()
        assert found["decision"] != "challenge"


def test_a_retry_counts_alike_after_a_refill(day: FirstDay) -> None:
    for number in range(3):
        at = NOON + timedelta(minutes=number)
        day.decide(f"p{number}", at, card_id="k", retry_of="p0" if number else None)
        day.declined(f"p{number}")
    anew = SqliteCounters(":memory:", PLAN)
    fill(anew, day.runtime)
    places = [PLAN.names.index(f"card_{name}") for name in ("count", "declines_1h")]
    asked = {"payment_id": "x", "attempted_at": NOON + timedelta(minutes=5), "card_id": "k"}
    assert anew.observe(event(asked, 1.0))[places].tolist() == [1.0, 1.0]


def test_served_velocities_of_retries_are_those_of_the_batch(day: FirstDay) -> None:
    cards = ["k", "k", "other", "other", "k"]
    for number, card in enumerate(cards):
        at = NOON + timedelta(minutes=number)
        day.decide(f"p{number}", at, card_id=card, retry_of="p0" if number else None)
        if number % 2 == 0:
            day.declined(f"p{number}")
    payments = known_payments(day.runtime)
    labels = day.runtime.lake.read("chargebacks")
    batch = payment_velocity(payments, labels, payments["amount"].astype(float))
    for place, name in zip(batch.index, payments["payment_id"], strict=True):
        for feature in ("card_count", "card_declines_1h", "customer_amount_1d", "shop_count_1h"):
            served = facts(day, name)[feature]
            assert np.isclose(served, batch.loc[place, feature], equal_nan=True), (name, feature)


def test_a_purchase_counts_once_in_the_reports(day: FirstDay) -> None:
    day.decide("p0", card_id="k", amount=100.0)
    day.decide("p1", NOON, card_id="k", amount=100.0, retry_of="p0")
    day.decide("p2", NOON, card_id="other", amount=100.0, retry_of="p1")
    day.decide("alone", customer_id="d", amount=7.0)
    for name in ("p0", "p2"):
        day.labelled(name)
    (line,) = day.client.get("/v1/fraud/watch").json()["data"]
    assert (line["decisions"], line["frauds"]) == (2, 1)
    (row,) = day.runtime.records.decision_sums.by_day(NOON)
    assert row["amount"] == pytest.approx(107.0)
    found = day.client.get("/v1/fraud/monitoring-programmes").json()["data"]
    assert {each["reports"] for each in found} == {0, 1}
    assert {each["payments"] for each in found} == {0, 2}


def test_a_reported_attempt_stops_the_order_of_its_purchase(day: FirstDay) -> None:
    day.decide("p0", card_id="k")
    day.decide("p1", card_id="k", retry_of="p0")
    assert day.order("p1") == "allow"
    day.labelled("p0")
    assert day.order("p1", order_id="again") == "block"


def test_a_payment_of_the_lake_can_be_retried(day: FirstDay) -> None:
    rows = [{"payment_id": "old", "retry_of": "older"}, {"payment_id": "older", "retry_of": "old"}]
    payments = pd.DataFrame(rows).assign(
        attempted_at=[NOON - timedelta(minutes=1), NOON - timedelta(minutes=2)],
        customer_id="c",
        amount=30.0,
        currency="EUR",
        card_id="k",
        outcome="declined",
    )
    day.runtime.lake.append("payments", payments)
    day.decide("p", card_id="k", retry_of="old")
    day.decide("q", card_id="k", retry_of="old")
    found = told(day.client, "q")["attempts"]
    assert [each["payment_id"] for each in found["attempts"]] == ["older", "old", "p", "q"]
    assert found["attempts"][1]["decision"] is None


def test_a_rule_may_name_the_attempt(day: FirstDay) -> None:
    rule = {"name": "second", "text": "a second attempt", "action": "review"}
    when = 'attempt_number == 2.0 && earlier_outcome == "declined" && earlier_decision == "allow"'
    day.post("rules", when=when, **rule)
    day.decide("p0", card_id="k")
    day.declined("p0")
    assert day.decide("p1", card_id="k", retry_of="p0") == "review"
    assert day.decide("alone", card_id="k") == "allow"


def test_who_passed_a_challenge_is_less_likely_a_fraud() -> None:
    policy = FraudPolicy(Costs())
    assert policy.action(0.2, 50.0) == "challenge"
    assert policy.action_after_challenge(0.2, 50.0) == "allow"
    assert policy.action_after_challenge(0.999, 50.0) == "block"
