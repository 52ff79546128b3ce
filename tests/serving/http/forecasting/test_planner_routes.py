"""What planners send and get: the same store, the model's numbers back when an override ends."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.batch import _are_forecasts_fresh
from decisions.forecasting import score
from decisions.runtime import Runtime
from models.forecasting import Forecaster, explained
from serving.http.app import create_app
from serving.http.forecasting.planner_schemas import why
from tests.serving.http.forecasting.forecast_shop import HORIZON, NOW, orders, register

PAIR = {"warehouse_id": "w", "product_id": "p1"}
WISH = {
    **PAIR,
    "first": "2024-09-16",
    "last": "2024-09-29",
    "factor": 3.0,
    "author": "ann",
    "reason": "television spot",
    "expires_at": "2024-12-01T00:00:00Z",
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    home = tmp_path_factory.mktemp("planners")
    tables = home / "tables"
    tables.mkdir()
    given = orders()
    given.loc[given.index[-1], "ordered_at"] = pd.Timestamp(NOW)
    given["status"] = "placed"
    given.loc[given.index[given["product_id"] == "p1"][0], "status"] = "cancelled"
    given.to_parquet(tables / "orders.parquet")
    runtime = Runtime(Settings(home=home / "home", auth=False, frequency="week"))
    runtime.lake.ingest(tables)
    runtime.store.materialize(NOW)
    register(runtime.registry, runtime)
    runtime.records.migrate()
    runtime.refresh()
    score(runtime, NOW)
    yield runtime
    runtime.stop()


@pytest.fixture(scope="module")
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        yield client


def means(client: TestClient) -> list[float]:
    answer = client.get("/v1/forecasts", params=PAIR).json()
    return [one["mean"] for one in answer["periods"]]


def test_an_override_is_planned_with_until_it_is_dropped(
    runtime: Runtime, client: TestClient
) -> None:
    before = means(client)
    made = client.post("/v1/forecasts/overrides", json=WISH)
    assert made.status_code == 201, made.text
    assert made.json()["applied"] is True
    wanted = [before[0], 3 * before[1], 3 * before[2], *before[3:]]
    assert means(client) == pytest.approx(wanted, abs=1e-3)
    # What replenishment reads, and what a batch gives, bear it too.
    stored = runtime.store.latest("forecast", NOW).set_index("product_id").loc["p1"]
    assert sum(stored["mean"]) == pytest.approx(sum(wanted), abs=1e-2)
    assert stored["window_mean"][-1] == pytest.approx(sum(wanted), abs=1e-2)
    batch = score(runtime, NOW)
    mine = batch[batch["product_id"] == "p1"]
    assert list(mine["mean"]) == pytest.approx(wanted, abs=1e-3)
    assert set(mine["overrides"]) == {made.json()["override_id"]}

    listed = client.get("/v1/forecasts/overrides", params={"product_id": "p1"}).json()["data"]
    assert [(one["author"], one["reason"], one["holds"]) for one in listed] == [
        ("ann", "television spot", True)
    ]
    gone = client.delete(f"/v1/forecasts/overrides/{made.json()['override_id']}")
    assert gone.status_code == 200
    assert means(client) == pytest.approx(before, abs=1e-3)
    assert client.get("/v1/forecasts/overrides").json()["data"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 3.0},
        {"factor": None},
        {"factor": -1},
        {"last": "2024-01-01"},
        {"expires_at": "2024-01-01T00:00:00Z"},
        {"expires_at": "2024-12-01T00:00:00"},
        {"author": ""},
        {"odd": 1},
    ],
)
def test_an_override_without_sense_is_refused(client: TestClient, change: dict) -> None:
    answer = client.post("/v1/forecasts/overrides", json={**WISH, **change})
    assert answer.status_code == 422
    assert client.get("/v1/forecasts/overrides").json()["data"] == []


def test_an_override_of_an_unknown_pair_waits(client: TestClient) -> None:
    made = client.post("/v1/forecasts/overrides", json={**WISH, "product_id": "never"}).json()
    assert made["applied"] is False
    client.delete(f"/v1/forecasts/overrides/{made['override_id']}")
    assert client.delete("/v1/forecasts/overrides/none").status_code == 404
    group = {**WISH, "warehouse_id": "*", "product_id": "*", "category": "no such"}
    made = client.post("/v1/forecasts/overrides", json=group).json()
    assert made["note"].startswith('No product is of the category "no such": it changes nothing')
    client.delete(f"/v1/forecasts/overrides/{made['override_id']}")


def test_an_override_that_touches_no_period_says_so(client: TestClient) -> None:
    dates = {"first": "2023-01-02", "last": "2023-01-15"}
    made = client.post("/v1/forecasts/overrides", json={**WISH, **dates}).json()
    assert made["applied"] is False
    assert made["note"].startswith("It touches no period: none starts from 2023-01-02")
    client.delete(f"/v1/forecasts/overrides/{made['override_id']}")


def test_a_forecast_tells_its_history_and_what_it_is_made_of(client: TestClient) -> None:
    answer = client.get("/v1/forecasts", params={**PAIR, "history": 60}).json()
    assert len(answer["history"]) == 36
    assert "1 cancelled, not counted" in {one["correction"] for one in answer["history"]}
    assert answer["abc_xyz"][0] in "ABC"
    for period, parts in zip(answer["periods"], answer["explanation"], strict=True):
        assert sum(parts.values()) == pytest.approx(period["mean"], abs=1e-3)


def test_corrections_exceptions_and_value_added_are_told(client: TestClient) -> None:
    corrections = client.get("/v1/forecasts/corrections", params=PAIR).json()["data"]
    assert [one["cancelled"] for one in corrections] == [1.0]
    ways = [one["way"] for one in client.get("/v1/forecasts/value-added").json()["data"]]
    assert ways == ["naive", "seasonal_naive", "model", "final"]
    page = client.get("/v1/forecasts/exceptions", params={"limit": 2}).json()
    assert page["has_more"] is False  # no forecast of a closed period is there yet
    faulty = client.get("/v1/forecasts/exceptions", params={"cursor": "odd"})
    assert faulty.json()["code"] == "invalid_cursor"


def test_forecasts_made_as_of_then_are_fresh(runtime: Runtime) -> None:
    assert _are_forecasts_fresh(runtime.store, NOW)
    assert not _are_forecasts_fresh(runtime.store, NOW + pd.Timedelta(days=1))


def test_a_promotion_ahead_is_told_as_its_own_part() -> None:
    model = Forecaster(horizon=HORIZON, rows=2000, trees=10)
    weeks = pd.date_range("2024-01-01", periods=30, freq="7D").strftime("%Y-%m-%d")
    history = pd.DataFrame(
        {
            "warehouse_id": "w",
            "product_id": [f"p{n % 12}" for n in range(360)],
            "period_start": [weeks[n // 12] for n in range(360)],
            "frequency": "week",
            "quantity": [3.0 + 9.0 * (n % 7 == 0) for n in range(360)],
            "promotion": [float(n % 7 == 0) for n in range(360)],
            "promotion_discount": 0.0,
        }
    )
    ahead = history[history["product_id"] == "p1"].head(1)
    ahead = ahead.assign(period_start="2024-07-29", horizon=1, promotion=1.0, quantity=np.nan)
    whole = pd.concat([history, ahead], ignore_index=True)
    answer = model.fit(history).predict(whole)
    parts = explained(model, whole, answer)
    assert parts.sum(axis=1).to_numpy() == pytest.approx(answer["mean"].to_numpy())
    assert parts["promotion"].iloc[0] > 1
    # The week after a promotion may sell a little less or more.
    assert parts["promotion"].iloc[1:].abs().max() == pytest.approx(0, abs=0.02)


CLOSED = "warehouse closed 60% of the time"


@pytest.mark.parametrize(
    ("quantity", "in_stock", "closed", "told"),
    [
        (None, 0.0, 0.0, "shelf empty: demand unknown"),
        (None, 0.0, 1.0, "warehouse closed: demand unknown"),
        (None, 0.0, 0.3, "warehouse closed and shelf empty: demand unknown"),
        (2.0, 0.4, 0.0, "in stock 40% of the time: demand at least this"),
        (2.0, 0.4, 0.6, f"{CLOSED}, in stock 40% of the time: demand at least this"),
    ],
)
def test_a_correction_says_whether_the_shelf_was_empty_or_the_warehouse_closed(
    quantity: float | None, in_stock: float, closed: float, told: str
) -> None:
    row = {"quantity": quantity, "in_stock": in_stock, "closed": closed, "lost": 3.0}
    row |= {"censored": quantity is not None, "returned": 0.0}
    assert why(row) == f"{told}, about 3.0 lost"


def test_without_overrides_a_batch_names_none(runtime: Runtime) -> None:
    batch = score(runtime, NOW, quantiles=[0.5])
    assert list(batch.columns[-4:]) == ["q50", "demand_class", "abc_xyz", "overrides"]
    assert batch["overrides"].isna().all()


def test_totals_add_up_to_the_pairs_and_bear_overrides(client: TestClient) -> None:
    whole = client.get("/v1/forecasts/totals", params={"level": "total"}).json()
    (everything,) = whole["data"]
    by_product = client.get("/v1/forecasts/totals", params={"level": "product"}).json()["data"]
    assert everything["pairs"] == sum(one["pairs"] for one in by_product)
    for step, period in enumerate(everything["periods"]):
        parts = [one["periods"][step]["mean"] for one in by_product]
        assert period["mean"] == pytest.approx(sum(parts))
    mine = next(one for one in by_product if one["key"] == "p1")
    if mine["pairs"] == 1:
        assert [one["mean"] for one in mine["periods"]] == pytest.approx(means(client))
    given = client.post("/v1/forecasts/overrides", json=WISH).json()
    (after,) = client.get("/v1/forecasts/totals", params={"level": "total"}).json()["data"]
    assert after["periods"] != everything["periods"]
    client.delete(f"/v1/forecasts/overrides/{given['override_id']}")
    (back,) = client.get("/v1/forecasts/totals", params={"level": "total"}).json()["data"]
    assert back["periods"] == everything["periods"]


def test_totals_tell_their_history(client: TestClient) -> None:
    ask = "/v1/forecasts/totals"
    (whole,) = client.get(ask, params={"level": "total", "history": 5}).json()["data"]
    assert len(whole["history"]) == 5
    assert whole["history"][-1]["period_start"] < whole["periods"][0]["period_start"]
    names = sorted(set(orders()["product_id"]))
    sums = [0.0] * 5
    for name in names:
        found = client.get(ask, params={"level": "product", "key": name, "history": 5}).json()
        for place, each in enumerate(found["data"][0]["history"]):
            sums[place] += each["quantity"]
    assert [each["quantity"] for each in whole["history"]] == pytest.approx(sums)
    assert (
        client.get(ask, params={"level": "product", "history": 5}).json()["data"][0]["history"]
        == []
    )
    assert client.get(ask, params={"level": "total"}).json()["data"][0]["history"] == []


def test_totals_refuse_what_there_is_not(client: TestClient) -> None:
    ask = "/v1/forecasts/totals"
    assert client.get(ask, params={"level": "galaxy"}).status_code == 422
    assert client.get(ask, params={"level": "product", "key": "none"}).status_code == 404
    assert client.get(ask, params={"level": "total", "horizon": 400}).status_code == 422
    one = client.get(ask, params={"level": "product", "key": "p1", "horizon": 1}).json()
    assert [len(each["periods"]) for each in one["data"]] == [1]


def test_units_of_all_products_are_spread_and_taken_off_again(client: TestClient) -> None:
    def of(product: str) -> list[float]:
        query = {"warehouse_id": "w", "product_id": product}
        answer = client.get("/v1/forecasts", params=query).json()
        return [one["mean"] for one in answer["periods"]]

    names = sorted(set(orders()["product_id"]))[:2]
    before = {name: of(name) for name in names}
    wish = {name: value for name, value in WISH.items() if name not in (*PAIR, "factor")}
    single = client.post("/v1/forecasts/overrides", json=WISH).json()
    made = client.post("/v1/forecasts/overrides", json={**wish, "warehouse_id": "w", "added": 10.0})
    assert made.status_code == 201, made.text
    assert made.json()["applied"] is True
    assert (made.json()["product_id"], made.json()["added"]) == ("*", 10.0)
    everything = client.get("/v1/forecasts/totals", params={"level": "warehouse"}).json()
    assert everything["data"][0]["periods"][1]["mean"] > sum(before[one][1] for one in names)
    after = {name: of(name) for name in names}
    assert all(after[name][1] > before[name][1] for name in names)
    for one in (single, made.json()):
        client.delete(f"/v1/forecasts/overrides/{one['override_id']}")
    for name in names:
        assert of(name) == pytest.approx(before[name], abs=1e-3)
    assert client.post("/v1/forecasts/overrides", json={**wish, "added": 1.0}).status_code == 422
