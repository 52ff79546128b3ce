"""The plan over HTTP, from a real lake and store with a handful of pairs."""

import threading
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from pandas.testing import assert_frame_equal

from decisions.replenishment import plan, score
from decisions.replenishment.plan import Plans
from features.replenishment import FEATURES, planning_frame
from serving.http.app import create_app
from tests.serving.http.replenishment.small_plan import NOW, _Live, get, release


def test_batch_and_api_agree(runtime: _Live, client: TestClient) -> None:
    batch = score(runtime, NOW).set_index("product_id")
    for line in get(client)["data"]:
        assert batch.loc[line["product_id"], "order_quantity"] == line["order_quantity"]
        assert batch.loc[line["product_id"], "reason"] == line["reason"]


def test_the_bulk_frame_is_the_online_frame(runtime: _Live) -> None:
    """What the plan reads in bulk is what the store answers key by key."""
    names = ("stock_position", "supply", "lead_time", "forecast")
    views = [runtime.store.latest(name, NOW) for name in names]
    frame = planning_frame(*views, warehouses=runtime.lake.read("warehouses"), now=NOW)
    frame = frame[frame["supplier_id"].notna()].reset_index(drop=True)
    keys = frame[["warehouse_id", "product_id", "supplier_id"]]
    online = runtime.store.online_frame("replenishment", keys, NOW)
    shared = [name for name in FEATURES if name not in {"fx_rate", "price_fx_rate"}]
    assert_frame_equal(frame[shared], online[shared])


def test_without_a_model_the_policy_answers_with_nothing_learned(
    runtime: _Live, client: TestClient
) -> None:
    runtime.mine = None
    try:
        page = get(client)
        assert page["degraded"]
        assert (page["model_version"], page["served_by"]) == (None, "OrderUpTo, nothing learned")
        lines = score(runtime, NOW)
        assert set(lines["planned_by"]) == {"OrderUpTo, nothing learned"}
        assert lines["reason"].str.contains("no trained policy is in use").all()
    finally:
        runtime.mine = release()


def test_without_forecasts_recent_sales_are_carried_on(runtime: _Live) -> None:
    early = NOW - timedelta(seconds=1)
    from decisions.replenishment.plan import make

    plan = make(runtime, early)
    assert (plan.degraded, plan.served_by) == ("no_forecasts", "OrderUpTo")
    assert_frame_equal(score(runtime, early), plan.lines)


def test_a_key_without_the_scope_is_refused(runtime: _Live) -> None:
    settings = runtime.settings.model_copy(update={"auth": True})
    guarded = _Live(settings)
    guarded.records.migrate()
    client = TestClient(create_app(settings, guarded))
    assert client.get("/v1/replenishment/suggestions").status_code == 401
    guarded.records.close()


def test_scenarios_are_compared_side_by_side(client: TestClient) -> None:
    names = {"nothing": {"budget": 0.0}, "some": {"budget": 40.0}, "as planned": {}}
    body = {"scenarios": [{"name": name, **terms} for name, terms in names.items()]}
    answer = client.post("/v1/replenishment/plan:compare", json=body)
    assert answer.status_code == 200, answer.text
    rows = answer.json()["data"]
    assert [row["name"] for row in rows] == list(names)
    money = [row["order_value"] for row in rows]
    assert money[0] == 0 < money[1] <= 40.0 < money[2]
    assert rows[0]["lost_sales"] > rows[1]["lost_sales"] > rows[2]["lost_sales"]
    assert rows[0]["service_level"] < rows[1]["service_level"] < rows[2]["service_level"]
    assert rows[2]["stock_value"] - rows[0]["stock_value"] == pytest.approx(money[2])
    planned = client.post("/v1/replenishment/plan", json={}).json()["now"]
    assert (planned["value"], planned["money_at_risk"]) == (money[2], rows[2]["lost_sales"])


def test_the_first_plan_is_made_once_before_anybody_asks(
    runtime: _Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans, made = Plans(runtime), []
    plain = plan.make
    monkeypatch.setattr(plan, "make", lambda *given: made.append(given) or plain(*given))
    for _ in range(2):
        plans.look()
        for thread in threading.enumerate():
            if thread.name == "plan":
                thread.join()
    assert len(made) == 1
    assert plans.current().as_of == NOW
    assert len(made) == 1
