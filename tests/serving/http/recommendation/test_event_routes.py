"""Events over HTTP."""

from datetime import UTC, datetime

from fastapi.testclient import TestClient

from decisions.runtime import Runtime
from tests.serving.http.recommendation.asking_products import PETS, products, shown


def test_an_event_changes_the_next_answer(client: TestClient) -> None:
    who = {"visitor_id": "v-events"}
    assert shown(client, **who)["served_by"] == "global_trending"
    event = {"event_id": "v1", "kind": "view", "product_id": "toy", **who}
    reply = client.post("/v1/events", json={"events": [event]})
    assert reply.status_code == 202
    assert reply.json()["results"] == [
        {"index": 0, "event_id": "v1", "status": "accepted", "errors": []}
    ]
    answer = shown(client, **who, limit=4)
    assert answer["served_by"] == "session"
    assert set(products(answer)) == set(PETS)
    for kind in ("hide", "purchase"):
        hidden = {"event_id": kind, "kind": kind, "product_id": products(answer)[0], **who}
        assert client.post("/v1/events", json={"events": [hidden]}).status_code == 202
        gone = products(answer)[0]
        answer = shown(client, **who, limit=20)
        assert gone not in products(answer)


def test_events_have_a_result_each_and_count_once(client: TestClient, small_shop: Runtime) -> None:
    good = {
        "event_id": "once",
        "occurred_at": "2024-04-30T10:00:00+02:00",
        "kind": "cart",
        "product_id": "tea",
        "customer_id": "c-once",
    }
    bad = [
        good | {"kind": "buy"},
        {key: value for key, value in good.items() if key != "customer_id"},
        good | {"occurred_at": "2024-04-30T10:00:00"},
        good | {"quantity": 3},
    ]
    reply = client.post("/v1/events", json={"events": [good, *bad, good]}).json()
    statuses = [result["status"] for result in reply["results"]]
    assert statuses == ["accepted", *["rejected"] * 4, "duplicate"]
    assert (reply["accepted"], reply["duplicates"], reply["rejected"]) == (1, 1, 4)
    assert "visitor_id or customer_id" in reply["results"][2]["errors"][0]
    assert "append Z" in reply["results"][3]["errors"][0]
    again = client.post("/v1/events", json={"events": [good]}).json()
    assert again["results"][0]["status"] == "duplicate"
    kept = small_shop.records.recent_events(None, "c-once")
    assert [event["occurred_at"] for event in kept] == [datetime(2024, 4, 30, 8, tzinfo=UTC)]
