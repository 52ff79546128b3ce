"""Payments that a control group lets through, over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from decisions.fraud.control_group import ControlGroup, control_reports
from decisions.fraud.replay import replay
from models.base import Release
from models.fraud import Costs, FraudPolicy
from tests.serving.http.fraud import test_routes as base

home, release, shop_settings, Shop = base.home, base.release, base.shop_settings, base.Shop
# Everybody is challenged, whatever the model says.
CHALLENGE = FraudPolicy(Costs(challenge_stops=1.0, challenge_loses=0.0, margin=1.0), stop_price=0.0)


@pytest.fixture
def shop(shop_settings: Any, release: Release) -> Iterator[Any]:
    settings = shop_settings.model_copy(update={"fraud_control_share": 0.05})
    made = Shop(settings, replace(release, policy=CHALLENGE.numbers()))
    with made.client:
        yield made


def names_of(shop: Any, *, chosen: bool, count: int) -> list[str]:
    settings, key = shop.runtime.settings, shop.runtime.records.database_id()
    group = ControlGroup(settings.fraud_control_share, settings.fraud_control_most_amount, key)
    every = (f"pay-{number}" for number in range(100_000))
    found = (name for name in every if group.has(name) is chosen)
    return [next(found) for _ in range(count)]


def asked(shop: Any, name: str, **given: Any) -> Any:
    at = datetime(2025, 3, 1, 10, tzinfo=UTC).isoformat()
    body = {"payment_id": name, "attempted_at": at, "amount": 20.0, "address_match": True}
    body["ip_address"] = f"198.51.{sum(map(ord, name)) % 250}.7"
    return shop.decide(**(body | given)).json()


def test_a_payment_of_the_group_is_let_through_and_marked(shop: Any) -> None:
    (name,) = names_of(shop, chosen=True, count=1)
    found = asked(shop, name)
    assert (found["decision"], found["control"]) == (
        "allow",
        {"action": "challenge", "share": 0.05},
    )
    assert found["exemption"] is None
    assert asked(shop, name) == found
    (other,) = names_of(shop, chosen=False, count=1)
    found = asked(shop, other)
    assert (found["decision"], found["control"]) == ("challenge", None)


def test_a_retry_is_treated_as_the_attempt_before(shop: Any) -> None:
    (name,) = names_of(shop, chosen=True, count=1)
    (other,) = names_of(shop, chosen=False, count=1)
    asked(shop, name)
    assert asked(shop, other, retry_of=name)["control"] is not None
    late = f"{other}-again"
    assert asked(shop, late, retry_of=name, amount=21.0)["attempts"]["number"] == 3


@pytest.mark.parametrize("why", ["amount", "rule", "list", "currency"])
def test_rules_lists_and_large_amounts_stop_as_ever(shop: Any, why: str) -> None:
    (name,) = names_of(shop, chosen=True, count=1)
    given: dict[str, Any] = {}
    if why == "amount":
        given["amount"] = 50.01
    elif why == "currency":
        given["currency"] = "SEK"  # without a rate
    elif why == "rule":
        rule = {"name": "own", "text": "own", "when": "amount > 19.0", "action": "challenge"}
        shop.client.post("/v1/fraud/rules", json=rule)
    else:
        entry = {"list": "block", "column": "card_id", "value": base.EXAMPLE["card_id"]}
        shop.client.post("/v1/fraud/lists", json=entry | {"reason": "stolen"})
    found = asked(shop, name, **given)
    assert found["decision"] != "allow"
    assert found["control"] is None


def test_the_group_is_off_unless_asked_for(shop_settings: Any, release: Release) -> None:
    quiet = Shop(shop_settings, replace(release, policy=CHALLENGE.numbers()))
    with quiet.client:
        (name,) = names_of(
            type("Asked", (), {"runtime": FakeShare(quiet.runtime)}), chosen=True, count=1
        )
        assert asked(quiet, name)["decision"] == "challenge"
        found = quiet.client.get("/v1/fraud/control-group").json()
    assert found["share"] == 0.0
    assert [each["let_through"] for each in found["data"]] == [0, 0, 0]


class FakeShare:
    """A runtime whose settings say a share."""

    def __init__(self, runtime: Any) -> None:
        self.records = runtime.records
        self.settings = runtime.settings.model_copy(update={"fraud_control_share": 0.05})


def test_the_report_weighs_and_the_decision_can_be_made_again(shop: Any) -> None:
    through = names_of(shop, chosen=True, count=4)
    stopped = names_of(shop, chosen=False, count=6)
    for name in (*through, *stopped):
        asked(shop, name)
    label = {"payment_id": through[0], "is_fraud": True}
    label["reported_at"] = datetime.now(UTC).isoformat()
    shop.client.post("/v1/fraud/labels", json={"labels": [label]})
    declined = {"payment_id": through[1], "outcome": "declined"}
    shop.client.post("/v1/fraud/outcomes", json={"outcomes": [declined]})
    found = shop.client.get("/v1/fraud/control-group").json()["data"]
    challenged = next(each for each in found if each["action"] == "challenge")
    assert (challenged["let_through"], challenged["stopped"]) == (4, 6)
    assert (challenged["judged"], challenged["frauds"]) == (1, 1)  # the others are young
    later = datetime.now(UTC) + timedelta(days=40)
    report = control_reports(shop.runtime, later, days=90)[-1]
    assert (report.action, report.judged, report.frauds) == ("all", 3, 1)
    assert report.false_stops == pytest.approx(2 / 3)
    assert report.honest_stopped == pytest.approx(4.0)
    assert report.false_stops_from is not None
    assert report.false_stops_from < 2 / 3 < report.false_stops_to
    (line,) = shop.client.get("/v1/fraud/watch").json()["data"]
    assert line["control"] == 4
    decision = shop.runtime.records.decision(through[0])
    shop.runtime.registry = type("Registry", (), {"load": lambda *_: shop.runtime.release("fraud")})
    assert replay(decision, shop.runtime.records, shop.runtime.registry).same


def test_retuning_weighs_those_let_through(shop: Any) -> None:
    (through,), (stopped,) = (names_of(shop, chosen=each, count=1) for each in (True, False))
    for name in (through, stopped):
        asked(shop, name)
    now = datetime.now(UTC)
    rows = shop.runtime.records.decision_sums.scored("7", now - timedelta(days=1), now)
    assert {row[0]: (row[2], row[5]) for row in rows} == {
        through: ("allow", 20.0),
        stopped: ("challenge", 0.0),
    }
