"""What-if plans over HTTP."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.serving.http.replenishment.small_plan import get


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
