"""Recommendations over HTTP and in batch, on a small shop with real stores."""

import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from data.records import DatabaseError, Records
from data.settings import Settings
from data.storefront import Trail
from decisions.recommendation import score
from decisions.runtime import Runtime
from models.base import ModelError
from serving.http.app import create_app
from tests.serving.http.recommendation.asking_products import PETS, products, shown

NOW = datetime(2024, 5, 1, tzinfo=UTC)


ONCE = "oven"  # bought by everybody, by nobody twice


def test_an_answer_over_http(client: TestClient) -> None:
    answer = shown(client, customer_id="c01", ship_to="DE", limit=2, explain=True)
    assert answer["served_by"] == "personal"
    assert answer["degraded"] is False
    assert answer["model_version"] == "1"
    assert answer["recommendation_id"].startswith("rec_")
    first = answer["items"][0]
    assert first["rank"] == 1
    assert first["reasons"][0]["code"] == "buy_again"
    assert first["availability"]["warehouse_id"] == "wDE"
    assert 0 < first["availability"]["on_hand"] < 50, "less what was sold and reserved since"
    assert shown(client, limit=1)["items"][0]["reasons"] == []


def test_filters_and_sessions_over_http(client: TestClient) -> None:
    answer = shown(
        client,
        session=["toy", {"product_id": "bowl", "kind": "cart"}],
        filters={"category": "pets", "price": {"max": 7}},
        explain=True,
    )
    assert answer["served_by"] == "session"
    assert set(products(answer)) == {"kibble", "leash", "bowl"}
    reasons = {item["product_id"]: item["reasons"][0] for item in answer["items"]}
    assert reasons["leash"]["code"] == "session"
    assert reasons["leash"]["product_id"] in {"toy", "bowl"}
    assert reasons["leash"]["product_id"].title() in reasons["leash"]["text"]


def test_the_other_routes(client: TestClient) -> None:
    for path in ("products/tea/similar", "products/tea/bought-together", "trending?market=FR"):
        reply = client.get(f"/v1/{path}{'&' if '?' in path else '?'}limit=2")
        assert reply.status_code == 200
        assert len(reply.json()["items"]) == 2
    pets = client.get("/v1/trending?category=pets&limit=50").json()
    assert set(products(pets)) == set(PETS)


def test_the_batch_is_the_api(small_shop: Runtime, client: TestClient) -> None:
    frame = score(small_shop, NOW, limit=3)
    assert list(frame.columns) == ["customer_id", "product_id", "rank", "score", "reason"]
    assert frame["customer_id"].nunique() == 12
    assert (frame.groupby("customer_id").size() == 3).all()
    for customer, market in (("c02", "DE"), ("c08", "FR")):
        mine = frame[frame["customer_id"] == customer]
        answer = shown(client, customer_id=customer, market=market, limit=3, explain=True)
        assert mine["product_id"].tolist() == products(answer)
        np.testing.assert_allclose(
            mine["score"], [item["score"] for item in answer["items"]], atol=1e-6
        )
        assert mine["reason"].tolist() == [i["reasons"][0]["code"] for i in answer["items"]]
    new = score(small_shop, NOW, limit=20, new_only=True)
    assert not {"tea", "sugar", ONCE} & set(new.loc[new["customer_id"] == "c01", "product_id"])


def send(client: TestClient, kind: str, product: str, **more: object) -> None:
    event = {"event_id": f"{time.time_ns()}", "kind": kind, "product_id": product, **more}
    reply = client.post("/v1/events", json={"events": [event]})
    assert reply.json()["accepted"] == 1, reply.text


def at_once_across_workers(settings: Settings, small_shop: Runtime) -> None:
    """What one worker was told changes the other's next answer."""
    one, two = (Runtime(settings, small_shop.registry) for _ in range(2))
    for runtime in (one, two):
        runtime.refresh()
    told = TestClient(create_app(settings, one))
    asked = TestClient(create_app(settings, two))
    who = {"visitor_id": f"v{time.time_ns()}"}
    assert shown(asked, **who)["served_by"] == "global_trending"
    send(told, "view", "toy", **who)
    after = shown(asked, **who, limit=4)
    assert after["served_by"] == "session"
    assert set(products(after)) == set(PETS)
    send(told, "hide", "bowl", **who)
    events = [  # more than are looked back at
        {"event_id": f"{time.time_ns()}-{i}", "kind": "view", "product_id": "tea", **who}
        for i in range(150)
    ]
    told.post("/v1/events", json={"events": events})
    everything = shown(asked, **who, limit=50, in_stock_only=False)
    assert "bowl" not in products(everything), "a hide is final"
    for path in ("trending", "products/toy/similar", "products/toy/bought-together"):
        answer = asked.get(f"/v1/{path}", params={**who, "limit": 50}).json()
        assert "bowl" not in products(answer)
    for runtime in (one, two):
        runtime.stop()


def test_an_event_counts_at_once_in_all_workers(small_shop: Runtime) -> None:
    at_once_across_workers(small_shop.settings, small_shop)


@pytest.mark.services
def test_an_event_counts_at_once_in_all_workers_on_servers(
    small_shop: Runtime, redis_url: str, postgres_url: str, namespace: str
) -> None:
    """PostgreSQL keeps the events, Redis the online features; the models come from the files."""
    servers = {"database_url": postgres_url, "online_store_url": redis_url, "namespace": namespace}
    settings = small_shop.settings.model_copy(update=servers)
    records = Records(postgres_url, namespace)
    records.migrate()
    records.close()
    at_once_across_workers(settings, small_shop)


def test_a_hide_is_final_in_the_batch_too(small_shop: Runtime, client: TestClient) -> None:
    mine = {"customer_id": "c11"}
    before = products(shown(client, **mine, market="FR", limit=3))
    send(client, "hide", before[0], **mine, occurred_at="2024-04-30T00:00:00Z")
    frame = score(small_shop, NOW, limit=3)
    found = frame.loc[frame["customer_id"] == "c11", "product_id"].tolist()
    assert before[0] not in found
    assert found == products(shown(client, **mine, market="FR", limit=3))


def test_rerank_orders_a_list_and_says_what_was_left_out(client: TestClient) -> None:
    body = {"customer_id": "c01", "ship_to": "DE", "products": ["toy", "absinthe", "tea", "?"]}
    answer = client.post("/v1/rerank", json={**body, "explain": True}).json()
    assert products(answer) == ["tea", "toy"]
    assert [item["reasons"][0]["code"] for item in answer["items"]] == ["buy_again", "similar"]
    codes = {left["product_id"]: left["code"] for left in answer["left_out"]}
    assert codes == {"absinthe": "discontinued", "?": "unknown"}


def test_explain_says_why_not(client: TestClient) -> None:
    body = {"customer_id": "c01", "ship_to": "DE", "limit": 2, "products": ["lemon", "tea"]}
    lemon, tea = client.post("/v1/recommendations:explain", json=body).json()["data"]
    assert (lemon["shown"], lemon["text"]) == (False, "No warehouse that ships there has it")
    assert {check["code"] for check in lemon["checks"] if not check["passed"]} == {"out_of_stock"}
    assert tea["shown"] is True
    assert tea["rank"] in {1, 2}


def test_filters_of_the_other_routes(client: TestClient) -> None:
    for path in ("trending", "products/tea/similar", "products/tea/bought-together"):
        query = {"category": "pets", "price_max": 7, "exclude": "bowl", "limit": 50}
        answer = client.get(f"/v1/{path}", params={**query, "explain": True}).json()
        assert set(products(answer)) == {"kibble", "leash"}
        assert answer["recommendation_id"].startswith("rec_")
        assert all(item["reasons"] for item in answer["items"])


def test_an_answer_that_would_be_late_is_a_simpler_one(
    small_shop: Runtime, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    storefront = small_shop.records.storefront
    slow = storefront.trail

    def later(*given: Any, **more: Any) -> Trail:
        time.sleep(0.5)
        return slow(*given, **more)

    monkeypatch.setattr(storefront, "trail", later)
    query = {"customer_id": "c01", "market": "DE", "limit": 50}
    monkeypatch.setattr(storefront, "trail", slow)
    shown(client, **query)
    monkeypatch.setattr(storefront, "trail", later)
    begin = time.perf_counter()
    answer = shown(client, **query, timeout_ms=100)
    assert time.perf_counter() - begin < 0.45
    assert (answer["degraded"], answer["served_by"]) == (True, "market_trending")
    assert "lemon" not in products(answer)
    page = client.get("/metrics").text
    assert 'argosy_degraded_total{reason="time_budget",use_case="recommendation"}' in page
    whole = shown(client, **query, timeout_ms=20_000)
    assert (whole["degraded"], whole["served_by"]) == (False, "personal")


def test_without_the_database_answers_go_on_degraded(
    small_shop: Runtime, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    storefront = small_shop.records.storefront

    def down(*given: Any, **more: Any) -> Any:
        raise DatabaseError("The database does not answer")

    for name in ("trail", "placements", "experiments"):
        monkeypatch.setattr(storefront, name, down)
    answer = shown(client, customer_id="c01", placement="home")
    assert (answer["degraded"], answer["served_by"]) == (True, "personal")
    assert answer["experiment"] is None


def test_a_batch_without_a_model_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(ModelError, match="recommendation"):
        score(Runtime(settings), NOW)
