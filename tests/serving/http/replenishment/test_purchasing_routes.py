"""From the plan's line to a purchase order over HTTP, on a real lake, store and database."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.purchasing import Step, Suggested
from data.settings import Settings
from decisions.replenishment.plan import make
from decisions.runtime import Runtime
from features import forecasting
from features.replenishment import SERVICE, VIEWS
from features.store import Store
from serving.http.app import create_app
from tests.serving.http.replenishment.small_plan import NOW, fill, forecasts, release

SHORT, HALF, BARE = "W~short~S", "W~half~S", "W~bare~"
ROOT = "/v1/replenishment"


class _Live(Runtime):
    """With one release in use without a registry behind it."""

    def release(self, row: str) -> Any:
        return release() if row == "replenishment" else None


@pytest.fixture
def runtime(tmp_path: Any) -> Iterator[_Live]:
    runtime = _Live(Settings(home=tmp_path / "home", auth=False))
    fill(runtime.lake)
    views = (*forecasting.VIEWS, *VIEWS)
    runtime.store = Store(
        runtime.settings, runtime.lake, views=views, services={"replenishment": SERVICE}
    )
    runtime.store.ensure(NOW)
    runtime.store.write("forecast", forecasts())
    yield runtime
    runtime.store.close()
    runtime.records.close()


@pytest.fixture
def client(runtime: _Live) -> TestClient:
    return TestClient(create_app(runtime.settings, runtime))


def post(client: TestClient, path: str, body: dict[str, Any], **headers: str) -> Any:
    return client.post(f"{ROOT}{path}", json=body, headers=headers)


def line(client: TestClient, line_id: str) -> Any:
    return client.get(f"{ROOT}/suggestions/{line_id}").json()


def test_a_line_in_depth_adds_up_in_units_and_money(client: TestClient) -> None:
    found = line(client, SHORT)
    data = found["data"]
    assert sum(part["units"] for part in found["waterfall"]) == pytest.approx(
        data["order_quantity"], abs=1e-6
    )
    assert sum(part["money"] for part in found["waterfall"]) == pytest.approx(
        data["order_value"], abs=1e-6
    )
    cheapest = min(found["cost_curve"], key=lambda point: point["total"])
    chosen = next(p for p in found["cost_curve"] if p["quantity"] == data["order_quantity"])
    assert chosen["total"] <= 1.5 * cheapest["total"] + 1.0
    assert len(found["projection"]) == 14
    assert found["trail"] == []
    assert line(client, BARE)["waterfall"] is None


def test_approve_change_dismiss_export(client: TestClient) -> None:
    assert post(client, f"/suggestions/{SHORT}:approve", {}).json()["data"][0]["problem"] is None
    changed = post(client, f"/suggestions/{HALF}:approve", {"quantity": 12, "reason": "fair"})
    assert changed.json()["data"][0]["state"] == "changed"
    first = post(client, "/orders:export", {}).json()["data"]
    assert [(each["supplier_id"], each["warehouse_id"]) for each in first] == [("S", "W")]
    units = {each["product_id"]: each["quantity"] for each in first[0]["lines"]}
    assert units["half"] == 12
    assert first[0]["value"] == pytest.approx(2.0 * first[0]["units"])
    assert post(client, "/orders:export", {}).json()["data"] == []
    data = line(client, HALF)
    assert (data["data"]["state"], data["data"]["approved_quantity"]) == ("exported", 12)
    assert [entry["after"] for entry in data["trail"]] == ["exported", "changed"]
    late = post(client, f"/suggestions/{HALF}:dismiss", {"reason": "no"})
    assert (late.status_code, late.json()["code"]) == (409, "decision_refused")


def test_a_capped_plan_is_approved_as_it_stands(client: TestClient) -> None:
    """Until the server has decided, nothing is; then each line is as the capped plan has it."""
    terms = {"budget": 40.0}
    wanted = {
        each["id"]: each["order_quantity"]
        for each in post(client, "/plan", terms).json()["data"]
        if each["order_quantity"] > 0
    }
    made = post(client, "/plan:approve", {**terms, "reason": "this week's budget"}).json()
    assert {each["id"]: each["quantity"] for each in made["data"]} == wanted
    assert made["refused"] == 0
    spent = sum(2.0 * quantity for quantity in wanted.values())
    assert 0 < spent <= 40.0
    (order,) = post(client, "/orders:export", {}).json()["data"]
    assert order["value"] == pytest.approx(spent)
    assert post(client, "/plan:approve", {"budgets": 40.0}).status_code == 422


def test_what_has_not_come_of_an_order_is_cancelled_once(client: TestClient) -> None:
    post(client, "/suggestions:approve", {"items": [{"id": SHORT}, {"id": HALF}]})
    (order,) = post(client, "/orders:export", {}).json()["data"]
    path, why = f"/orders/{order['po_id']}:cancel", {"reason": "out of stock"}
    (first,) = post(client, path, {**why, "line_nos": [1]}).json()["data"]
    assert [each["state"] for each in first["lines"]] == ["cancelled", "exported"]
    (whole,) = post(client, path, why).json()["data"]
    assert [each["state"] for each in whole["lines"]] == ["cancelled", "cancelled"]
    assert all(each["cancelled_at"] for each in whole["lines"])
    assert post(client, path, why).json()["data"] == [whole], "again: as it is"
    assert post(client, "/orders:export", {}).json()["data"] == []
    entry = line(client, HALF)["trail"][0]
    assert (entry["after"], entry["reason"]) == ("cancelled", "out of stock")
    assert entry["owner"] == "anyone"


def test_a_cancelled_order_is_no_supply_at_once_in_every_worker(
    client: TestClient, runtime: _Live
) -> None:
    yesterday = NOW - timedelta(days=1)
    runtime.records.migrate()
    line = Suggested(SHORT, yesterday, "W", "short", "S", 9.0, 2.0, 7.0)
    runtime.records.purchasing.decide([Step(line, "approved", actor="ann", at=yesterday)])
    (order,) = post(client, "/orders:export", {}).json()["data"]
    other = _Live(runtime.settings)
    with TestClient(create_app(other.settings, other)) as second:
        workers = (client, second)
        held = [each.get(f"{ROOT}/suggestions/{SHORT}").json()["data"] for each in workers]
        assert [each["on_order"] for each in held] == [9.0, 9.0]
        post(client, f"/orders/{order['po_id']}:cancel", {"reason": "late"})
        freed = [each.get(f"{ROOT}/suggestions/{SHORT}").json()["data"] for each in workers]
        assert [each["on_order"] for each in freed] == [0.0, 0.0]
        assert freed[0]["order_quantity"] > held[0]["order_quantity"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reason": "a"}, 422, "invalid_request"),
        ({"reason": "     "}, 422, "invalid_request"),
        ({"reason": "late", "line_nos": []}, 422, "invalid_request"),
        ({"reason": "late", "line_nos": [0]}, 422, "invalid_request"),
        ({"reason": "late", "line_nos": [9]}, 409, "order_stands"),
    ],
)
def test_an_order_is_not_cancelled_as_nobody_meant(
    client: TestClient, body: dict[str, Any], status: int, code: str
) -> None:
    post(client, "/suggestions:approve", {"items": [{"id": SHORT}]})
    (order,) = post(client, "/orders:export", {}).json()["data"]
    refused = post(client, f"/orders/{order['po_id']}:cancel", body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert client.get(f"{ROOT}/orders/{order['po_id']}").json()["data"] == [order]
    unknown = post(client, "/orders/none:cancel", {"reason": "late"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_order")


def test_an_order_that_the_own_system_has_is_cancelled_there(
    client: TestClient, runtime: _Live
) -> None:
    post(client, "/suggestions:approve", {"items": [{"id": SHORT}]})
    (order,) = post(client, "/orders:export", {}).json()["data"]
    path = f"/orders/{order['po_id']}:cancel"
    text = client.get(f"{ROOT}/orders", headers={"Accept": "text/csv"}).text
    entered = pd.read_csv(io.StringIO(text))
    runtime.lake.append("purchase_orders", entered)
    refused = post(client, path, {"reason": "late"})
    assert (refused.status_code, refused.json()["code"]) == (409, "order_stands")
    assert "cancel it there" in refused.json()["detail"]
    runtime.lake.append("purchase_orders", entered.assign(cancelled_at=str(NOW)))
    (gone,) = post(client, path, {"reason": "late"}).json()["data"]
    assert gone["lines"][0]["state"] == "cancelled"


def test_an_order_of_which_a_part_came_is_found_by_its_state(
    client: TestClient, runtime: _Live
) -> None:
    post(client, "/suggestions:approve", {"items": [{"id": SHORT}, {"id": HALF}]})
    (order,) = post(client, "/orders:export", {}).json()["data"]
    text = client.get(f"{ROOT}/orders", headers={"Accept": "text/csv"}).text
    entered = pd.read_csv(io.StringIO(text))
    first = entered["line_no"] == 1
    part = {"received_at": str(NOW), "received_quantity": 1.0}
    runtime.lake.append("purchase_orders", entered[first].assign(**part))
    runtime.lake.append("purchase_orders", entered[~first])
    make(runtime, NOW + timedelta(hours=1))
    (found,) = client.get(f"{ROOT}/orders?state=partially_received").json()["data"]
    assert (found["po_id"], found["state"]) == (order["po_id"], "partially_received")
    assert [line["state"] for line in found["lines"]] == ["partially_received", "exported"]
    assert client.get(f"{ROOT}/orders?state=received").json()["data"] == []
    csv = client.get(f"{ROOT}/orders?state=exported", headers={"Accept": "text/csv"}).text
    assert len(csv.splitlines()) == 1
    assert client.get(f"{ROOT}/orders?state=draft").status_code == 422
    refused = post(client, f"/orders/{order['po_id']}:cancel", {"reason": "late", "line_nos": [1]})
    assert refused.status_code == 409


def test_the_plan_counts_an_order_once_that_was_entered_in_another_quantity(
    client: TestClient, runtime: _Live
) -> None:
    post(client, "/suggestions:approve", {"items": [{"id": SHORT}]})
    post(client, "/orders:export", {})
    text = client.get(f"{ROOT}/orders", headers={"Accept": "text/csv"}).text
    entered = pd.read_csv(io.StringIO(text)).assign(po_id="erp-1", quantity=96.0)
    runtime.lake.append("purchase_orders", entered)
    later = NOW + timedelta(hours=1)
    runtime.store.ensure(later)
    plan = make(runtime, later)
    found = plan.lines.set_index("product_id").loc["short"]
    assert found["on_order"] == 96.0
    assert "Order erp-1 of 96 counts instead of ours" in found["reason"]


def test_stock_that_nobody_counted_is_null_and_not_0(client: TestClient, runtime: _Live) -> None:
    terms = {"warehouse_id": "W", "product_id": "unseen", "supplier_id": "S", "unit_cost": 2.0}
    runtime.lake.append("supply_terms", pd.DataFrame([terms | {"lead_time_days": 7.0}]))
    runtime.store.ensure(NOW)
    found = line(client, "W~unseen~S")["data"]
    assert (found["on_hand"], found["inventory_position"]) == (None, None)
    assert "Stock was never observed" in found["reason"]
    text = client.get(f"{ROOT}/suggestions", headers={"Accept": "text/csv"}).text
    table = pd.read_csv(io.StringIO(text)).set_index("product_id")
    assert table["on_hand"].isna().to_dict() == {
        name: name == "unseen" for name in ("short", "enough", "half", "bare", "odd~id/x", "unseen")
    }


def test_orders_are_read_again_as_json_and_csv(client: TestClient, runtime: _Live) -> None:
    post(client, "/suggestions:approve", {"items": [{"id": SHORT}, {"id": HALF}]})
    (order,) = post(client, "/orders:export", {}).json()["data"]
    assert client.get(f"{ROOT}/orders").json()["data"] == [order]
    assert client.get(f"{ROOT}/orders/{order['po_id']}").json()["data"] == [order]
    assert client.get(f"{ROOT}/orders/none").status_code == 404
    text = client.get(f"{ROOT}/orders", headers={"Accept": "text/csv"}).text
    runtime.lake.append(
        "purchase_orders", pd.read_csv(io.StringIO(text))
    )  # the table's own columns
    assert len(runtime.lake.read("purchase_orders")) == 2


def test_a_bulk_answers_for_each_line(client: TestClient) -> None:
    items = [
        {"id": SHORT},
        {"id": "W~nothing~S"},
        {"id": HALF, "quantity": 7},
        {"id": BARE, "quantity": 6},
        {"id": "W~enough~S"},
    ]
    answer = post(client, "/suggestions:approve", {"items": items}).json()
    assert (answer["changed"], answer["refused"]) == (1, 4)
    problems = [each["problem"] for each in answer["data"]]
    assert problems == [
        None,
        "no line of the plan has this id",
        "7 is no multiple of the pack of 6",
        "there are no supply terms: nobody can be asked",
        "nothing is suggested for it; say a quantity",
    ]
    bare = post(client, f"/suggestions/{SHORT}:dismiss", {})
    assert (bare.status_code, bare.json()["code"]) == (422, "reason_missing")
    nobody = post(client, "/suggestions/W~x~y:approve", {})
    assert nobody.status_code == 404


def test_an_idempotency_key_orders_once(client: TestClient) -> None:
    post(client, "/suggestions:approve", {"items": [{"id": SHORT}]})
    first, again = (post(client, "/orders:export", {}, **{"Idempotency-Key": "k"}) for _ in "ab")
    assert first.json() == again.json()
    assert len(first.json()["data"]) == 1


def test_what_was_ordered_here_is_on_order_in_the_next_plan(
    client: TestClient, runtime: _Live
) -> None:
    before = line(client, SHORT)["data"]["order_quantity"]
    post(client, "/suggestions:approve", {"items": [{"id": SHORT}]})
    tomorrow = NOW + timedelta(days=1)
    for _ in ("approved", "exported"):
        lines = make(runtime, tomorrow).lines.set_index("product_id")
        assert lines.loc["short", "on_order"] == before
        assert lines.loc["short", "order_quantity"] < before
        post(client, "/orders:export", {})
    (order,) = client.get(f"{ROOT}/orders").json()["data"]
    came = {
        "po_id": order["po_id"],
        "line_no": 1,
        "warehouse_id": "W",
        "product_id": "short",
        "supplier_id": "S",
        "ordered_at": NOW,
        "quantity": before,
        "received_at": tomorrow,
    }
    runtime.lake.append("purchase_orders", pd.DataFrame([came]))
    assert make(runtime, tomorrow).lines.set_index("product_id").loc["short", "on_order"] == 0
    (order,) = client.get(f"{ROOT}/orders").json()["data"]
    assert order["lines"][0]["state"] == "received"


def test_what_if_under_a_budget_and_another_tariff(client: TestClient) -> None:
    capped = post(client, "/plan", {"budget": 30.0}).json()
    assert capped["changed"]["value"] <= 30.0 < capped["now"]["value"]
    assert 0 <= capped["proven_gap"] <= 1
    assert capped["differences"]
    dearer = post(client, "/plan", {"duty_rate": 0.5, "against": {"duty_rate": 0.1}}).json()
    assert dearer["proven_gap"] is None
    value = {each["product_id"]: each["unit_cost"] for each in dearer["data"]}
    assert value["short"] == pytest.approx(3.0)


def test_transfers_are_listed(client: TestClient) -> None:
    page = client.get(f"{ROOT}/transfers").json()
    assert (page["data"], page["has_more"]) == ([], False)  # there is one warehouse
    assert page["served_by"] == "OrderUpTo"


def test_only_planners_with_the_scope_may_approve(runtime: _Live) -> None:
    from serving.http.auth import create_key

    settings = runtime.settings.model_copy(update={"auth": True})
    guarded = _Live(settings)
    guarded.records.migrate()
    reader = create_key(guarded.records, "reader", ("plan",))
    client = TestClient(create_app(settings, guarded))
    headers = {"X-API-Key": reader}
    answer = client.post(f"{ROOT}/orders:export", json={}, headers=headers)
    assert answer.status_code == 403
    guarded.store.close()
    guarded.records.close()
