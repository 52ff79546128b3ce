"""Decisions on payments, over HTTP and in a batch."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.lake import Lake
from data.records.steps import only_one
from data.settings import Settings
from data.views import Terms, fingerprint
from decisions.fraud import engine as engines
from decisions.fraud import score
from decisions.fraud.filling import fill_apart, is_due
from decisions.fraud.live_engine import LiveEngine
from decisions.runtime import Runtime
from features.counters import CountersError
from features.fraud import FEATURES, VIEWS, amounts, inputs
from features.store import Store
from models.base import Release
from models.fraud import BoostedTrees, Costs, FraudPolicy
from serving.http.app import create_app
from serving.http.fraud.schemas import EXAMPLE

CARD_NUMBER = "4111 1111-1111 1111"

START = pd.Timestamp("2025-01-01", tz="UTC")


LAST = datetime(2025, 3, 1, tzinfo=UTC)


RATES = pd.DataFrame({"rate_date": ["2024-12-01"], "currency": ["USD"], "rate": [0.9]})


def merchant(rows: int = 500) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Payments of 50 days: fraud ships abroad from a shared device."""
    draw = np.random.default_rng(4)
    fraud = draw.random(rows) < 0.15
    customer = draw.integers(0, 40, rows)
    payments = pd.DataFrame(
        {
            "payment_id": [f"p{n:04}" for n in range(rows)],
            "attempted_at": START
            + pd.to_timedelta(np.sort(draw.integers(0, 50 * 86_400, rows)), unit="s"),
            "customer_id": [f"c{n}" for n in customer],
            "amount": np.where(fraud, draw.gamma(4, 60, rows), draw.gamma(3, 15, rows)).round(2),
            "currency": draw.choice(["EUR", "USD"], rows),
            "card_id": [f"k{n}" for n in customer],
            "device_id": np.where(fraud, "shared", [f"d{n}" for n in customer]),
            "ip_address": [f"203.0.113.{n}" for n in customer],
            "billing_country": "DE",
            "shipping_country": np.where(fraud, "FR", "DE"),
            "channel": draw.choice(["app", "web"], rows),
            "outcome": draw.choice(["captured", "declined"], rows, p=[0.9, 0.1]),
            "x_items": draw.integers(1, 9, rows),
        }
    )
    told = payments.loc[fraud, ["payment_id"]].assign(
        reported_at=payments["attempted_at"][fraud] + pd.Timedelta(days=3), is_fraud=True
    )
    return payments, told


def batch_inputs(lake: Lake) -> pd.DataFrame:
    """The model's inputs by the batch path, from the views' own builds."""
    tables = {
        name: lake.read(name) for name in ("payments", "chargebacks", "customers", "fx_rates")
    }
    velocity, risk = (view.build(tables, LAST, Terms()) for view in VIEWS if view.build)
    payments = tables["payments"]
    known = pd.concat([payments, velocity.drop(columns=["payment_id", "event_timestamp"])], axis=1)
    left = known.sort_values("attempted_at")
    right = risk.sort_values("event_timestamp")
    joined = pd.merge_asof(
        left, right, left_on="attempted_at", right_on="event_timestamp", by="customer_id"
    )
    seen = inputs(joined, amounts(joined, tables["fx_rates"], "EUR"))
    return seen.assign(payment_id=joined["payment_id"], attempted_at=joined["attempted_at"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the merchant's tables; copied for each test."""
    folder = tmp_path_factory.mktemp("fraud")
    lake = Lake(folder / "lake")
    payments, told = merchant()
    lake.append("payments", payments)
    lake.append("chargebacks", told)
    lake.append("fx_rates", RATES)
    lake.append("customers", pd.DataFrame({"customer_id": [f"c{n}" for n in range(40)]}))
    return folder


@pytest.fixture(scope="module")
def release(home: Path) -> Release:
    frame = batch_inputs(Lake(home / "lake"))
    label = frame["payment_id"].isin(merchant()[1]["payment_id"]).astype(int)
    model = BoostedTrees(rounds=40, min_leaf=5).fit(frame.assign(is_fraud=label))
    return Release(
        use_case="fraud",
        version="7",
        model=model,
        features=dict(FEATURES),
        contract=fingerprint(FEATURES),
        cut_off=LAST,
        metrics={},
        policy=FraudPolicy(Costs()).numbers(),
        sample=frame.head(1),
        expected=model.predict(frame.head(1)),
    )


class Shop:
    """A live server over a copy of the lake, with the release in use (or none)."""

    def __init__(self, settings: Settings, release: Release | None) -> None:
        settings = settings.model_copy(update={"use_cases": ("fraud",)})
        self.runtime = Runtime(settings)
        self.runtime.store = Store(settings, self.runtime.lake)
        self.runtime.release = lambda row: release if row == "fraud" else None  # type: ignore[method-assign]
        self.runtime.refresh = lambda: None  # type: ignore[method-assign]
        self.client = TestClient(create_app(settings, self.runtime))

    def decide(self, path: str = "", /, **changes: Any) -> Any:
        body = {**EXAMPLE, "attempted_at": "2025-03-01T10:00:00Z", **changes}
        body = {name: value for name, value in body.items() if value is not None}
        return self.client.post(f"/v1/fraud/decisions{path}", json=body)

    def seen(self, payment_id: str) -> Any:
        """What was seen of a payment when it was decided."""
        decision = self.runtime.records.decision(payment_id)
        assert decision is not None
        return decision.features


@pytest.fixture(params=["sqlite", "redis"])
def counters_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("redis_url") if request.param == "redis" else None


@pytest.fixture
def shop_settings(settings: Settings, home: Path) -> Settings:
    import shutil

    shutil.copytree(home / "lake", settings.lake)
    return settings


@pytest.fixture
def shop(shop_settings: Settings, release: Release) -> Iterator[Shop]:
    shop = Shop(shop_settings, release)
    with shop.client:
        yield shop


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"card_id": CARD_NUMBER}, "/card_id"),
        ({"x_note": f"his card is {CARD_NUMBER}!"}, "/x_note"),
        ({"x_number": 4111111111111111}, "/x_number"),
        ({"x_list": [{"deep": CARD_NUMBER}]}, "/x_list/0/deep"),
        ({"cvv": "123"}, "/cvv"),
        ({"x_cvc2": 123}, "/x_cvc2"),
        ({CARD_NUMBER: 1}, "/(a name)"),
    ],
)
def test_card_data_is_refused_and_left_nowhere(
    shop: Shop, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], pointer: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = shop.decide(payment_id="card", **changes)
        shop.decide(payment_id="card", amount="x", **changes)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "card_data_refused"
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert shop.runtime.records.decision("card") is None
    kept = [path.read_bytes() for path in shop.runtime.settings.home.rglob("*.db*")]
    for number in (CARD_NUMBER, CARD_NUMBER.replace(" ", "").replace("-", "")):
        assert number not in answer.text
        assert number not in caplog.text
        assert not any(number.encode() in content for content in kept)


def test_every_faulty_field_is_named(shop: Shop) -> None:
    answer = shop.decide(
        payment_id="x" * 129,
        attempted_at="2025-03-01T10:00:00",
        amount="12",
        currency="eur",
        outcome="maybe",
        ip_address="1" * 1_000,
        discount=3,
        x_object={"a": 1},
    )
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/payment_id",
        "/attempted_at",
        "/amount",
        "/currency",
        "/outcome",
        "/ip_address",
        "/discount",
        "/x_object",
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 422), (b"null", 422), (b'"text"', 422), (b'{"amount": 1e999}', 400)],
)
def test_a_body_that_is_no_payment(shop: Shop, body: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    answer = shop.client.post("/v1/fraud/decisions", content=body, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_payment_from_the_future_is_refused(shop: Shop) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = shop.decide(attempted_at=ahead)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/attempted_at"


def test_a_decision_with_its_reasons(
    shop_settings: Settings, release: Release, counters_url: str | None, namespace: str
) -> None:
    settings = shop_settings.model_copy(
        update={"counters_url": counters_url, "namespace": namespace}
    )
    shop = Shop(settings, release)
    with shop.client:
        answer = shop.decide("?explain=true", device_id="shared", amount=300.0).json()
        assert answer["decision"] in {"review", "block"}
        assert answer["probability"] > 0.5
        assert answer["score"] == pytest.approx(100 * answer["probability"], abs=0.01)
        assert answer["model_version"] == "7"
        assert answer["served_by"] == "model"
        assert answer["degraded"] is False
        assert answer["policy_version"]
        assert answer["reasons"]
        assert all(reason["contribution"] > 0 for reason in answer["reasons"])
        assert shop.seen("pay-10001")["device_count"] > 50  # history of the lake is counted

        calm = shop.decide(
            payment_id="calm",
            customer_id="c1",
            card_id="k1",
            device_id="d1",
            ip_address="203.0.113.1",
            shipping_country="DE",
            amount=20.0,
            address_match=None,
        ).json()
        assert calm["decision"] == "allow"
        assert calm["reasons"] == []


def test_the_same_payment_gets_the_same_decision(shop: Shop) -> None:
    first = shop.decide()
    assert shop.runtime.records.decision("pay-10001") is not None
    assert shop.decide().json() == first.json()
    assert shop.decide(attempted_at="2025-03-01T11:00:00+01:00").json() == first.json()
    assert shop.client.get("/v1/fraud/decisions/pay-10001").json() == first.json()
    other = shop.decide(amount=1.0)
    assert other.status_code == 409
    assert other.json()["code"] == "payment_id_reused"
    assert shop.client.get("/v1/fraud/decisions/nobody").status_code == 404
    assert shop.client.get("/v1/fraud/decisions/pay-10001").json() == first.json()


def test_a_payment_sent_at_once_many_times_is_decided_and_counted_once(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.decide().text, range(24)))
    assert len(set(answers)) == 1
    shop.decide(payment_id="next")
    assert shop.seen("next")["card_count_1d"] == 1


def test_velocity_grows_with_each_payment(shop: Shop) -> None:
    for place in range(4):
        at = f"2025-03-01T10:00:{place:02}Z"
        shop.decide(payment_id=f"burst-{place}", attempted_at=at, card_id="tok_burst")
    counts = [shop.seen(f"burst-{place}")["card_count_1m"] for place in range(4)]
    assert counts == [0, 1, 2, 3]


def test_a_new_customer_with_a_large_amount_is_reviewed(shop: Shop) -> None:
    def rules(customer: str, amount: float, name: str) -> list[str]:
        answer = shop.decide(
            payment_id=name, customer_id=customer, amount=amount, currency="USD", device_id=None
        ).json()
        if answer["rules_hit"]:
            assert answer["decision"] in {"review", "block"}
            assert answer["reasons"][0]["code"].startswith("RULE_")
        return list(answer["rules_hit"])

    assert rules("somebody-new", 6_000.0, "a") == ["new_customer_large_amount"]
    assert rules("another-new", 5_500.0, "b") == []  # 4,950 in base currency
    assert rules("c1", 6_000.0, "c") == []


def test_many_payments_of_one_ip_with_an_address_in_doubt_are_reviewed(shop: Shop) -> None:
    def hit(place: int, **address: Any) -> list[str]:
        given = {"ip_address": "198.51.100.7", "customer_id": f"n{place}", "amount": 5.0} | address
        return list(shop.decide(payment_id=f"ip-{place}", **given).json()["rules_hit"])

    sound = {"address_match": True, "shipping_country": "DE"}
    assert [hit(place) for place in range(5)] == [[]] * 5
    assert hit(5, **sound) == []
    assert hit(6) == ["busy_ip_address_in_doubt"]
    assert hit(7, **sound | {"shipping_country": None}) == ["busy_ip_address_in_doubt"]


def test_without_a_model_the_rules_answer(shop_settings: Settings) -> None:
    shop = Shop(shop_settings, None)
    with shop.client:
        answer = shop.decide().json()
        assert answer["degraded"] is True
        assert answer["served_by"] == "rules"
        assert answer["decision"] == "challenge"
        assert answer["rules_hit"] == ["no_model_address_in_doubt"]
        assert (answer["probability"], answer["score"], answer["model_version"]) == (None,) * 3
        fine = shop.decide(payment_id="fine", address_match=True, shipping_country="DE").json()
        assert fine["decision"] == "allow"
        page = shop.client.get("/metrics").text
        assert 'argosy_degraded_total{reason="model",use_case="fraud"} 2.0' in page


def test_without_the_counters_the_rules_answer(
    shop_settings: Settings, release: Release, namespace: str
) -> None:
    settings = shop_settings.model_copy(
        update={"counters_url": "redis://127.0.0.1:1/0", "namespace": namespace}
    )
    shop = Shop(settings, release)
    with shop.client:
        answer = shop.decide(amount=7_000.0).json()
        assert answer["degraded"] is True
        assert answer["served_by"] == "rules"
        assert "new_customer_large_amount" in answer["rules_hit"]


def test_without_the_store_the_customer_is_unknown(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise CountersError("down")

    monkeypatch.setattr(shop.runtime.store, "online_values", down)
    answer = shop.decide().json()
    assert answer["degraded"] is True
    assert answer["served_by"] == "model"


def test_a_label_counts_once_from_then_on(shop: Shop) -> None:
    shop.decide(device_id="dev-x")
    body = {
        "labels": [
            {"payment_id": "pay-10001", "reported_at": "2025-03-01T10:05:00Z", "is_fraud": True},
            {"payment_id": "p0001", "reported_at": "2025-03-01T10:05:00Z", "is_fraud": True},
            {"payment_id": "who", "reported_at": "2025-03-01T10:05:00Z", "is_fraud": False},
        ]
    }
    first = shop.client.post("/v1/fraud/labels", json=body)
    assert first.status_code == 202
    told = ["accepted", "accepted", "unknown_payment"]  # which is kept all the same
    assert [item["status"] for item in first.json()["data"]] == told
    again = shop.client.post("/v1/fraud/labels", json=body)
    told = ["known", "known", "unknown_payment"]
    assert [item["status"] for item in again.json()["data"]] == told
    shop.decide(payment_id="later", device_id="dev-x", attempted_at="2025-03-01T11:00:00Z")
    assert shop.seen("later")["device_frauds"] == 1
    kept, _ = shop.runtime.records.pending("chargebacks")
    assert sorted(kept["payment_id"]) == ["p0001", "pay-10001", "who"]


def test_faulty_labels_are_refused_whole(shop: Shop) -> None:
    good = {"payment_id": "p", "reported_at": "2025-03-01T10:05:00Z", "is_fraud": True}
    for changes in ({"is_fraud": None}, {"reported_at": "2999-01-01T00:00:00Z"}, {"note": "x"}):
        answer = shop.client.post("/v1/fraud/labels", json={"labels": [good, good | changes]})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/labels/1/{next(iter(changes))}"
    assert shop.runtime.records.pending("chargebacks")[0].empty
    refused = shop.client.post(
        "/v1/fraud/labels", json={"labels": [good | {"reason": CARD_NUMBER}]}
    )
    assert refused.json()["code"] == "card_data_refused"


def test_a_decline_told_later_counts(shop: Shop) -> None:
    shop.decide(card_id="tok_tested")
    body = {
        "outcomes": [
            {"payment_id": "pay-10001", "outcome": "declined"},
            {"payment_id": "who", "outcome": "declined"},
        ]
    }
    for _ in range(2):
        answer = shop.client.post("/v1/fraud/outcomes", json=body)
        statuses = [item["status"] for item in answer.json()["data"]]
        assert statuses == ["accepted", "unknown_payment"]
    shop.decide(payment_id="next", card_id="tok_tested")
    assert shop.seen("next")["card_declines_1h"] == 1


def test_a_blocked_payment_is_a_declined_one(shop: Shop, release: Release) -> None:
    strict = FraudPolicy(Costs(margin=0.0, goodwill=0.0)).numbers()
    blocking = Release(**{**vars(release), "policy": strict})
    shop.runtime.release = lambda row: blocking  # type: ignore[method-assign]
    first = shop.decide(card_id="tok_b").json()
    assert first["decision"] == "block"
    assert shop.decide(card_id="tok_b").json() == first
    shop.decide(payment_id="next", card_id="tok_b")
    assert shop.seen("next")["card_declines_1h"] == 1
    decided, _ = shop.runtime.records.pending("payments")
    assert set(decided["outcome"]) == {"declined"}


def test_what_was_decided_is_still_counted_by_fresh_counters(
    shop_settings: Settings, release: Release
) -> None:
    shop = Shop(shop_settings, release)
    with shop.client:
        shop.decide(card_id="tok_r")
    for path in shop_settings.home.glob("counters.db*"):
        path.unlink()
    again = Shop(shop_settings, release)
    with again.client:
        again.decide(payment_id="after", card_id="tok_r", device_id="shared")
        assert again.seen("after")["card_count_1d"] == 1
        assert again.seen("after")["device_count"] > 50


def test_the_counters_follow_a_lake_that_changes(shop: Shop) -> None:
    shop.decide(payment_id="before")
    assert shop.seen("before")["card_count"] == 0
    late = (
        merchant()[0]
        .tail(3)
        .assign(payment_id=["l0", "l1", "l2"], card_id=dict(EXAMPLE)["card_id"])
    )
    shop.runtime.lake.append("payments", late)
    for look in shop.runtime.watched * 2:
        look()
    shop.decide(payment_id="after")
    assert shop.seen("after")["card_count"] == 4  # three of the lake, and the one decided here


def test_of_many_workers_one_fills_and_the_others_start_when_it_has(
    shop_settings: Settings, release: Release
) -> None:
    shop = Shop(shop_settings, release)
    records = shop.runtime.records
    records.migrate()
    with ThreadPoolExecutor(1) as pool:
        with only_one(records, "filling") as mine:  # as another worker does
            assert mine
            started = pool.submit(LiveEngine(shop.runtime).get)
            with pytest.raises(TimeoutError):
                started.result(0.5)
        counters = started.result(20).counters
    assert not is_due(counters, shop.runtime)
    counters.close()


def test_a_worker_that_runs_goes_on_while_another_fills(shop: Shop) -> None:
    late = merchant()[0].tail(1).assign(payment_id="l0", card_id=dict(EXAMPLE)["card_id"])
    shop.runtime.lake.append("payments", late)
    with only_one(shop.runtime.records, "filling"):
        for look in shop.runtime.watched:
            look()
        shop.decide(payment_id="meanwhile")
    assert shop.seen("meanwhile")["card_count"] == 0
    for look in shop.runtime.watched:
        look()
    shop.decide(payment_id="after")
    assert shop.seen("after")["card_count"] == 2  # one of the lake, one decided meanwhile


def test_much_is_filled_by_a_process_of_its_own(
    shop_settings: Settings, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decisions.fraud.live_engine.APART", 0)
    monkeypatch.setattr("decisions.fraud.live_engine.fill", None)  # never in the server
    shop = Shop(shop_settings, release)
    with shop.client:
        assert shop.decide(device_id="shared").json()["degraded"] is False
        assert shop.seen("pay-10001")["device_count"] > 50


def test_a_filling_that_fails_says_why(shop_settings: Settings) -> None:
    with pytest.raises(CountersError, match=r"were not filled.*no such table"):
        fill_apart(shop_settings)  # a home that nothing was ever put into


def test_keys_need_the_scope(shop_settings: Settings, release: Release) -> None:
    shop = Shop(shop_settings.model_copy(update={"auth": True}), release)
    with shop.client:
        assert shop.decide().status_code == 401
        assert shop.client.post("/v1/fraud/labels", json={}).status_code == 401


def test_the_bodies_are_described(shop: Shop) -> None:
    paths = shop.client.get("/openapi.json").json()["paths"]
    body = paths["/v1/fraud/decisions"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["schema"]["required"]) == {
        "payment_id",
        "attempted_at",
        "customer_id",
        "amount",
        "currency",
    }
    assert body["schema"]["examples"]
    assert "get" in paths["/v1/fraud/decisions/{payment_id}"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The last third of the merchant's payments, out of order, as a folder to score."""
    place = tmp_path / "asked"
    place.mkdir()
    merchant()[0].iloc[330:].sample(frac=1.0, random_state=1).to_parquet(place / "payments.parquet")
    return place


def test_batch_scoring_sees_what_the_batch_features_see(
    shop: Shop, release: Release, folder: Path
) -> None:
    """The online path, payment by payment, gives the probabilities of the training frame."""
    answer = score(shop.runtime, LAST, payments=folder)
    assert list(answer.columns) == ["payment_id", "probability", "score", "decision", "reasons"]
    assert answer["payment_id"].tolist() == [f"p{n:04}" for n in range(330, 500)]
    assert set(answer["decision"]) <= {"allow", "challenge", "review", "block"}
    assert all(orjson.loads(text) for text in answer.loc[answer["decision"] != "allow", "reasons"])
    expected = batch_inputs(shop.runtime.lake).set_index("payment_id")
    model = release.model.predict(expected.loc[answer["payment_id"]])
    np.testing.assert_array_equal(answer["probability"], model["probability"])
    assert shop.runtime.records.pending("payments")[0].empty


def test_batch_scoring_takes_payments_the_lake_does_not_have(
    settings: Settings, release: Release, folder: Path
) -> None:
    runtime = Shop(settings, release).runtime
    runtime.lake.append("fx_rates", RATES)
    alone = score(runtime, LAST, payments=folder)
    runtime.lake.append("payments", merchant()[0].iloc[:330])
    with_history = score(runtime, LAST, payments=folder)
    assert alone["payment_id"].tolist() == with_history["payment_id"].tolist()
    assert (alone["probability"] != with_history["probability"]).any()


def test_batch_scoring_does_not_know_the_future(shop: Shop, folder: Path) -> None:
    """Reports after as_of change nothing; nor does it touch the live counters."""
    early = START.to_pydatetime() + timedelta(days=20)
    before = score(shop.runtime, early, payments=folder)
    shop.runtime.lake.append(
        "chargebacks",
        pd.DataFrame(
            {"payment_id": ["p0001", "p0002"], "reported_at": [early + timedelta(days=1)] * 2}
        ).assign(is_fraud=True),
    )
    pd.testing.assert_frame_equal(score(shop.runtime, early, payments=folder), before)


def test_batch_scoring_without_payments_says_so(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    RATES.to_csv(tmp_path / "empty" / "fx_rates.csv", index=False)
    with pytest.raises(Exception, match="payments"):
        score(shop.runtime, LAST, payments=tmp_path / "empty")


def test_the_engine_names_what_it_saw(shop: Shop, release: Release) -> None:
    """A stored decision can be judged again from its stored features, to the last bit."""
    answer = shop.decide().json()
    assert isinstance(release.model, BoostedTrees)
    seen = shop.seen("pay-10001")
    assert release.model.probability(release.model.row(seen)) == answer["probability"]
    assert engines.UNKNOWN_VELOCITY.shape[0] < len(seen)


def test_each_step_of_a_decision_is_timed(shop: Shop) -> None:
    shop.decide()
    page = shop.client.get("/metrics").text
    for step in ("counters", "features", "model", "record"):
        assert f'argosy_step_seconds_count{{step="{step}",use_case="fraud"}} 1.0' in page
