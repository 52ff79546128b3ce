"""The analyst's side of fraud: lists, rules, reviews, replay, watch, breaker, returns, orders."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.records import Records
from decisions.fraud.breaker import FEWEST
from decisions.fraud.expressions import ExpressionError, compiled
from decisions.fraud.known import known_frauds
from decisions.fraud.replay import replay
from decisions.fraud.rules import TYPES as TYPES_OF_RULES
from decisions.fraud.tuning import retune
from features.customers import VALUE_FEATURES
from models.base import Release
from models.fraud import ACTIONS, Costs, FraudPolicy
from serving.http.fraud import control_routes
from tests.serving.http.fraud import test_routes as base

TYPES = {"amount": "float", "country": "str", "listed": "bool"}


home, release, shop_settings, Shop = base.home, base.release, base.shop_settings, base.Shop


@pytest.fixture
def shop(shop_settings: Any, release: Release) -> Iterator[Any]:
    shop = Shop(shop_settings, release)
    shop.runtime.registry.load = lambda row, version: release  # type: ignore[method-assign]
    with shop.client:
        yield shop


def post(shop: Any, path: str, status: int = 201, **body: Any) -> Any:
    answer = shop.client.post(f"/v1/fraud/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("text", "facts", "holds"),
    [
        ("amount > 5.0 && country == 'DE'", {"amount": 6.0, "country": "DE"}, True),
        ("amount > 5.0", {"amount": float("nan")}, False),
        ("!(amount > 5.0)", {}, True),
        ("country == ''", {"country": None}, True),
        ("country in ['DE', 'FR'] || listed", {"listed": True}, True),
        ("x_items > 3", {"x_items": 4}, True),
        ("x_items > 3", {}, False),
        ("x_kind == 'gift'", {"x_kind": "gift"}, True),
        ("amount / 0.0 > 1.0", {"amount": 1.0}, True),
    ],
)
def test_expressions(text: str, facts: dict[str, Any], holds: bool) -> None:
    assert compiled(text, TYPES).holds(facts) is holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("amount > 'a'", "no matching overload"),
        ("amount > 5", "with a point"),
        ("amuont > 5.0", "undeclared reference to 'amuont'"),
        ("amount", "not true or false"),
        ("amount >", "Syntax error"),
        ("a" * 3_000, "at most"),
    ],
)
def test_what_is_no_rule_is_said(text: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said):
        compiled(text, TYPES)


def test_a_rule_is_tried_on_history_and_then_acts(shop: Any) -> None:
    rule = {
        "name": "shared_device",
        "text": "the device everyone uses",
        "when": "device_id == 'shared'",
        "action": "review",
    }
    tried = post(shop, "rules/dry-run", 200, rule=rule, days=90)
    payments, told = base.merchant()
    assert tried["payments"] == len(payments)
    assert tried["hits"] == tried["caught"] == len(told)
    assert tried["fraud_share_caught"] == 1.0
    assert tried["hurt"] == 0
    before = shop.client.get("/v1/fraud/rules").json()["version"]
    assert post(shop, "rules", **rule)["version"] != before
    answer = shop.decide(device_id="shared", amount=1.0).json()
    assert "shared_device" in answer["rules_hit"]
    assert answer["decision"] in {"review", "block"}
    wrong = rule | {"when": "device_id > 3.0"}
    refused = shop.client.post("/v1/fraud/rules", json=wrong)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/when"
    post(shop, "rules", **rule, active=False)
    assert shop.client.get("/v1/fraud/rules").json()["version"] == before


def test_lists_act_at_once_expire_and_count_their_hits(shop: Any) -> None:
    entry = {"list": "block", "column": "card_id", "value": "tok_bad", "reason": "stolen"}
    made = post(shop, "lists", **entry)
    assert (made["hits"], made["removed"]) == (0, False)
    calm = {"shipping_country": "DE", "amount": 9.0, "address_match": True}
    blocked = shop.decide(payment_id="a", card_id="TOK_BAD ", **calm).json()
    assert blocked["decision"] == "block"
    assert blocked["rules_hit"][0] == "block_listed"
    listed = shop.client.get("/v1/fraud/lists?list=block").json()["data"]
    assert [(e["entry_id"], e["hits"], e["reason"]) for e in listed] == [
        (made["entry_id"], 1, "stolen")
    ]
    assert post(shop, "lists", **entry, removed=True)["removed"]
    assert shop.decide(payment_id="b", card_id="tok_bad", **calm).json()["rules_hit"] == []
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    post(shop, "lists", **entry, expires_at=past)
    assert shop.decide(payment_id="c", card_id="tok_bad", **calm).json()["rules_hit"] == []


def test_the_allow_list_overrules_all_but_the_block_list(shop: Any) -> None:
    known = {"column": "customer_id", "value": "vip", "reason": "known"}
    post(shop, "lists", list="allow", **known)
    large = {"customer_id": "vip", "amount": 9_000.0, "device_id": "shared"}
    assert shop.decide(payment_id="a", **large).json()["decision"] == "allow"
    post(shop, "lists", list="block", **known)
    assert shop.decide(payment_id="b", **large).json()["decision"] == "block"


@pytest.mark.parametrize(
    ("column", "value", "hit", "missed"),
    [
        ("ip_address", "203.0.113.0/24", "203.0.113.77", "203.0.114.1"),
        ("ip_address", "203.0.113.5/24", "203.0.113.77", "203.0.114.1"),
        ("ip_address", "2001:DB8::/48", "2001:db8:0:1::7", "2001:db8:1::7"),
        ("ip_address", "2001:0db8:0:0::7", "2001:db8::7", "2001:db8::8"),
        ("ip_address", "203.0.113.7", "::ffff:203.0.113.7", "::ffff:203.0.113.8"),
        ("email_domain", "@Mail.Example", "shop.mail.example", "othermail.example"),
        ("card_bin", "411111", "41111122", "411112"),
        ("billing_country", "de", "DE", "FR"),
    ],
)
def test_an_entry_names_all_that_belongs_to_it(
    shop: Any, column: str, value: str, hit: str, missed: str
) -> None:
    post(shop, "lists", list="block", column=column, value=value, reason="r")
    calm = {"amount": 9.0, "address_match": True, "billing_country": "FR"}
    blocked = shop.decide(payment_id="a", **{**calm, column: hit}).json()
    assert "block_listed" in blocked["rules_hit"]
    other = shop.decide(payment_id="b", **{**calm, column: missed}).json()
    assert "block_listed" not in other["rules_hit"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ip_address", "0.0.0.0/0"),
        ("ip_address", "::/0"),
        ("ip_address", "203.0.113.0/99"),
        ("card_bin", "41"),
        ("card_bin", "visa"),
        ("shipping_country", "Germany"),
    ],
)
def test_an_entry_that_names_nothing_or_everybody_is_refused(
    shop: Any, column: str, value: str
) -> None:
    problem = post(shop, "lists", 422, list="block", column=column, value=value, reason="r")
    assert problem["errors"][0]["pointer"] == "/value"


def test_entries_are_imported_all_or_none(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [
        {"list": "watch", "column": "card_id", "value": f"k{n}", "reason": "r"} for n in range(500)
    ]
    kept = post(shop, "lists:bulk", entries=many)
    assert kept["entries"] == 500
    bad = {"list": "block", "column": "ip_address", "value": "1.2.3.4/1", "reason": "r"}
    problem = post(shop, "lists:bulk", 422, entries=[many[0], bad])
    assert problem["errors"][0]["pointer"] == "/entries/1/value"
    monkeypatch.setattr(control_routes, "MOST_ENTRIES", 500)
    one_more = {"list": "watch", "column": "card_id", "value": "more", "reason": "r"}
    assert post(shop, "lists", 409, **one_more)["code"] == "lists_full"
    post(shop, "lists", **many[0], removed=True)  # what is there may still be changed


def test_a_review_is_not_snoozed_into_the_past(shop: Any) -> None:
    post(shop, "rules", name="all", text="all", when="amount > 0.0", action="review")
    reviewed(shop, "p")
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    problem = post(shop, "reviews", 422, payment_id="p", step="snooze", until=past)
    assert problem["errors"][0]["pointer"] == "/until"
    assert "has passed" in problem["errors"][0]["message"]
    bulk = {"payment_ids": ["p"], "step": "snooze", "until": past}
    assert post(shop, "reviews:bulk", 422, **bulk)["errors"][0]["pointer"] == "/until"
    assert shop.client.get("/v1/fraud/reviews/p").json()["audit"] == []


def test_what_rules_may_name_is_told_with_examples_that_are_rules(shop: Any) -> None:
    for about in ("payment", "return", "order"):
        found = shop.client.get(f"/v1/fraud/rules/fields?about={about}").json()["data"]
        assert {each["name"] for each in found} == set(TYPES_OF_RULES[about])
        for each in found[:: max(len(found) // 40, 1)]:
            assert compiled(each["example"], TYPES_OF_RULES[about])


def test_entries_survive_a_restart(shop: Any, release: Release) -> None:
    post(shop, "lists", list="watch", column="ip_address", value="203.0.113.9", reason="odd")
    again = Shop(shop.runtime.settings, release)
    with again.client:
        answer = again.decide(shipping_country="DE", amount=5.0, address_match=True).json()
    assert answer["rules_hit"] == ["watch_listed"]
    assert answer["decision"] in {"review", "block"}


def test_every_decision_is_made_again_bit_for_bit(shop: Any, release: Release) -> None:
    post(shop, "lists", list="watch", column="customer_id", value="c3", reason="odd")
    for place in range(12):
        shop.decide(
            "?explain=true" if place % 3 == 0 else "",
            payment_id=f"p-{place}",
            customer_id=f"c{place % 5}",
            device_id="shared" if place % 2 else f"d{place}",
            amount=10.0 + 400.0 * (place % 4),
            currency="USD",
            address_match=None,
        )
    post(shop, "lists", list="block", column="customer_id", value="c1", reason="later")
    post(shop, "rules", name="later", text="t", when="amount_base > 0.0", action="block")
    for place in range(12):
        stored = shop.runtime.records.decision(f"p-{place}")
        assert stored is not None
        found = replay(stored, shop.runtime.records, shop.runtime.registry)
        assert found.same, found


def test_an_allowed_payment_is_explained_later(shop: Any) -> None:
    calm = {"customer_id": "c1", "device_id": "d1", "shipping_country": "DE", "amount": 20.0}
    asked = shop.decide(payment_id="calm", address_match=True, **calm).json()
    assert (asked["decision"], asked["reasons"]) == ("allow", [])
    told = shop.client.get("/v1/fraud/decisions/calm?explain=true").json()
    assert told["reasons"]
    assert told | {"reasons": []} == asked


def reviewed(shop: Any, name: str, **changes: Any) -> None:
    given = {"customer_id": f"new-{name}", "amount": 6_000.0, "currency": "EUR"} | changes
    given |= {"device_id": f"d-{name}", "shipping_country": "DE", "address_match": True}
    answer = shop.decide(payment_id=name, **given).json()
    assert answer["decision"] == "review", answer


def test_the_queue_is_ranked_and_worked_off(shop: Any) -> None:
    post(shop, "rules", name="all", text="all", when="amount > 0.0", action="review")
    for name, amount in (("small", 20.0), ("large", 4_000.0), ("middle", 300.0)):
        reviewed(shop, name, amount=amount, card_id="tok_shared")
    queue = shop.client.get("/v1/fraud/reviews").json()["data"]
    losses = [each["expected_loss"] for each in queue]
    assert losses == sorted(losses, reverse=True)
    detail = shop.client.get("/v1/fraud/reviews/large").json()
    assert {link["payment_id"] for link in detail["linked"]} >= {"small", "middle"}
    assert "card_id" in detail["linked"][0]["shares"]

    post(shop, "reviews", payment_id="large", step="assign", assignee="ann")
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    post(shop, "reviews", payment_id="small", step="snooze", until=later)
    assert (
        shop.client.post(
            "/v1/fraud/reviews", json={"payment_id": "small", "step": "snooze"}
        ).status_code
        == 422
    )
    mine = shop.client.get("/v1/fraud/reviews?assignee=ann").json()["data"]
    assert [each["payment_id"] for each in mine] == ["large"]
    page = shop.client.get("/v1/fraud/reviews?limit=1").json()
    assert page["has_more"]
    rest = shop.client.get(f"/v1/fraud/reviews?limit=1&cursor={page['next_cursor']}").json()
    assert {page["data"][0]["payment_id"], rest["data"][0]["payment_id"]} == {"large", "middle"}

    for step, missing in (("assign", "assignee"), ("snooze", "until")):
        body = {"payment_id": "large", "step": step}
        refused = shop.client.post("/v1/fraud/reviews", json=body)
        assert refused.json()["errors"][0]["pointer"] == f"/{missing}"
    post(shop, "reviews", payment_id="large", step="reject", note="called the customer")
    post(shop, "reviews", payment_id="large", step="reject")
    post(shop, "reviews", 409, payment_id="nobody", step="approve")
    audit = shop.client.get("/v1/fraud/reviews/large").json()["audit"]
    assert [each["step"] for each in audit] == ["assign", "reject"]
    kept, _ = shop.runtime.records.pending("chargebacks")
    assert kept.set_index("payment_id")["is_fraud"].to_dict() == {"large": True}
    shop.decide(payment_id="next", card_id="tok_shared", device_id="fresh")
    assert shop.seen("next")["card_frauds"] == 1
    post(shop, "reviews", payment_id="large", step="approve", note="the customer called back")
    shop.decide(payment_id="after", card_id="tok_shared", device_id="fresh")
    assert shop.seen("after")["card_frauds"] == 0


def statuses(shop: Any) -> dict[str, str]:
    found = shop.client.get("/v1/fraud/reviews?status=all").json()["data"]
    return {each["payment_id"]: each["status"] for each in found}


def frauds(shop: Any) -> set[str]:
    return set(known_frauds(shop.runtime))


def test_steps_are_taken_in_bulk_and_taken_back(shop: Any) -> None:
    post(shop, "rules", name="all", text="all", when="amount > 0.0", action="review")
    known = frauds(shop)
    for name in ("one", "two", "three"):
        reviewed(shop, name)
    given = {"payment_ids": ["one", "two", "nobody"], "step": "reject"}
    told = post(shop, "reviews:bulk", 200, **given)["data"]
    assert [each["status"] for each in told] == ["taken", "taken", "refused"]
    assert statuses(shop) == {"one": "rejected", "two": "rejected", "three": "open"}
    assert frauds(shop) - known == {"one", "two"}
    post(shop, "reviews:bulk", 200, payment_ids=["one", "two"], step="undo")
    assert statuses(shop) == dict.fromkeys(("one", "two", "three"), "open")
    assert frauds(shop) == known
    (again,) = post(shop, "reviews:bulk", 200, payment_ids=["one"], step="undo")["data"]
    assert again["status"] == "refused"


def test_undo_takes_back_the_last_step_of_any_kind(shop: Any) -> None:
    reviewed(shop, "one")
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    for step in ({"step": "assign", "assignee": "ann"}, {"step": "snooze", "until": later}):
        post(shop, "reviews", payment_id="one", **step)
    post(shop, "reviews", payment_id="one", step="reject")
    post(shop, "reviews", payment_id="one", step="reopen")
    post(shop, "reviews", payment_id="one", step="undo")
    assert statuses(shop)["one"] == "rejected"
    assert "one" in frauds(shop)
    for left in ("snoozed", "open", "open"):
        post(shop, "reviews", payment_id="one", step="undo")
        assert statuses(shop)["one"] == left
    review = shop.client.get("/v1/fraud/reviews/one").json()["review"]
    assert review["assignee"] is None
    assert "one" not in frauds(shop)


def test_a_wrong_decline_costs_what_the_customer_is_expected_to_bring(
    shop_settings: Any, release: Release
) -> None:
    costs = Costs(margin=0.05, goodwill=1.0, decline_loses=0.5, most_customer_value=2_000.0)
    release = replace(release, policy=FraudPolicy(costs).numbers())
    shop = Shop(shop_settings, release)
    shop.runtime.registry.load = lambda row, version: release
    at = pd.Timestamp("2025-03-01T09:00:00Z")
    worth = pd.DataFrame({"customer_id": ["rich", "poor"], "event_timestamp": at})
    for name, kind in VALUE_FEATURES.items():
        worth[name] = "regular" if kind == "str" else [900.0, 5.0]
    told = {}
    with shop.client:
        shop.runtime.store.write("customer_value", worth)
        for who in ("rich", "poor", "unknown"):
            for amount in (20.0, 40.0, 80.0, 160.0, 320.0):
                own = dict.fromkeys(("payment_id", "card_id", "device_id"), f"{who}{amount:.0f}")
                told[who, amount] = shop.decide(customer_id=who, amount=amount, **own).json()
        for each in shop.runtime.records.decisions():
            assert replay(each, shop.runtime.records, shop.runtime.registry).same
    swayed = [
        amount
        for who, amount in told
        if who == "rich" and told["rich", amount]["decision"] != told["poor", amount]["decision"]
    ]
    assert swayed
    for amount in swayed:
        rich, poor = told["rich", amount], told["poor", amount]
        assert ACTIONS.index(rich["decision"]) < ACTIONS.index(poor["decision"])
        (said,) = [r for r in rich["reasons"] if r["code"] == "CUSTOMER_EXPECTED_MARGIN"]
        assert "900.00" in said["text"]
    for (who, _), answer in told.items():
        codes = {reason["code"] for reason in answer["reasons"]}
        assert who != "unknown" or "CUSTOMER_EXPECTED_MARGIN" not in codes


def test_a_rule_that_blocks_everybody_ends_in_challenges_and_an_alarm(shop: Any) -> None:
    post(shop, "rules", name="oops", text="oops", when="amount > 0.0", action="block")
    said = []
    for place in range(FEWEST + 15):
        own = dict.fromkeys(("payment_id", "customer_id", "card_id", "device_id"), f"x{place}")
        answer = shop.decide(**own, ip_address=f"203.0.113.{place}")
        said.append(answer.json()["decision"])
    assert said[-1] == "challenge"
    page = shop.client.get("/metrics").text
    assert "argosy_fraud_breaker_open 1.0" in page
    stored = shop.runtime.records.decision(f"x{FEWEST + 14}")
    assert replay(stored, shop.runtime.records, shop.runtime.registry).same


def test_the_watch_says_what_was_caught_and_who_was_hurt(shop: Any, release: Release) -> None:
    shop.runtime.records.journal.add("fraud_shadow", "fraud", author="t", body={"version": "7"})
    for look in shop.runtime.watched:
        look()
    for place in range(6):
        shop.decide(payment_id=f"w{place}", customer_id="c2", device_id="shared", amount=300.0)
    told = [{"payment_id": "w0", "reported_at": datetime.now(UTC).isoformat(), "is_fraud": True}]
    post(shop, "labels", 202, labels=told)
    (day,) = shop.client.get("/v1/fraud/watch").json()["data"]
    assert day["decisions"] == 6
    assert day["frauds"] == 1
    assert day["recall"] == 1.0
    assert day["precision"] == pytest.approx(1 / 6)
    assert day["saved"] > 0
    assert day["hurt"] > 0
    assert day["shadow_recall"] == 1.0
    assert not day["mature"]


def test_the_policy_follows_the_rate_of_fraud(shop: Any, release: Release) -> None:
    runtime = shop.runtime
    for place in range(220):
        shop.decide(
            payment_id=f"t{place}",
            customer_id=f"c{place % 40}",
            device_id=f"d{place}",
            shipping_country="DE",
            address_match=True,
            amount=30.0,
        )
    early = [
        {"payment_id": f"t{n}", "reported_at": datetime.now(UTC), "is_fraud": True}
        for n in range(80)
    ]
    runtime.records.add_labels(early)
    calm = FraudPolicy.of(release.policy)
    later = datetime.now(UTC) + timedelta(days=runtime.settings.label_maturity_days + 1)
    tuned = retune(runtime, later)
    assert tuned.observed >= 60
    assert tuned.shift > 0.5
    assert tuned.block_from_100 < calm.starts(100.0)["block"]
    assert tuned.former == calm.version
    mark = runtime.records.journal.mark()
    assert retune(runtime, later).version == tuned.version
    assert runtime.records.journal.mark() == mark  # nothing moved, nothing is written
    former = shop.decide(payment_id="before the watch looked").json()
    assert not former["policy_version"].startswith(tuned.version)
    for look in runtime.watched:
        look()
    again = shop.decide(payment_id="after").json()
    assert again["policy_version"].startswith(tuned.version)
    assert shop.client.post("/v1/fraud/policy").status_code == 409  # nothing is mature yet


def test_a_habit_of_returning_is_risk(shop: Any) -> None:
    lines = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(20)],
            "line_no": 1,
            "ordered_at": pd.date_range("2025-01-01", periods=20, freq="D", tz="UTC"),
            "customer_id": ["c1"] * 10 + ["c2"] * 10,
            "product_id": ["coat"] * 5 + ["hat"] * 15,
            "warehouse_id": "DE1",
            "quantity": 1.0,
            "unit_price": 40.0,
            "currency": "EUR",
            "status": ["returned"] * 4 + ["placed"] + ["returned"] * 4 + ["placed"] * 11,
        }
    )
    shop.runtime.lake.append("orders", lines)
    asked = {"requested_at": "2025-01-25T10:00:00Z", "amount": 40.0, "currency": "EUR"}
    often = post(
        shop,
        "returns",
        200,
        return_id="r1",
        customer_id="c1",
        product_id="coat",
        order_id="o4",
        **asked,
    )
    never = post(
        shop,
        "returns",
        200,
        return_id="r2",
        customer_id="c2",
        product_id="hat",
        order_id="o15",
        **asked,
    )
    assert often["probability"] > 10 * never["probability"]
    assert often["decision"] != "allow"
    assert never["decision"] == "allow"
    codes = [each["code"] for each in often["reasons"]]
    assert {"PRODUCT_RETURNED", "RETURN_SHARE"} <= set(codes)
    same = {"return_id": "r1", "customer_id": "c1", "product_id": "coat", "order_id": "o4", **asked}
    assert post(shop, "returns", 200, **same) == often
    post(shop, "returns", 409, **same | {"amount": 41.0})
    strange = post(
        shop, "returns", 200, return_id="r3", customer_id="c2", product_id="ring", **asked
    )
    assert strange["reasons"][0]["code"] == "PRODUCT_BOUGHT"


def test_an_order_is_as_risky_as_its_payment_list_and_address(shop: Any) -> None:
    shop.decide(
        payment_id="fine",
        customer_id="c1",
        device_id="d1",
        shipping_country="DE",
        amount=20.0,
        address_match=True,
    )
    order = {
        "attempted_at": "2025-03-01T11:00:00Z",
        "customer_id": "c1",
        "amount": 20.0,
        "currency": "EUR",
        "billing_country": "DE",
        "shipping_country": "DE",
    }
    fine = post(shop, "orders", 200, order_id="a", payment_id="fine", address_match=True, **order)
    odd = post(shop, "orders", 200, order_id="b", payment_id="fine", address_match=False, **order)
    assert fine["decision"] == "allow"
    assert odd["probability"] > fine["probability"]
    assert "ADDRESS_MATCH" in [each["code"] for each in odd["reasons"]]
    post(shop, "lists", list="block", column="customer_id", value="c1", reason="stolen")
    listed = post(shop, "orders", 200, order_id="c", payment_id="fine", **order)
    assert listed["decision"] == "block"
    assert listed["reasons"][0]["code"] == "BLOCK_LISTED"


def test_the_desk_needs_its_own_scope(shop_settings: Any, release: Release) -> None:
    shop = Shop(shop_settings.model_copy(update={"auth": True}), release)
    with shop.client:
        for path in ("lists", "rules", "reviews", "watch"):
            assert shop.client.get(f"/v1/fraud/{path}").status_code == 401


def test_notes_are_kept_on_both_databases(postgres_url: str, namespace: str) -> None:
    records = Records(postgres_url, namespace)
    records.migrate()
    first = records.journal.add("k", "a", author="x", body={"n": 1}, once="o")
    assert records.journal.add("k", "a", author="y", body={"n": 2}, once="o") == first
    last = records.journal.add("k", "a", author="y", body={"n": 3})
    records.journal.add("k", "b", author="y", body={"n": 4})
    assert [note.body["n"] for note in records.journal.newest("k")] == [3, 4]
    assert records.journal.of("k", "a") == [first, last]
    assert records.journal.of("k", limit=1)[0].body == {"n": 4}
    assert records.journal.mark() > last.seq
    records.close()


def test_costs_are_the_merchants(shop_settings: Any) -> None:
    settings = shop_settings.model_copy(update={"fraud_margin": 0.5})
    assert Costs(**settings.fraud_costs).margin == 0.5
    assert Path(settings.home)
