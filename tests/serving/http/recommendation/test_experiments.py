"""Experiments: sticky arms, exposures on disk, and a report that tells luck from uplift."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from argosy import app
from data.records import DatabaseError, Records
from data.storefront import HOLDOUT, Experiment, ExperimentError, Exposure, Placement, Push
from decisions.recommendation.report import ExperimentReport, report
from decisions.runtime import Runtime
from tests.decisions.recommendation.trials import AA

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def records(request: pytest.FixtureRequest, tmp_path: Path, namespace: str) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path}/a.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    records = Records(url, namespace)
    records.migrate()
    yield records
    records.close()


@pytest.fixture
def client(shop_client: TestClient) -> TestClient:
    return shop_client


def exposure(name: str, arm: str = "one", unit: str = "ann") -> Exposure:
    return Exposure(name, NOW, "a-a", arm, 0.2, "home", unit, "personal", ("tea", "milk"))


def test_the_records_keep_lists_experiments_and_exposures(records: Records) -> None:
    kept = records.storefront
    wanted = Placement("home", ("tea",), (Push(2.0, brand="acme"),), NOW)
    kept.put_placement(Placement("home", ("milk",)))
    kept.put_placement(wanted)
    assert kept.placements() == [wanted]
    assert kept.drop_placement("home")
    assert not kept.drop_placement("home")
    started = kept.start_experiment(AA)
    assert kept.experiments() == [started]
    for taken in (AA, Experiment("other", "home", AA.arms)):
        with pytest.raises(ExperimentError, match="stop it"):
            kept.start_experiment(taken)
    for name in ("r1", "r2", "r1"):
        kept.add_exposure(exposure(name))
    found = kept.exposures("a-a")
    assert found["recommendation_id"].tolist() == ["r1", "r2"]
    assert found["products"].tolist() == [["tea", "milk"]] * 2
    event = {"event_id": "e", "occurred_at": NOW, "kind": "view", "product_id": "tea"}
    records.add_events([event | {"visitor_id": "v", "recommendation_id": "r1"}])
    assert kept.attributed("a-a")["event_id"].tolist() == ["e"]
    assert kept.stop_experiment("a-a")
    assert not kept.stop_experiment("a-a")
    assert kept.start_experiment(Experiment("other", "home", AA.arms)).stopped_at is None


def test_a_database_that_is_down_is_a_domain_error(tmp_path: Path) -> None:
    records = Records("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseError, match="ARGOSY_DATABASE_URL"):
        records.storefront.placements()
    with pytest.raises(DatabaseError):
        records.storefront.add_exposure(exposure("r1"))
    records.close()


def test_many_exposures_at_once_are_all_kept(tmp_path: Path) -> None:
    records = Records(f"sqlite:///{tmp_path}/a.db")
    records.migrate()
    storefront = records.storefront
    names = [f"r{i}" for i in range(200)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: storefront.add_exposure(exposure(name)), names))
    assert sorted(storefront.exposures("a-a")["recommendation_id"]) == sorted(names)
    records.close()


def test_an_experiment_from_start_to_report(client: TestClient, small_shop: Runtime) -> None:
    body = {
        "experiment_id": "e2e",
        "placement": "e2e",
        "arms": [{"name": "control"}, {"name": "plain", "personal": False}],
        "holdout": 0.2,
    }
    assert client.post("/v1/experiments", json=body).status_code == 201
    assert client.post("/v1/experiments", json=body).json()["code"] == "experiment_exists"
    people = [f"c{i:02}" for i in range(12)] + [f"stranger-{i}" for i in range(48)]
    for person in people:
        answers = [
            client.post(
                "/v1/recommendations",
                json={"customer_id": person, "placement": "e2e", "limit": 2},
            ).json()
            for _ in range(2)
        ]
        arm = answers[0]["experiment"]["arm"]
        assert answers[1]["experiment"]["arm"] == arm
        if arm != "control":
            assert answers[0]["served_by"].endswith("trending")
        if arm == "control" or person.endswith("1"):
            event = {"event_id": f"e2e-{person}", "kind": "view", "visitor_id": "clicks"}
            event["recommendation_id"] = answers[0]["recommendation_id"]
            event["product_id"] = answers[0]["items"][1]["product_id"]
            client.post("/v1/events", json={"events": [event]})
    report = client.get("/v1/experiments/e2e/report").json()
    arms = {arm["arm"]: arm for arm in report["arms"]}
    assert sum(arm["people"] for arm in arms.values()) == len(people)
    assert all(arm["answers"] == 2 * arm["people"] for arm in arms.values())
    assert arms["control"]["clicked"] == 1.0
    assert {arm["ordered"] for arm in arms.values()} == {0.0}  # nobody ordered since
    assert report["currency"] == small_shop.settings.base_currency
    uplifts = {(u["arm"], u["against"], u["metric"]): u for u in report["uplifts"]}
    plain = uplifts["plain", "control", "click"]
    assert plain["high"] < 0
    assert plain["clear"]
    assert uplifts["control", HOLDOUT, "click"]["low"] > 0
    bought = uplifts["plain", "control", "purchase"]
    assert bought["low"] <= 0 <= bought["high"]
    assert not bought["clear"]
    printed = CliRunner().invoke(
        app,
        ["experiment", "report", "e2e", "--json"],
        env={"ARGOSY_HOME": str(small_shop.settings.home)},
    )
    assert printed.exit_code == 0, printed.output
    assert '"experiment_id": "e2e"' in printed.output
    assert client.post("/v1/experiments/e2e:stop").status_code == 204
    assert client.post("/v1/experiments/none:stop").status_code == 404
    after = client.post("/v1/recommendations", json={"customer_id": "c01", "placement": "e2e"})
    assert after.json()["experiment"] is None


def test_a_report_tells_the_orders_from_the_first_answer_on(
    records: Records, small_shop: Runtime
) -> None:
    shop, kept = small_shop, records.storefront
    orders = shop.lake.read("orders")
    began = orders["ordered_at"].sort_values().iloc[len(orders) // 2].to_pydatetime()
    customers = sorted(orders["customer_id"].unique())[:6]

    def told() -> ExperimentReport:
        (one,) = kept.experiments()
        return report(kept, shop.lake, shop.store, one, "EUR")

    kept.start_experiment(replace(AA, started_at=began))
    assert [(arm.people, arm.ordered, arm.revenue) for arm in told().arms] == [(0, 0.0, None)] * 3
    for number, who in enumerate(customers):
        one = replace(exposure(f"r{number}", ("one", "two")[number % 2], who), exposed_at=began)
        kept.add_exposure(one)
    running = told()
    mine = orders[orders["customer_id"].isin(customers[::2]) & (orders["ordered_at"] >= began)]
    paid = mine["quantity"] * mine["unit_price"]
    assert len(mine) > 0
    assert running.arms[0].people == 3
    assert running.arms[0].revenue == pytest.approx(float(paid.sum()) / 3)
    assert running.arms[0].ordered == pytest.approx(mine["customer_id"].nunique() / 3)
    assert kept.stop_experiment("a-a")
    assert told() == running  # all orders are older than its end


@pytest.mark.parametrize(
    "wrong",
    [
        {"arms": [{"name": "a"}, {"name": "a"}]},
        {"arms": [{"name": "a"}]},
        {"arms": [{"name": "a"}, {"name": HOLDOUT}]},
        {"holdout": 1.0},
    ],
)
def test_an_experiment_that_cannot_be_read_is_refused(
    client: TestClient, wrong: dict[str, object]
) -> None:
    body = {"experiment_id": "x", "placement": "x", "arms": [{"name": "a"}, {"name": "b"}]}
    assert client.post("/v1/experiments", json=body | wrong).status_code == 422


def test_an_arm_is_rolled_out_to_everybody(client: TestClient, small_shop: Runtime) -> None:
    arms = [{"name": "control"}, {"name": "plain", "personal": False}]
    body = {"experiment_id": "roll", "placement": "roll", "arms": arms}
    assert client.post("/v1/experiments", json=body).status_code == 201
    client.put("/v1/placements/roll", json={"pins": ["toy"]})
    odd = client.post("/v1/experiments/roll:roll-out", json={"arm": "odd"})
    assert odd.json()["detail"] == "arm odd: it can be control, plain."
    kept = client.post("/v1/experiments/roll:roll-out", json={"arm": "plain"}).json()
    assert (kept["pins"], kept["arm"]["name"]) == (["toy"], "plain")
    for person in ("c01", "c02", "stranger"):
        question = {"customer_id": person, "placement": "roll", "limit": 2}
        answer = client.post("/v1/recommendations", json=question).json()
        assert answer["experiment"] is None
        assert answer["served_by"].endswith("trending")
    env = {"ARGOSY_HOME": str(small_shop.settings.home)}
    again = CliRunner().invoke(app, ["experiment", "roll-out", "roll", "control"], env=env)
    assert again.exit_code == 0, again.output
    stopped = CliRunner().invoke(app, ["experiment", "stop", "roll"], env=env)
    assert "was stopped already" in stopped.output
    unknown = CliRunner().invoke(app, ["experiment", "stop", "never"], env=env)
    assert unknown.exit_code == 2
    client.delete("/v1/placements/roll")
