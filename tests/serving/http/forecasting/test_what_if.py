"""Forecasts under other prices and promotions: what history shows of them, beside the plan."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.forecasting import score
from decisions.runtime import Runtime
from serving.http.app import create_app
from tests.serving.http.forecasting.forecast_shop import NOW, register

pytestmark = pytest.mark.slow  # a forecaster is trained

PRODUCTS, WEEKS = 6, 60
START = pd.Timestamp("2023-07-17", tz="UTC")  # 60 weeks before the week of NOW
PLANNED = "2024-09-16"  # a week that a leaflet is planned for


def price(week: int) -> float:
    """6, and 4 in three weeks of each nine."""
    return 4.0 if week % 9 in (1, 2, 3) else 6.0


def is_promoted(week: int) -> bool:
    return week % 7 == 2


def shop() -> dict[str, pd.DataFrame]:
    """Every product sells 20 a week at a price of 6, 40 at one of 4; thrice that in a leaflet."""
    rows: list[dict[str, Any]] = []
    for week in range(WEEKS):
        units = 20.0 * (2.0 if price(week) < 5 else 1.0) * (3.0 if is_promoted(week) else 1.0)
        rows += [
            {"product_id": f"p{product}", "ordered_at": START + pd.Timedelta(days=7 * week + day),
             "quantity": units / 2, "unit_price": price(week)}
            for product in range(PRODUCTS)
            for day in (1, 4)
        ]  # fmt: skip
    orders = pd.DataFrame(rows).assign(
        order_id=[f"o{n}" for n in range(len(rows))],
        line_no=1,
        customer_id=[f"c{n % 20}" for n in range(len(rows))],
        warehouse_id="w",
        currency="EUR",
    )
    weeks = [START + pd.Timedelta(days=7 * week) for week in range(WEEKS) if is_promoted(week)]
    weeks.append(pd.Timestamp(PLANNED, tz="UTC"))
    promotions = pd.DataFrame(
        [
            {
                "promotion_id": f"{one:%Y%m%d}",
                "product_id": f"p{product}",
                "starts_on": one,
                "ends_on": one + pd.Timedelta(days=6),
                "kind": "leaflet",
            }
            for one in weeks
            for product in range(PRODUCTS)
        ]
    )
    products = [
        {"product_id": f"p{n}", "category": "tea/green" if n else "tea"} for n in range(PRODUCTS)
    ]
    return {"orders": orders, "promotions": promotions, "products": pd.DataFrame(products)}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("what-if")
    (home / "tables").mkdir()
    for name, table in shop().items():
        table.to_parquet(home / "tables" / f"{name}.parquet")
    runtime = Runtime(Settings(home=home / "home", auth=False, frequency="week"))
    runtime.lake.ingest(home / "tables")
    runtime.store.materialize(NOW)
    register(runtime.registry, runtime)
    runtime.records.migrate()
    runtime.refresh()
    runtime.now = lambda: NOW  # type: ignore[method-assign]
    score(runtime, NOW)
    with TestClient(create_app(runtime.settings, runtime)) as client:
        yield client
    runtime.stop()


def ask(client: TestClient, **body: Any) -> dict[str, Any]:
    given = {"warehouse_id": "w", "product_id": "p1", "horizon": 4, **body}
    answer = client.post("/v1/forecasts/what-if", json=given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def means(found: dict[str, Any], side: str) -> list[float]:
    return [one[side]["mean"] for one in found["data"][0]["periods"]]


def test_without_changes_both_are_the_forecast(client: TestClient) -> None:
    found = ask(client)
    query = {"warehouse_id": "w", "product_id": "p1", "horizon": 4}
    served = client.get("/v1/forecasts", params=query).json()
    assert means(found, "baseline") == means(found, "what_if")
    stored = [one["mean"] for one in served["periods"]]
    assert means(found, "baseline") == pytest.approx(stored, rel=0.1)
    assert found["notes"] == [
        "Nothing of it lies in the periods of the forecast: both are the same."
    ]


def test_a_promotion_of_a_known_kind_lifts_its_weeks(client: TestClient) -> None:
    dates = {"first": "2024-09-30", "last": "2024-10-06"}
    found = ask(client, promotions=[{**dates, "kind": "leaflet"}])
    before, after = np.array(means(found, "baseline")), np.array(means(found, "what_if"))
    # The week before it was planned: the model knows the lift, about 3.
    assert before[1] > 2 * before[0]
    assert after[3] == pytest.approx(3 * before[0], rel=0.3)
    assert found["what_if_total"] > found["baseline_total"]
    assert found["data"][0]["periods"][3]["what_if"]["quantiles"]["0.9"] > after[3]


def test_without_the_plan_its_week_is_a_usual_one(client: TestClient) -> None:
    found = ask(client, without_planned=True)
    before, after = means(found, "baseline"), means(found, "what_if")
    assert after[1] < 0.6 * before[1]
    assert after[1] == pytest.approx(after[0], rel=0.3)


def test_a_lower_price_sells_more_where_history_shows_it(client: TestClient) -> None:
    dates = {"first": "2024-09-23", "last": "2024-09-29"}
    lower = ask(client, prices=[{**dates, "price": 4.0}])
    higher = ask(client, prices=[{**dates, "factor": 1.5}])
    usual = means(lower, "baseline")[2]
    assert means(lower, "what_if")[2] > 1.2 * usual
    assert means(higher, "what_if")[2] < 0.9 * usual


def test_a_category_is_asked_for_as_a_whole(client: TestClient) -> None:
    wide = ask(client, product_id=None, category="tea")
    assert len(wide["data"]) == PRODUCTS
    assert len(ask(client, product_id=None, category="tea/green")["data"]) == PRODUCTS - 1
    total = sum(one["baseline_total"] for one in wide["data"])
    assert wide["baseline_total"] == pytest.approx(total, abs=0.01)


def test_what_was_never_seen_is_said(client: TestClient) -> None:
    dates = {"first": "2024-09-23", "last": "2024-09-29"}
    found = ask(client, promotions=[{**dates, "kind": "influencer"}])
    assert "Never seen so far: promotions influencer" in found["notes"][0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"product_id": "never", "warehouse_id": "w"},
        {"product_id": "p1", "prices": [{"first": "2024-09-23", "last": "2024-09-29"}]},
        {
            "product_id": "p1",
            "prices": [{"first": "2024-09-23", "last": "2024-09-01", "price": 1.0}],
        },
        {"product_id": "p1", "odd": 1},
    ],
)
def test_a_question_without_sense_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    assert client.post("/v1/forecasts/what-if", json=body).status_code == 422


def test_accuracy_is_told_by_lag_and_level(client: TestClient) -> None:
    everything = client.get("/v1/forecasts/accuracy").json()
    # Nothing that was forecast has closed yet.
    assert everything == {"data": [], "has_more": False, "next_cursor": None, "level": "all"}
    assert client.get("/v1/forecasts/accuracy", params={"level": "odd"}).status_code == 422
    assert client.get("/v1/forecasts/accuracy", params={"lag": 0}).status_code == 422
