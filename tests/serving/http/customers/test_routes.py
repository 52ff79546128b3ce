"""The endpoints about customers, as a client asks them."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from serving.http.app import create_app
from tests.decisions.customers.shop import trained_shop


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(trained_shop())) as opened:
        yield opened


def test_value_of_one(client: TestClient) -> None:
    answer = client.get("/v1/customers/c00001/value", params={"horizon_days": 90})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    amount = told["expected_margin"]
    assert amount["q10"] <= amount["q50"] <= amount["q90"]
    assert told["currency"] == "EUR"
    for money in (*amount.values(), told["margin_at_risk"]):
        assert money == round(money, 2), "no cent is parted"
    assert told["margin_basis"] == "margin"
    assert told["served_by"] == "model"
    assert told["degraded"] is False
    assert told["credit"]["rating"] in "ABCDE"
    assert "review by a person" in told["credit"]["review_right"]
    assert {each["code"] for each in told["reasons"]} >= {"ORDERS", "SILENCE", "SEGMENT"}


@pytest.mark.parametrize("name", ["nobody", "Zoë ✓", "x" * 128])
def test_an_unknown_one_is_a_cold_start(client: TestClient, name: str) -> None:
    answer = client.get(f"/v1/customers/{name}/value")
    assert answer.status_code == 200
    assert answer.json()["served_by"] == "cold_start"
    assert answer.json()["alive_probability"] is None


@pytest.mark.parametrize("days", ["0", "-3", "99999", "abc"])
def test_a_wrong_horizon_is_told(client: TestClient, days: str) -> None:
    answer = client.get("/v1/customers/c00001/value", params={"horizon_days": days})
    assert answer.status_code == 422


def test_segments_are_no_customer(client: TestClient) -> None:
    told = client.get("/v1/customers/segments").json()
    assert {each["segment"] for each in told["data"]} >= {"champion", "lost", "new"}
    assert told["degraded"] is False
    assert told["stays_from"] == 0.85


def test_members_and_cohorts(client: TestClient) -> None:
    segments = client.get("/v1/customers/segments").json()["data"]
    biggest = max(segments, key=lambda each: each["customers"])["segment"]
    members = client.get(f"/v1/customers/segments/{biggest}/members", params={"limit": 2}).json()
    assert len(members["data"]) == 2
    assert client.get("/v1/customers/segments/kings/members").status_code == 422
    cohorts = client.get("/v1/customers/cohorts", params={"by": "market", "months": 3}).json()
    assert {row["cohort"] for row in cohorts["data"]} == {"unknown"}
    shares = [row["repeat_share"] for row in cohorts["data"]]
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1


def test_the_person_is_still_exported(client: TestClient) -> None:
    told = client.get("/v1/customers/c00001").json()
    assert "customer_ledger" in str(told)
