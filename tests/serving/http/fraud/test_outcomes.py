"""Outcomes over HTTP: live counters hold what counters that are filled anew hold."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from data.settings import Settings
from decisions.fraud.filling import fill
from decisions.fraud.outcomes import outcome_events
from features.counters import Counters, SqliteCounters
from features.fraud import PLAN, event
from tests.serving.http.fraud.test_payment_cases import NOON, FirstDay

DECLINES = [PLAN.names.index(f"{key}_declines_1d") for key in ("card", "shop")]


@pytest.fixture(params=["sqlite", "redis"])
def day(request: pytest.FixtureRequest, settings: Settings) -> Iterator[FirstDay]:
    if request.param == "redis":
        more = {"counters_url": request.getfixturevalue("redis_url")}
        more["namespace"] = request.getfixturevalue("namespace")
        settings = settings.model_copy(update=more)
    shop = FirstDay(settings)
    with shop.client:
        yield shop


def tell(day: FirstDay, payment_id: str, outcome: str, **given: Any) -> None:
    day.post("outcomes", outcomes=[{"payment_id": payment_id, "outcome": outcome, **given}])


def declines(counters: Counters, name: str) -> list[float]:
    """Declines of the card and of the shop in a day, before a payment with the card."""
    at = NOON + timedelta(hours=1)
    asked = {"payment_id": name, "attempted_at": at, "customer_id": "c", "card_id": "k"}
    return [float(each) for each in counters.observe(event(asked, 1.0))[DECLINES]]


def live(day: FirstDay, name: str = "live") -> list[float]:
    day.decide(name, NOON + timedelta(hours=1), card_id="k")
    seen = day.runtime.records.decision(name).features
    return [seen["card_declines_1d"], seen["shop_declines_1d"]]


def anew(day: FirstDay) -> list[float]:
    counters = SqliteCounters(":memory:", PLAN)
    fill(counters, day.runtime)
    found = declines(counters, "anew")
    counters.close()
    return found


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["declined", "captured"], 0),
        (["captured", "declined"], 1),
        (["declined", "captured", "refunded"], 0),
        (["refunded", "declined", "declined"], 1),
        (["declined", "captured", "declined", "captured"], 0),
    ],
)
def test_the_last_word_on_a_payment_counts(
    day: FirstDay, outcomes: list[str], expected: int
) -> None:
    day.decide("p", card_id="k")
    for outcome in outcomes:
        tell(day, "p", outcome)
    assert anew(day) == [expected, expected]
    assert live(day) == [expected, expected]


def test_outcomes_that_come_in_another_order_than_they_happened(day: FirstDay) -> None:
    day.decide("p", card_id="k")
    tell(day, "p", "captured", outcome_at="2026-03-02T12:05:00Z")
    tell(day, "p", "declined", outcome_at="2026-03-02T12:01:00Z")
    assert anew(day) == live(day) == [0, 0]


def test_a_decline_that_was_technical_after_all(day: FirstDay) -> None:
    day.decide("p", card_id="k")
    tell(day, "p", "declined")
    tell(day, "p", "declined", technical_error=True)
    assert anew(day) == live(day) == [0, 0]


def test_a_blocked_payment_that_was_captured_after_all(day: FirstDay) -> None:
    day.decide("p", card_id="k", outcome="declined")
    tell(day, "p", "captured")
    assert anew(day) == live(day) == [0, 0]


def test_a_purchase_is_declined_while_one_attempt_of_it_is(day: FirstDay) -> None:
    day.decide("p", card_id="k")
    tell(day, "p", "declined")
    day.decide("q", NOON + timedelta(minutes=1), card_id="k", retry_of="p")
    tell(day, "q", "declined")
    tell(day, "q", "captured")
    assert anew(day) == [1, 1]
    tell(day, "p", "captured")
    assert anew(day) == live(day) == [0, 0]


def test_any_outcomes_in_any_order(day: FirstDay) -> None:
    draw = np.random.default_rng(1)
    names = [f"p{n}" for n in range(6)]
    for number, name in enumerate(names):
        given = {"retry_of": "p0"} if number in {1, 2} else {}
        day.decide(name, NOON + timedelta(minutes=number), card_id="k", **given)
    for _ in range(40):
        told = {"technical_error": bool(draw.random() < 0.2)}
        if draw.random() < 0.3:
            told["outcome_at"] = f"2026-03-03T12:{draw.integers(10, 60)}:00Z"
        tell(day, str(draw.choice(names)), str(draw.choice(["captured", "declined"])), **told)
    assert anew(day) == live(day)


def test_one_decline_that_two_workers_are_told_of_at_once(day: FirstDay) -> None:
    """Neither sees the other's note yet: they count one event."""
    day.decide("p", card_id="k")
    tell(day, "p", "declined")
    (first,) = outcome_events(day.runtime, ["p"], after=0)
    tell(day, "p", "declined")
    (second,) = outcome_events(day.runtime, ["p"], after=0)
    assert first.id == second.id


def test_a_declined_retry_between_outcomes_of_the_first_attempt(day: FirstDay) -> None:
    day.decide("p", card_id="k")
    tell(day, "p", "declined")
    tell(day, "p", "captured")
    day.decide("q", NOON + timedelta(minutes=1), card_id="k", retry_of="p", outcome="declined")
    assert anew(day) == [1, 1]
    tell(day, "q", "captured")
    assert anew(day) == live(day) == [0, 0]


def test_outcomes_told_again_change_nothing_after_a_refill(day: FirstDay) -> None:
    day.decide("p", card_id="k")
    tell(day, "p", "declined", authentication="challenged")
    engine_counters = SqliteCounters(":memory:", PLAN)
    fill(engine_counters, day.runtime)
    tell(day, "p", "declined")
    assert anew(day) == live(day) == [1, 1]
    assert declines(engine_counters, "x") == [1, 1]
    engine_counters.close()


def test_no_more_is_refunded_than_was_paid(day: FirstDay) -> None:
    day.decide("p")
    right = {"payment_id": "p", "outcome": "refunded", "refunded_amount": 30.0}
    wrong = right | {"refunded_amount": 30.01}
    answer = day.client.post("/v1/fraud/outcomes", json={"outcomes": [right, wrong]})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == "/outcomes/1/refunded_amount"
    assert "30.01 is more than the amount paid, 30.0" in fault["message"]
    assert day.runtime.records.journal.of("fraud_outcome") == []
    answer = day.client.post("/v1/fraud/outcomes", json={"outcomes": [right]})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"amount": -1.0}, "/amount"),
        ({"refunded_amount": 30.5}, "/refunded_amount"),
        ({"refunded_amount": 30}, None),
    ],
)
def test_amounts_of_a_payment_that_is_decided(
    day: FirstDay, given: dict[str, Any], pointer: str | None
) -> None:
    body = {"payment_id": "p", "attempted_at": NOON.isoformat(), "customer_id": "c"}
    body |= {"amount": 30.0, "currency": "EUR"} | given
    answer = day.client.post("/v1/fraud/decisions", json=body)
    told = [fault["pointer"] for fault in answer.json().get("errors", ())]
    assert told == ([pointer] if pointer else [])
