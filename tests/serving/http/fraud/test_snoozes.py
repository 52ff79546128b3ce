"""Rules that are snoozed for one customer, over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data.settings import Settings
from decisions.fraud.replay import replay
from tests.serving.http.fraud.test_payment_cases import FirstDay

SOON = datetime.now(UTC) + timedelta(days=3)


@pytest.fixture
def day(settings: Settings) -> Iterator[FirstDay]:
    made = FirstDay(settings)
    with made.client:
        rule = {"name": "dear", "text": "a dear one", "when": "amount > 90.0", "action": "review"}
        made.post("rules", **rule)
        yield made


def snooze(day: FirstDay, **given: Any) -> Any:
    body = {"rule": "dear", "customer_id": "c", "until": SOON.isoformat(), "reason": "an office"}
    return day.client.post("/v1/fraud/rules/snoozes", json=body | given)


def test_it_does_not_hold_for_the_customer_who_is_told_so(day: FirstDay) -> None:
    assert day.decide("before", amount=100.0) == "review"
    made = snooze(day)
    assert made.status_code == 201, made.text
    assert day.decide("after", amount=100.0) == "allow"
    assert day.decide("other", amount=100.0, customer_id="d") == "review"
    found = day.client.get("/v1/fraud/decisions/after").json()
    assert found["rules_hit"] == []
    assert [each["text"] for each in found["reasons"]] == ["snoozed for this customer: a dear one"]
    (listed,) = day.client.get("/v1/fraud/rules/snoozes").json()["data"]
    assert listed == made.json()
    decision = day.runtime.records.decision("after")
    assert decision is not None
    assert replay(decision, day.runtime.records, day.runtime.registry).same


def test_it_ends_at_its_time(day: FirstDay) -> None:
    snooze(day)
    assert snooze(day, until="2026-01-01T00:00:00Z").status_code == 201
    assert day.decide("p", amount=100.0) == "review"
    assert day.client.get("/v1/fraud/rules/snoozes").json()["data"] == []


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"rule": "nothing"}, "/rule"),
        ({"rule": "card_testing_device"}, "/rule"),
        ({"rule": "block_listed"}, "/rule"),
        ({"until": None}, "/until"),
        ({"reason": "  "}, "/reason"),
        ({"customer_id": ""}, "/customer_id"),
    ],
)
def test_what_cannot_be_snoozed_is_said(day: FirstDay, given: dict[str, Any], pointer: str) -> None:
    answer = snooze(day, **given)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_rules_about_orders_sleep_too(day: FirstDay) -> None:
    rule = {"name": "big", "text": "big", "when": "amount > 1.0", "action": "block"}
    day.post("rules", about="order", **rule)
    day.decide("p")
    assert day.order("p") == "block"
    snooze(day, rule="big")
    assert day.order("p", order_id="again") == "allow"


def test_an_erased_customer_stands_on_no_list_and_in_no_snooze(day: FirstDay) -> None:
    who = "customer-17"
    entry = {"list": "watch", "column": "customer_id", "value": who, "reason": f"{who} called"}
    day.post("lists", **entry)
    snooze(day, customer_id=who)
    assert day.client.delete(f"/v1/customers/{who}").is_success
    for path in ("lists", "rules/snoozes"):
        answer = day.client.get(f"/v1/fraud/{path}")
        assert len(answer.json()["data"]) == 1
        assert who not in answer.text
