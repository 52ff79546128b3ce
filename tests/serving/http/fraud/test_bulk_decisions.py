"""Several payments decided at once."""

from collections.abc import Iterator
from typing import Any

import pytest

from data.settings import Settings
from tests.serving.http.fraud.test_payment_cases import NOON, FirstDay


@pytest.fixture
def day(settings: Settings) -> Iterator[FirstDay]:
    made = FirstDay(settings)
    with made.client:
        yield made


def payment(name: str, **more: Any) -> dict[str, Any]:
    body = {"payment_id": name, "attempted_at": NOON.isoformat(), "customer_id": "c"}
    body |= {"amount": 30.0, "currency": "EUR", "card_id": "k", "address_match": True}
    return body | {"billing_country": "DE", "shipping_country": "DE"} | more


def post(day: FirstDay, *payments: dict[str, Any], **headers: str) -> Any:
    body = {"payments": list(payments)}
    return day.client.post("/v1/fraud/decisions:bulk", json=body, headers=headers)


def test_each_is_decided_after_those_before_it(day: FirstDay) -> None:
    cards = [payment(f"p{n}", card_id=f"k{n}") for n in range(5)]
    found = post(day, *cards).json()["data"]
    assert [each["status"] for each in found] == ["decided"] * 5
    said = [each["decision"]["decision"] for each in found]
    assert said == ["allow"] * 3 + ["block"] * 2  # the fourth card of one customer
    alone = day.client.get("/v1/fraud/decisions/p4").json()
    assert alone == found[4]["decision"]


def test_a_retry_may_stand_beside_its_payment(day: FirstDay) -> None:
    found = post(day, payment("a"), payment("b", retry_of="a")).json()["data"]
    assert found[1]["decision"]["attempts"]["number"] == 2
    assert day.client.get("/v1/fraud/decisions/a").json()["attempts"]["attempts"][1][
        "payment_id"
    ] == ("b")


def test_the_same_again_is_the_same_and_another_body_is_told(day: FirstDay) -> None:
    first = post(day, payment("a"), payment("b")).json()["data"]
    again = post(day, payment("a"), payment("b", amount=31.0), payment("c"), payment("c"))
    found = again.json()["data"]
    assert found[0] == first[0]
    assert (found[1]["status"], found[1]["decision"]) == ("conflict", None)
    assert found[2] == found[3]


def test_every_fault_is_told_and_nothing_is_decided(day: FirstDay) -> None:
    bad = payment("b", amount=-1.0, billing_country="Germany")
    late = payment("c", attempted_at="2999-01-01T00:00:00Z")
    answer = post(day, payment("a"), bad, late)
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["errors"]} == {
        "/payments/1/amount",
        "/payments/1/billing_country",
        "/payments/2/attempted_at",
    }
    assert day.client.get("/v1/fraud/decisions/a").status_code == 404


@pytest.mark.parametrize("count", [0, 101])
def test_none_and_too_many_are_refused(day: FirstDay, count: int) -> None:
    assert post(day, *(payment(f"p{n}") for n in range(count))).status_code == 422


def test_an_idempotency_key_holds(day: FirstDay) -> None:
    first = post(day, payment("a"), **{"Idempotency-Key": "one"})
    assert post(day, payment("a"), **{"Idempotency-Key": "one"}).json() == first.json()
    other = post(day, payment("z"), **{"Idempotency-Key": "one"})
    assert other.status_code in {409, 422}
