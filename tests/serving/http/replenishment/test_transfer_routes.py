"""From a suggested transfer to goods on their way over HTTP, on a real lake, store and database."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.replenishment.plan import make
from features import forecasting
from features.replenishment import SERVICE, VIEWS
from features.store import Store
from serving.http.app import create_app
from serving.http.auth import create_key
from tests.serving.http.replenishment.small_plan import NOW, _Live, fill, forecasts, release

MOVE, ROOT = "V~half~W", "/v1/replenishment"
TOMORROW = NOW + timedelta(days=1)


def made(home: Any, **settings: Any) -> _Live:
    """W has a week's stock of `half`, V has 400, which is far too much."""
    runtime = _Live(Settings(**{"home": home, "auth": False, **settings}))
    runtime.mine = release()
    fill(runtime.lake)
    full = {"observed_at": NOW, "warehouse_id": "V", "product_id": "half", "on_hand": 400.0}
    runtime.lake.append("stock", pd.DataFrame([full]))
    terms = {"warehouse_id": "V", "supplier_id": "S", "product_id": "half", "lead_time_days": 7.0}
    money = {"unit_cost": 2.0, "currency": "EUR", "stockout_cost": 3.0, "pack_size": 1.0}
    runtime.lake.append("supply_terms", pd.DataFrame([{**terms, **money}]))
    views, services = (*forecasting.VIEWS, *VIEWS), {"replenishment": SERVICE}
    runtime.store = Store(runtime.settings, runtime.lake, views=views, services=services)
    runtime.store.ensure(NOW)
    known = forecasts()
    other = known[known["product_id"] == "half"].assign(warehouse_id="V")
    runtime.store.write("forecast", pd.concat([known, other], ignore_index=True))
    return runtime


TERMS = {"transfer_days": 2.0, "transfer_cost": 0.0}


@pytest.fixture
def runtime(tmp_path: Any) -> Iterator[_Live]:
    runtime = made(tmp_path / "home", **TERMS)
    yield runtime
    runtime.store.close()
    runtime.records.close()


@pytest.fixture
def client(runtime: _Live) -> TestClient:
    return TestClient(create_app(runtime.settings, runtime))


def post(client: TestClient, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(f"{ROOT}{path}", json=body, headers=headers)


def get(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(f"{ROOT}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def approve(client: TestClient, **item: Any) -> Any:
    return post(client, "/transfers:approve", {"items": [{"id": MOVE, **item}]}).json()["data"][0]


def stock(runtime: _Live) -> dict[str, Any]:
    """Of tomorrow's plan: reserved at the sender, on order at the receiver, what is moved."""
    plan = make(runtime, TOMORROW)
    lines = plan.lines[plan.lines["product_id"] == "half"].set_index("warehouse_id")
    return {
        "left": lines.loc["V", "on_hand"] - lines.loc["V", "reserved"],
        "coming": lines.loc["W", "on_order"],
        "moves": len(plan.transfers),
        "bought": lines.loc["W", "order_quantity"],
    }


def test_a_transfer_is_listed_with_its_state_and_history(client: TestClient) -> None:
    page = get(client, "/transfers")
    (move,) = page["data"]
    assert (move["id"], move["state"], move["approved_quantity"]) == (MOVE, "draft", None)
    assert (page["total"], page["gain"], page["cost"]) == (1, move["gain"], move["cost"])
    assert approve(client, reason="before the fair")["state"] == "approved"
    found = get(client, f"/transfers/{MOVE}")
    assert found["data"]["state"] == "approved"
    assert found["data"]["approved_quantity"] == move["quantity"]
    assert [(each["after"], each["reason"]) for each in found["trail"]] == [
        ("approved", "before the fair")
    ]
    assert get(client, "/transfers", state="draft")["data"] == []
    assert len(get(client, "/transfers", state="approved")["data"]) == 1
    text = client.get(f"{ROOT}/transfers", headers={"Accept": "text/csv"}).text
    assert pd.read_csv(io.StringIO(text))["id"].tolist() == [MOVE]
    unknown = client.get(f"{ROOT}/transfers/V~none~W")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_transfer")


def test_what_was_approved_counts_in_the_next_plan_and_is_not_suggested_again(
    client: TestClient, runtime: _Live
) -> None:
    (move,) = get(client, "/transfers")["data"]
    assert stock(runtime)["moves"] == 1
    approve(client)
    expected = {"left": 400 - move["quantity"], "coming": move["quantity"], "moves": 0}
    assert expected.items() <= stock(runtime).items()
    post(client, "/transfer-orders:export", {})
    assert expected.items() <= stock(runtime).items()


@pytest.mark.parametrize("column", ["transfer_id", "reference"])
def test_the_own_systems_row_counts_once_with_ours(
    client: TestClient, runtime: _Live, column: str
) -> None:
    (move,) = get(client, "/transfers")["data"]
    approve(client)
    (order,) = post(client, "/transfer-orders:export", {}).json()["data"]
    text = client.get(f"{ROOT}/transfer-orders", headers={"Accept": "text/csv"}).text
    ours = pd.read_csv(io.StringIO(text))
    assert ours["transfer_id"].tolist() == [order["transfer_id"]]
    entered = ours.assign(transfer_id="erp-7", sent_at=str(NOW + timedelta(hours=1)))
    rows = [ours, entered.assign(reference=order["transfer_id"])]
    runtime.lake.append("transfers", pd.concat(rows) if column == "reference" else ours)
    runtime.store.ensure(TOMORROW)
    found = stock(runtime)
    assert (found["left"], found["coming"]) == (400 - move["quantity"], move["quantity"])
    runtime.lake.append("transfers", pd.concat(rows).assign(received_at=str(TOMORROW)))
    make(runtime, TOMORROW)
    (kept,) = get(client, "/transfer-orders")["data"]
    assert kept["lines"][0]["state"] == "received"


def test_a_dismissed_transfer_is_back_in_the_next_plan_unless_it_is_put_off(
    client: TestClient, runtime: _Live
) -> None:
    item = {"items": [{"id": MOVE, "reason": "no truck"}]}
    assert post(client, "/transfers:dismiss", item).json()["changed"] == 1
    assert stock(runtime)["moves"] == 1
    past = post(client, "/transfers:dismiss", {**item, "until": f"{NOW:%Y-%m-%d}"})
    assert (past.status_code, past.json()["code"]) == (422, "until_is_past")
    later = f"{NOW + timedelta(days=5):%Y-%m-%d}"
    assert post(client, "/transfers:dismiss", {**item, "until": later}).json()["changed"] == 1
    assert len(get(client, "/transfers")["data"]) == 1, "this plan stays as it is"
    before = stock(runtime)
    assert before["moves"] == 0
    assert before["bought"] > 0, "it is bought instead"
    (held,) = get(client, "/transfers/put-off")["data"]
    assert (held["id"], held["until"][:10], held["reason"]) == (MOVE, later, "no truck")
    assert post(client, "/transfers:reopen", {"items": [{"id": MOVE}]}).json()["changed"] == 1
    assert get(client, "/transfers/put-off")["data"] == []
    assert stock(runtime)["moves"] == 1


def test_faulty_wishes_change_nothing(client: TestClient) -> None:
    (move,) = get(client, "/transfers")["data"]
    asked = [{"id": "V~none~W"}, {"id": MOVE, "quantity": 401}, {"id": MOVE, "quantity": 1.5}]
    answer = post(client, "/transfers:approve", {"items": asked}).json()
    assert [each["problem"] for each in answer["data"]] == [
        "no line of the plan has this id",
        "401 is more than the 400 that V has",
        "1.5 is no multiple of the pack of 1",
    ]
    bare = post(client, "/transfers:dismiss", {"items": [{"id": MOVE}]}).json()["data"][0]
    assert bare["problem"] == "say why: a dismissal needs a reason"
    assert get(client, f"/transfers/{MOVE}")["trail"] == []
    assert approve(client, quantity=move["quantity"] - 1)["state"] == "changed"


def test_a_key_exports_once_and_what_has_not_come_is_cancelled(
    client: TestClient, runtime: _Live
) -> None:
    (move,) = get(client, "/transfers")["data"]
    approve(client)
    nothing = post(client, "/transfer-orders:export", {"from_warehouse_id": "W"}).json()
    assert nothing["data"] == []
    key = {"Idempotency-Key": "k"}
    first, again = (post(client, "/transfer-orders:export", {}, **key) for _ in "ab")
    assert first.json() == again.json()
    (order,) = first.json()["data"]
    assert (order["from_warehouse_id"], order["to_warehouse_id"]) == ("V", "W")
    assert (order["units"], order["cost"]) == (move["quantity"], move["cost"])
    path = f"/transfer-orders/{order['transfer_id']}"
    assert get(client, path)["data"] == [order]
    (gone,) = post(client, f"{path}:cancel", {"reason": "broken truck"}).json()["data"]
    assert gone["lines"][0]["state"] == "cancelled"
    assert stock(runtime)["moves"] == 1
    unknown = post(client, "/transfer-orders/none:cancel", {"reason": "late"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_order")


def test_dear_transfers_take_two_people(tmp_path: Any) -> None:
    runtime = made(tmp_path / "home", **TERMS, second_approval_above=0.0, auth=True)
    runtime.records.migrate()
    app = create_app(runtime.settings, runtime)
    keys = [
        create_key(runtime.records, name, ("plan", "approve"), owner=name) for name in ("a", "b")
    ]
    client, other = (TestClient(app, headers={"X-API-Key": key}) for key in keys)
    assert approve(client)["state"] == "awaiting_second"
    (held,) = get(client, "/approvals")["data"]
    assert (held["id"], held["kind"]) == (MOVE, "transfer")
    assert "waits for a second person" in approve(client)["problem"]
    assert post(client, "/transfer-orders:export", {}).json()["data"] == []
    assert approve(other)["state"] == "approved"
    assert len(post(client, "/transfer-orders:export", {}).json()["data"]) == 1
    runtime.store.close()
    runtime.records.close()
