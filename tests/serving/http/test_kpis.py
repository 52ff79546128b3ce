"""KPIs, alerts and webhooks over HTTP, through a small shop."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.alerts import Contribution, KpiFinding
from data.settings import Settings
from decisions.kpis.catalogue import KPIS
from decisions.kpis.compute import update_kpis
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app


@pytest.fixture
def runtime(settings: Settings, registry: Registry) -> Runtime:
    runtime = Runtime(settings, registry)
    runtime.records.migrate()
    orders = pd.DataFrame(
        [
            {
                "order_id": f"o{day}{home}",
                "line_no": 1,
                "ordered_at": datetime(2024, 3, day, 12, tzinfo=UTC),
                "customer_id": "c1",
                "product_id": "tea",
                "warehouse_id": home,
                "quantity": 2.0,
                "unit_price": 5.0,
                "currency": "EUR" if home == "DE1" else "PLN",
                "market": home[:2],
            }
            for day in (1, 2, 3, 4)
            for home in ("DE1", "PL1")
        ]
    )
    runtime.lake.append("orders", orders)
    update_kpis(runtime)
    return runtime


@pytest.fixture
def client(settings: Settings, runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(settings, runtime)) as opened:
        yield opened


def test_the_catalogue_names_formula_unit_bounds_and_owner(client: TestClient) -> None:
    page = client.get("/v1/kpis/catalogue").json()
    assert [one["kpi"] for one in page["data"]] == list(KPIS)
    assert all(one["formula"] and one["unit"] and one["owner"] for one in page["data"])


def test_values_come_by_day_and_part_and_the_unknown_is_null(client: TestClient) -> None:
    asked = {"kpi": ["sales", "orders"], "by": "market", "since": "2024-03-02"}
    found = client.get("/v1/kpis", params=asked).json()["data"]
    sales = {(one["first"], one["market"]): one["value"] for one in found if one["kpi"] == "sales"}
    assert sales == {
        (f"2024-03-0{day}", market): value
        for day in (2, 3)  # the fourth is not over
        for market, value in (("DE", 10.0), ("PL", None))  # no rate of the zloty is known
    }
    assert {one["value"] for one in found if one["kpi"] == "orders"} == {1.0}


def test_values_are_paged_and_filtered(client: TestClient) -> None:
    asked = {"kpi": "orders", "market": "DE", "limit": 2, "until": "2024-03-04"}
    first = client.get("/v1/kpis", params=asked).json()
    rest = client.get("/v1/kpis", params=asked | {"cursor": first["next_cursor"]}).json()
    days = [one["first"] for one in first["data"] + rest["data"]]
    assert days == [f"2024-03-0{day}" for day in (1, 2, 3, 4)]
    assert rest["has_more"] is False
    span = client.get("/v1/kpis", params=asked | {"period": "span"}).json()["data"]
    assert [one["value"] for one in span] == [4.0]


@pytest.mark.parametrize(
    "asked",
    [
        {"kpi": "turnover"},
        {"since": "2024-03-05", "until": "2024-03-01"},
        {"kpis": "x"},
        {"until": "0001-01-01"},
        {"since": "9999-12-30", "until": "9999-12-31"},
    ],
)
def test_what_makes_no_sense_is_refused(client: TestClient, asked: dict[str, str]) -> None:
    assert client.get("/v1/kpis", params=asked).status_code == 422


def raise_alert(runtime: Runtime) -> None:
    finding = KpiFinding(
        "demand",
        "sales",
        "change",
        "critical",
        {"warehouse_id": "DE1"},
        date(2024, 3, 3),
        0.0,
        10.0,
        "sales went down by 100% in warehouse_id DE1",
        (Contribution("warehouse_id", "DE1", 1.0),),
    )
    assert runtime.records.alerts.raise_alert(finding, datetime.now(UTC))
    assert not runtime.records.alerts.raise_alert(finding, datetime.now(UTC))


def test_an_alert_is_listed_counted_acknowledged_and_muted(
    client: TestClient, runtime: Runtime
) -> None:
    raise_alert(runtime)
    (alert,) = client.get("/v1/alerts").json()["data"]
    assert alert["place"] == {"warehouse_id": "DE1"}
    assert alert["contributions"] == [{"dimension": "warehouse_id", "value": "DE1", "share": 1.0}]
    for look in runtime.watched:
        look()
    assert 'argosy_open_alerts{kpi="sales",severity="critical"} 1.0' in client.get("/metrics").text
    told = client.post(f"/v1/alerts/{alert['alert_id']}:acknowledge", json={"note": "strike"})
    assert told.json()["acknowledged_by"] == "anyone"
    for look in runtime.watched:
        look()
    assert 'argosy_open_alerts{kpi="sales",severity="critical"} 0.0' in client.get("/metrics").text
    assert client.post("/v1/alerts/none:acknowledge", json={}).status_code == 404
    mute = {"cause": "demand", "until": "2099-01-01T00:00:00Z", "reason": "the warehouse moves"}
    assert client.post("/v1/alerts:mute", json=mute).json()["author"] == "anyone"
    past = mute | {"until": "2001-01-01T00:00:00Z"}
    assert client.post("/v1/alerts:mute", json=past).status_code == 422


def test_a_webhook_within_the_own_network_needs_the_setting(client: TestClient) -> None:
    refused = client.put("/v1/webhooks/erp", json={"url": "http://127.0.0.1:9/hook"})
    assert (refused.status_code, "ARGOSY_WEBHOOK_PRIVATE" in refused.text) == (422, True)


def test_a_webhook_is_made_listed_replayed_and_dropped(
    settings: Settings, registry: Registry
) -> None:
    allowing = settings.model_copy(update={"webhook_private_addresses": True})
    runtime = Runtime(allowing, registry)
    with TestClient(create_app(allowing, runtime)) as client:
        _use_webhook(client, runtime)


def _use_webhook(client: TestClient, runtime: Runtime) -> None:
    url = {"url": "http://127.0.0.1:9/hook", "kinds": ["alert.raised"]}
    made = client.put("/v1/webhooks/erp", json=url).json()
    assert made["secret"].startswith("whsec_")
    (line,) = client.get("/v1/webhooks").json()["data"]
    assert "secret" not in line
    raise_alert(runtime)
    waiting = client.get("/v1/webhooks/erp/deliveries", params={"state": "waiting"}).json()["data"]
    assert [one["kind"] for one in waiting] == ["alert.raised"]
    since = {"since": "2024-01-01T00:00:00Z"}
    assert client.post("/v1/webhooks/erp:replay", json=since).json() == {"messages": 1}
    assert client.delete("/v1/webhooks/erp").status_code == 204
    assert client.delete("/v1/webhooks/erp").status_code == 404
    assert client.get("/v1/webhooks/erp/deliveries").status_code == 404
