"""What happens to shops: attacks, reports that come and go, orders and returns after them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.card_numbers import find_card_data
from data.settings import Settings
from decisions.fraud import programmes
from decisions.fraud.filling import fill, known_payments
from decisions.fraud.programmes import Programme
from decisions.runtime import Runtime
from features.counters import SqliteCounters
from features.fraud import PLAN, event, payment_velocity
from features.store import Store
from serving.http.app import create_app

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class FirstDay:
    """A live server of a shop without any table, label or model."""

    def __init__(self, settings: Settings) -> None:
        settings = settings.model_copy(update={"use_cases": ("fraud",)})
        self.runtime = Runtime(settings)
        self.runtime.store = Store(settings, self.runtime.lake)
        self.runtime.refresh = lambda: None  # type: ignore[method-assign]
        self.client = TestClient(create_app(settings, self.runtime))

    def decide(self, payment_id: str, at: datetime = NOON, **given: Any) -> str:
        body = {"payment_id": payment_id, "attempted_at": at.isoformat(), "currency": "EUR"}
        body |= {"customer_id": "c", "amount": 30.0, "billing_country": "DE"}
        body |= {"shipping_country": "DE", "address_match": True, **given}
        answer = self.client.post("/v1/fraud/decisions", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["decision"])

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(f"/v1/fraud/{path}", json=body)
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()

    def declined(self, *payment_ids: str) -> None:
        told = [{"payment_id": name, "outcome": "declined"} for name in payment_ids]
        self.post("outcomes", outcomes=told)

    def labelled(self, payment_id: str, *, is_fraud: bool = True, **more: Any) -> None:
        label = {"payment_id": payment_id, "is_fraud": is_fraud}
        label |= {"reported_at": datetime.now(UTC).isoformat(), **more}
        self.post("labels", labels=[label])

    def order(self, payment_id: str, **given: Any) -> str:
        body = {"order_id": f"order {payment_id}", "payment_id": payment_id, "customer_id": "c"}
        body |= {"attempted_at": NOON.isoformat(), "amount": 30.0, "currency": "EUR"}
        body |= {"billing_country": "DE", "shipping_country": "DE", "address_match": True}
        return str(self.post("orders", **(body | given))["decision"])


@pytest.fixture
def shop(settings: Settings) -> Iterator[FirstDay]:
    made = FirstDay(settings)
    with made.client:
        yield made


# Waves of stolen cards ----------------------------------------------------------------------


def honest(shop: FirstDay, count: int, *, at: datetime, every: timedelta, name: str) -> list[str]:
    """Decisions on payments of honest people, most of whom have bought before."""
    draw = np.random.default_rng(count)
    said = []
    for place in range(count):
        who = int(draw.integers(0, 60))
        said.append(
            shop.decide(
                f"{name}{place}",
                at + place * every,
                customer_id=f"h{who}",
                card_id=f"hk{who}",
                device_id=f"hd{who}",
                ip_address=f"198.51.100.{who}",
                amount=round(float(draw.gamma(3, 15)), 2),
            )
        )
    return said


def attack(kind: str, place: int) -> dict[str, Any]:
    own = {"card_id": f"stolen{place}", "amount": 1.0, "customer_id": f"a{place}"}
    own |= {"device_id": f"ad{place}", "ip_address": f"203.0.113.{place}"}
    shared = {
        "device": {"device_id": "one"},
        "device and address": {"device_id": "one", "ip_address": "203.0.113.1"},
        "customer": {"customer_id": "one"},
        "address": {"ip_address": "203.0.113.1"},
        "spread": {},
    }
    return own | shared[kind]


@pytest.mark.parametrize("same_moment", [False, True])
@pytest.mark.parametrize("kind", ["device", "device and address", "customer", "address", "spread"])
def test_a_wave_of_cards_is_blocked_from_the_fourth_on(
    shop: FirstDay, kind: str, same_moment: bool
) -> None:
    before = honest(shop, 60, at=NOON - timedelta(days=6), every=timedelta(hours=2), name="before")
    said = []
    for place in range(20):
        at = NOON + timedelta(seconds=0 if same_moment else place)
        said.append(shop.decide(f"attack{place}", at, **attack(kind, place)))
        if said[-1] != "block":
            shop.declined(f"attack{place}")
    after = honest(shop, 40, at=NOON, every=timedelta(seconds=1), name="during")
    assert said[3:] == ["block"] * 17
    touched = sum(action != "allow" for action in before + after)
    assert touched < 0.01 * len(before + after)


RANGE = {"card_bin": "411111", "amount": 45.0}


def test_honest_people_who_share_an_address_are_not_blocked_for_a_few_declines(
    shop: FirstDay,
) -> None:
    """A mobile network, a campus: one payment in ten is declined, as everywhere."""
    said = []
    for place in range(60):
        given = attack("spread", place) | {"ip_address": "198.51.100.7", "amount": 30.0}
        said.append(shop.decide(f"p{place}", NOON + place * timedelta(seconds=40), **given))
        if place % 10 == 4 and said[-1] != "block":
            shop.declined(f"p{place}")
    assert set(said) == {"allow"}


@pytest.mark.parametrize(
    ("kind", "rule"), [("bin", "card_testing_bin"), ("network", "card_testing_network")]
)
def test_a_range_tried_from_many_devices_is_blocked_from_the_fourth_card_on(
    shop: FirstDay, kind: str, rule: str
) -> None:
    """In a shop whose other payments hide the attack, and not by its amounts."""
    honest(shop, 60, at=NOON - timedelta(minutes=50), every=timedelta(seconds=30), name="before")
    said = []
    for place in range(12):
        given = attack("spread", place) | {"amount": 45.0, "ip_address": f"192.0.2.{place}"}
        if kind == "bin":
            given |= {"card_bin": "4111-11", "ip_address": f"203.{place}.113.9"}
        said.append(shop.decide(f"attack{place}", NOON + timedelta(seconds=place), **given))
        if said[-1] != "block":
            shop.declined(f"attack{place}")
    assert said == ["allow"] * 3 + ["block"] * 9
    assert shop.runtime.records.decision("attack5").rules_hit == (rule,)
    after = honest(shop, 40, at=NOON, every=timedelta(seconds=1), name="during")
    assert after == ["allow"] * 40


def test_a_known_customer_of_an_attacked_range_still_buys(shop: FirstDay) -> None:
    before = NOON - timedelta(days=3)
    shop.decide("known", before, card_id="mine", device_id="home", customer_id="me", **RANGE)
    for place in range(8):
        given = attack("spread", place) | RANGE | {"ip_address": None}
        if shop.decide(f"a{place}", NOON, **given) != "block":
            shop.declined(f"a{place}")
    at = NOON + timedelta(minutes=1)
    mine = {"card_id": "new", "device_id": "home", "customer_id": "me"} | RANGE
    assert shop.decide("mine", at, **mine) == "allow"
    assert shop.decide("stranger", at, **(attack("spread", 99) | RANGE)) == "block"
    other = attack("spread", 98) | RANGE | {"card_bin": "555555", "ip_address": None}
    assert shop.decide("other range", at, **other) == "allow"


def test_declines_told_later_survive_new_counters(shop: FirstDay) -> None:
    names = [f"p{n}" for n in range(4)]
    for name in names:
        shop.decide(name, card_id="k")
    shop.declined(*names)
    shop.decide("after", card_id="k")
    assert shop.runtime.records.decision("after").features["card_declines_1h"] == 4
    anew = SqliteCounters(":memory:", PLAN)
    fill(anew, shop.runtime)
    place = PLAN.names.index("card_declines_1h")
    asked = {"payment_id": "x", "attempted_at": NOON, "customer_id": "c", "card_id": "k"}
    assert anew.observe(event(asked, 1.0))[place] == 4


def test_outcomes_to_come_are_refused(shop: FirstDay) -> None:
    shop.decide("p")
    told = {"payment_id": "p", "outcome": "captured"}
    late = told | {"outcome_at": "2099-01-01T00:00:00Z"}
    answer = shop.client.post("/v1/fraud/outcomes", json={"outcomes": [told, late]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/outcomes/1/outcome_at"


def test_payments_of_one_time_are_counted_alike_live_and_in_batch(shop: FirstDay) -> None:
    for name in ("z", "m", "a", "q"):
        shop.decide(name, card_id="k", device_id="d")
    payments = known_payments(shop.runtime)
    labels = shop.runtime.lake.read("chargebacks")
    batch = payment_velocity(payments, labels, payments["amount"].astype(float))
    for place, name in zip(batch.index, payments["payment_id"], strict=True):
        served = shop.runtime.records.decision(name).features
        for feature in ("card_count", "device_count_1m", "customer_since_last", "shop_count_1h"):
            assert np.isclose(served[feature], batch.loc[place, feature], equal_nan=True)


# Reports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["early_warning", "chargeback", "review"])
def test_the_order_of_a_reported_payment_is_stopped(shop: FirstDay, source: str) -> None:
    assert shop.decide("p") == "allow"
    assert shop.order("p") == "allow"
    shop.labelled("p", source=source)
    assert shop.order("p", order_id="again") == "block"
    shop.labelled("p", is_fraud=False)
    assert shop.order("p", order_id="third") == "allow"


def test_a_line_given_back_is_not_refunded_again(shop: FirstDay) -> None:
    line = {"customer_id": "c", "product_id": "coat", "order_id": "o1", "amount": 40.0}
    line |= {"currency": "EUR", "requested_at": NOON.isoformat()}
    first = shop.post("returns", return_id="r1", **line)["decision"]
    assert first != "block"
    assert shop.post("returns", return_id="r2", **line)["decision"] == "block"
    assert shop.post("returns", return_id="r1", **line)["decision"] == first  # the same request


def test_a_line_returned_in_the_lake_is_not_refunded_again(shop: FirstDay) -> None:
    orders = pd.DataFrame(
        {
            "order_id": ["o1"],
            "line_no": [1],
            "ordered_at": [NOON - timedelta(days=9)],
            "customer_id": ["c"],
            "product_id": ["coat"],
            "warehouse_id": ["w"],
            "quantity": [1.0],
            "unit_price": [40.0],
            "currency": ["EUR"],
            "status": ["returned"],
            "returned_at": [NOON - timedelta(days=2)],
        }
    )
    shop.runtime.lake.append("orders", orders)
    line = {"customer_id": "c", "product_id": "coat", "order_id": "o1", "amount": 40.0}
    line |= {"currency": "EUR", "requested_at": NOON.isoformat()}
    assert shop.post("returns", return_id="r1", **line)["decision"] == "block"


def test_an_amount_without_a_rate_is_taken_at_its_worst(shop: FirstDay) -> None:
    assert shop.decide("p", amount=9_000.0, currency="CHF") == "review"
    found = shop.client.get("/v1/fraud/decisions/p").json()
    assert found["degraded"]
    assert "new_customer_large_amount" in found["rules_hit"]


@pytest.mark.parametrize(
    "form", ["2026030{0:09}", "260302{0:010}", "ORDER-2026-03-02-{0:07}", "SO{0:013}"]
)
def test_numbers_of_orders_are_no_card_numbers(form: str) -> None:
    names = [form.format(number) for number in range(400)]
    found = [name for name in names if find_card_data({"payment_id": name, "order_id": name})]
    assert found == []


def test_article_numbers_are_no_card_numbers() -> None:
    bodies = [{"product_id": str(4_006_381_333_000 + number)} for number in range(400)]
    assert not any(find_card_data(body) for body in bodies)


@pytest.mark.parametrize("field", ["payment_id", "order_id", "customer_id", "card_id", "x_note"])
def test_a_card_number_is_refused_in_any_field(field: str) -> None:
    for number in ("4111111111111111", "5555 5555 5555 4444", "2223-0031-2200-3222"):
        assert find_card_data({field: number})


def test_a_rule_tried_on_young_payments_hurts_nobody_yet(shop: FirstDay) -> None:
    payments = pd.DataFrame(
        {
            "payment_id": [f"p{n}" for n in range(30)],
            "attempted_at": [NOON - timedelta(days=3 * n) for n in range(30)],
            "customer_id": "c",
            "amount": 10.0,
            "currency": "EUR",
            "outcome": ["declined" if n % 5 == 0 else "captured" for n in range(30)],
        }
    )
    shop.runtime.lake.append("payments", payments)
    rule = {"name": "all", "text": "all", "when": "amount_base > 0.5", "action": "block"}
    found = shop.post("rules/dry-run", rule=rule, days=365)
    young = sum(3 * n < 30 and n % 5 != 0 for n in range(30))
    assert found["undecided"] == 6
    assert found["immature"] == young
    assert found["hurt"] == 30 - 6 - young


def same_always(found: Sequence[str]) -> bool:
    """True if all decisions are alike."""
    return len(set(found)) == 1


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "1899-12-31T00:00:00Z"])
def test_a_time_that_no_table_holds_is_refused_and_stops_nothing(
    shop: FirstDay, moment: str
) -> None:
    label = {"payment_id": "unknown", "is_fraud": True, "reported_at": moment}
    answer = shop.client.post("/v1/fraud/labels", json={"labels": [label]})
    assert answer.status_code == 422
    assert same_always([shop.decide(f"p{n}") for n in range(3)])


@pytest.mark.parametrize("action", ["block", "review"])
def test_a_rule_that_would_stop_everybody_is_not_saved(shop: FirstDay, action: str) -> None:
    before = honest(shop, 30, at=NOON, every=timedelta(minutes=5), name="p")
    typo = {"name": "typo", "text": "typo", "when": "amount_base > 0.5", "action": action}
    answer = shop.client.post("/v1/fraud/rules", json=typo)
    assert answer.status_code == 409
    assert answer.json()["code"] == "rule_too_wide"
    assert "100% of the last 30 payments" in answer.json()["detail"]
    assert shop.decide("after", customer_id="h1") == before[0] == "allow"
    meant = typo | {"when": "amount_base > 5000.0"}
    assert shop.client.post("/v1/fraud/rules", json=meant).status_code == 201
    assert shop.client.post("/v1/fraud/rules", json=typo | {"force": True}).status_code == 201


def test_rules_that_go_through_lists_are_refused(shop: FirstDay) -> None:
    nested = "[1,2].all(a, [1,2].all(b, [1,2].all(c, true)))"
    rule = {"name": "slow", "text": "slow", "when": nested, "action": "block"}
    assert shop.client.post("/v1/fraud/rules", json=rule).status_code == 422
    assert shop.decide("p") == "allow"


def test_ratios_of_the_monitoring_programmes(
    shop: FirstDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [Programme("all", 0.10, 2, True, False), Programme("disputes", 0.10, 2, False, False)]
    monkeypatch.setattr(programmes, "PROGRAMMES", few)
    for number in range(10):
        shop.decide(f"p{number}", customer_id=f"c{number}")
    shop.labelled("p0", source="early_warning")
    shop.labelled("p1")
    shop.labelled("p1")  # told again
    shop.labelled("p2", is_fraud=False, source="review")
    shop.labelled("p3", source="review")
    found = shop.client.get("/v1/fraud/monitoring-programmes").json()["data"]
    this = {each["programme"]: each for each in found if each["payments"] == 10}
    assert (this["all"]["reports"], this["all"]["status"]) == (2, "above")
    assert (this["disputes"]["reports"], this["disputes"]["status"]) == (1, "near")
    assert this["all"]["ratio"] == pytest.approx(0.2)


def test_ratios_of_a_shop_without_anything(shop: FirstDay) -> None:
    found = shop.client.get("/v1/fraud/monitoring-programmes").json()["data"]
    assert {each["status"] for each in found} == {"within"}
    assert {each["ratio"] for each in found} == {None}
