"""The plan over HTTP, from a real lake and store with a handful of pairs."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from pandas.testing import assert_frame_equal
from scipy.stats import poisson

from data.lake import Lake
from data.settings import Settings
from data.views import fingerprint
from decisions.replenishment import score
from decisions.runtime import Runtime
from features import forecasting
from features.replenishment import FEATURES, SERVICE, VIEWS, planning_frame
from features.store import Store
from models.base import Release
from models.replenishment import OrderUpTo
from serving.http.app import create_app

MONDAY = datetime(2024, 3, 4, tzinfo=UTC)
NOW = MONDAY + timedelta(hours=8)
LEVELS = [0.1, 0.5, 0.9, 0.95]
PRODUCTS = {"short": 0.0, "enough": 500.0, "half": 12.0, "bare": 3.0, "odd~id/x": 0.0}


def fill(lake: Lake) -> None:
    """Five products at one warehouse; `bare` has no supply terms."""
    lake.append(
        "stock",
        pd.DataFrame(
            [
                {"observed_at": NOW, "warehouse_id": "W", "product_id": p, "on_hand": n}
                for p, n in PRODUCTS.items()
            ]
        ),
    )
    terms = {"warehouse_id": "W", "supplier_id": "S", "lead_time_days": 7.0, "unit_cost": 2.0}
    money = {"currency": "EUR", "stockout_cost": 3.0, "pack_size": 6.0}
    rows = [{**terms, **money, "product_id": p} for p in PRODUCTS if p != "bare"]
    lake.append("supply_terms", pd.DataFrame(rows))


def forecasts() -> pd.DataFrame:
    steps = np.arange(1, 7)
    one = {
        "event_timestamp": pd.Timestamp(NOW),
        "forecast_as_of": NOW.isoformat(),
        "frequency": "week",
        "period_start": "2024-03-04",
        "levels": LEVELS,
        "mean": [10.0] * 6,
        "quantiles": np.tile(poisson.ppf(LEVELS, 10), 6).tolist(),
        "window_mean": (10.0 * steps).tolist(),
        "window_quantiles": poisson.ppf(LEVELS, 10.0 * steps[:, None]).ravel().tolist(),
        "model_version": "1",
        "demand_class": "smooth",
        **dict.fromkeys(("abc_xyz", "explanation", "overrides")),
    }
    return pd.DataFrame([{"warehouse_id": "W", "product_id": p, **one} for p in PRODUCTS])


def release() -> Release:
    """As training would have made it, with the shift of the quantile learned."""
    model = OrderUpTo()
    model.learned = {"lot": {}, "shift": {"": 0.4}}
    nothing = pd.DataFrame()
    return Release(
        use_case="replenishment",
        version="3",
        model=model,
        features=FEATURES,
        contract=fingerprint(FEATURES),
        cut_off=NOW,
        metrics={},
        policy={},
        sample=nothing,
        expected=nothing,
    )


class _Live(Runtime):
    """Live, with one release in use without a registry behind it."""

    mine: Release | None = None

    def release(self, row: str) -> Release | None:
        return self.mine if row == "replenishment" else None


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Live]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), auth=False)
    runtime = _Live(settings)
    runtime.mine = release()
    fill(runtime.lake)
    views = (*forecasting.VIEWS, *VIEWS)
    runtime.store = Store(settings, runtime.lake, views=views, services={"replenishment": SERVICE})
    runtime.store.ensure(NOW)
    runtime.store.write("forecast", forecasts())
    yield runtime
    runtime.store.close()


@pytest.fixture(scope="module")
def client(runtime: _Live) -> TestClient:
    return TestClient(create_app(runtime.settings, runtime))  # not entered: Live is not started


def get(client: TestClient, path: str = "", **query: Any) -> Any:
    answer = client.get(f"/v1/replenishment/suggestions{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_pair_has_a_line_with_a_reason(client: TestClient) -> None:
    page = get(client)
    lines = {line["product_id"]: line for line in page["data"]}
    assert set(lines) == set(PRODUCTS)
    assert (page["model_version"], page["served_by"], page["degraded"]) == ("3", "OrderUpTo", False)
    assert page["as_of"] == "2024-03-04T08:00:00Z"
    assert (page["has_more"], page["next_cursor"]) == (False, None)
    assert lines["short"]["order_quantity"] > 10
    assert lines["short"]["order_quantity"] % 6 == 0
    assert lines["short"]["not_ordered_reason"] is None
    assert lines["enough"]["not_ordered_reason"] == "stock and orders cover the demand"
    assert lines["bare"]["not_ordered_reason"] == "no supply terms"
    assert lines["bare"]["supplier_id"] is None
    assert lines["bare"]["order_up_to"] is None
    assert all(line["reason"] for line in lines.values())
    risks = [line["money_at_risk"] for line in page["data"] if line["money_at_risk"] is not None]
    assert risks == sorted(risks, reverse=True)


def test_filters(client: TestClient) -> None:
    assert [line["product_id"] for line in get(client, product_id="half")["data"]] == ["half"]
    assert get(client, warehouse_id="elsewhere")["data"] == []
    assert get(client, supplier_id="S", ordered=False)["data"][0]["product_id"] == "enough"
    assert all(line["order_quantity"] > 0 for line in get(client, ordered=True)["data"])


def test_pages_join_to_the_whole(client: TestClient) -> None:
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = get(client, limit=2, **cursor)
        found += [line["id"] for line in page["data"]]
        cursor = {"cursor": page["next_cursor"]}
    assert not page["has_more"]
    assert found == [line["id"] for line in get(client)["data"]]


def test_a_cursor_of_another_plan_is_refused(client: TestClient) -> None:
    for cursor in ("nonsense", "MiAxLngueA=="):
        answer = client.get("/v1/replenishment/suggestions", params={"cursor": cursor})
        assert answer.status_code == 422
        assert answer.json()["code"] == "invalid_cursor"
        assert answer.json()["errors"][0]["pointer"] == "/cursor"


def test_one_line_by_its_id(client: TestClient) -> None:
    for line in get(client)["data"]:
        assert get(client, f"/{line['id']}")["data"] == line
    missing = client.get("/v1/replenishment/suggestions/W~nothing~S")
    assert missing.status_code == 404
    assert missing.json()["code"] == "unknown_suggestion"


def test_csv_has_the_same_lines(client: TestClient) -> None:
    answer = client.get("/v1/replenishment/suggestions", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["x-model-version"] == "3"
    table = pd.read_csv(io.StringIO(answer.text), keep_default_na=False)
    lines = get(client)["data"]
    assert list(table["id"]) == [line["id"] for line in lines]
    assert list(table["order_quantity"]) == [line["order_quantity"] for line in lines]
    assert list(table["reason"]) == [line["reason"] for line in lines]


def test_what_if_changes_nothing_but_the_answer(client: TestClient) -> None:
    before = get(client)
    body = {"lead_time_days": 35, "lead_time_sd": 7, "demand_uplift": 0.2, "product_id": "short"}
    answer = client.post("/v1/replenishment/plan", json=body).json()
    now = next(line for line in before["data"] if line["product_id"] == "short")
    assert answer["now"]["units"] == now["order_quantity"]
    changed = answer["data"][0]
    demanded = changed["demand_mean"] + changed["lost_before_arrival"]
    assert demanded == pytest.approx(10 * 6 * 1.2, rel=0.01)
    assert answer["changed"]["units"] == changed["order_quantity"] > now["order_quantity"]
    assert get(client) == before
    promised = client.post("/v1/replenishment/plan", json={"service_level": 0.6}).json()
    assert {line["target_quantile"] for line in promised["data"]} == {0.6, None}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"service_level": 1.5}, "/service_level"), ({"lead_times": 3}, "/lead_times")],
)
def test_what_if_refuses_what_it_does_not_know(
    client: TestClient, body: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/replenishment/plan", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_what_if_of_nothing_is_empty(client: TestClient) -> None:
    answer = client.post("/v1/replenishment/plan", json={"warehouse_id": "elsewhere"}).json()
    assert answer["data"] == []
    assert answer["changed"]["lines_ordered"] == answer["changed"]["transfers"] == 0


def test_batch_and_api_agree(runtime: _Live, client: TestClient) -> None:
    batch = score(runtime, NOW).set_index("product_id")
    for line in get(client)["data"]:
        assert batch.loc[line["product_id"], "order_quantity"] == line["order_quantity"]
        assert batch.loc[line["product_id"], "reason"] == line["reason"]


def test_the_bulk_frame_is_the_online_frame(runtime: _Live) -> None:
    """What the plan reads in bulk is what the store answers key by key."""
    names = ("stock_position", "supply", "lead_time", "forecast")
    views = [runtime.store.latest(name, NOW) for name in names]
    frame = planning_frame(*views, now=NOW)
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
