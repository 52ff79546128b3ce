"""A planner cleans history over HTTP: the forecast follows at once, and is back when undone."""

from collections.abc import Iterator

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from decisions.forecasting import score
from decisions.forecasting.reports import compute
from decisions.runtime import Runtime
from serving.http.app import create_app
from tests.serving.http.forecasting.forecast_shop import NOW, orders, register
from training.forecasting import RECIPE
from training.job import Context

PAIR = {"warehouse_id": "w", "product_id": "p1"}
WEEK = "2024-08-26"
PATH = "/v1/forecasts/history-corrections"
EXCLUDED = {
    **PAIR,
    "first": WEEK,
    "last": WEEK,
    "action": "exclude",
    "author": "ann",
    "reason": "a report on television",
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    home = tmp_path_factory.mktemp("corrections")
    (home / "tables").mkdir()
    given = orders()
    last = given.iloc[[-1]].assign(order_id="now", ordered_at=pd.Timestamp(NOW))
    # Many customers buy p1 in one exceptional week.
    many = given.iloc[[0] * 60].assign(
        product_id="p1",
        order_id=[f"x{n}" for n in range(60)],
        customer_id=[f"x{n}" for n in range(60)],
        ordered_at=[pd.Timestamp(WEEK, tz="UTC") + pd.Timedelta(hours=2 * n) for n in range(60)],
    )
    runtime = Runtime(Settings(home=home / "home", auth=False, frequency="week"))
    for rows in ([given, last], [many]):
        pd.concat(rows, ignore_index=True).to_parquet(home / "tables" / "orders.parquet")
        runtime.lake.ingest(home / "tables")
        runtime.store.materialize(NOW)
        if rows[0] is given:  # the model is older than the exceptional week
            register(runtime.registry, runtime)
    runtime.records.migrate()
    runtime.refresh()
    score(runtime, NOW)
    yield runtime
    runtime.stop()


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        yield client
        for one in client.get(PATH).json()["data"]:
            client.delete(f"{PATH}/{one['correction_id']}")


def mean(client: TestClient, product: str = "p1") -> float:
    answer = client.get("/v1/forecasts", params=PAIR | {"product_id": product}).json()
    return sum(one["mean"] for one in answer["periods"]) / len(answer["periods"])


def past(client: TestClient) -> dict:
    answer = client.get("/v1/forecasts", params={**PAIR, "history": 10}).json()
    return {one["period_start"]: one for one in answer["history"]}[WEEK]


def test_an_exceptional_week_excluded_and_back_when_undone(
    runtime: Runtime, client: TestClient
) -> None:
    before, other = mean(client), mean(client, "p4")
    made = client.post(PATH, json=EXCLUDED)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["periods"], told["renewed"], told["note"]) == (1, 1, None)
    after = mean(client)
    usual = orders().query("product_id == 'p1'")
    level = len(usual[usual["ordered_at"] >= "2024-04-01"]) / 23
    assert after == pytest.approx(level, rel=0.25)
    assert before > 1.5 * level
    assert mean(client, "p4") == other
    week = past(client)
    assert week["quantity"] is None
    assert week["original"] == week["sold"] > 60
    assert week["history_corrections"] == [told["correction_id"]]
    # Batch forecasts and training read the corrected history, too.
    batch = score(runtime, NOW)
    assert batch[batch["product_id"] == "p1"]["mean"].mean() == pytest.approx(after, abs=1e-3)
    context = Context(runtime.settings, runtime.lake, runtime.store, NOW, {}, lambda text: None)
    frame = RECIPE.frame(context).set_index(["product_id", "period_start"])
    assert pd.isna(frame.loc[("p1", WEEK), "quantity"])
    # A frame as of before it was made does not know it.
    earlier = Context(
        runtime.settings,
        runtime.lake,
        runtime.store,
        NOW - pd.Timedelta(hours=1).to_pytimedelta(),
        {},
        lambda text: None,
    )
    former = RECIPE.frame(earlier).set_index(["product_id", "period_start"])
    assert former.loc[("p1", WEEK), "quantity"] > 60
    dropped = client.delete(f"{PATH}/{told['correction_id']}")
    assert dropped.status_code == 200, dropped.text
    assert mean(client) == pytest.approx(before)
    assert past(client)["history_corrections"] == []
    assert client.delete(f"{PATH}/{told['correction_id']}").status_code == 404


def test_a_replaced_week_and_a_mark(client: TestClient) -> None:
    body = EXCLUDED | {"action": "replace", "quantity": 3.0}
    assert client.post(PATH, json=body).status_code == 201
    assert past(client)["quantity"] == 3.0
    marked = client.post(PATH, json=EXCLUDED | {"action": "mark"}).json()
    assert marked["renewed"] == 0
    assert "note" in marked["note"]
    assert [one["action"] for one in client.get(PATH).json()["data"]] == ["mark", "replace"]


def test_what_touches_no_period_says_so(client: TestClient) -> None:
    body = EXCLUDED | {"first": "2020-01-01", "last": "2020-12-31"}
    told = client.post(PATH, json=body).json()
    assert told["periods"] == 0
    assert told["note"].startswith("It touches no period")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"last": "2024-08-01"}, "is before first"),
        ({"last": "2030-01-01"}, "has not come yet"),
        ({"action": "replace"}, "quantity"),
        ({"reason": "   "}, "reason"),
        ({"quantity": -1.0, "action": "replace"}, "quantity"),
    ],
)
def test_nonsense_is_refused(client: TestClient, changes: dict, part: str) -> None:
    answer = client.post(PATH, json=EXCLUDED | changes)
    assert answer.status_code == 422
    assert part in answer.text
    assert client.get(PATH).json()["data"] == []


def test_the_same_request_twice_makes_one(client: TestClient) -> None:
    key = {"Idempotency-Key": "once"}
    first, second = (client.post(PATH, json=EXCLUDED, headers=key).json() for _ in range(2))
    assert first == second
    assert len(client.get(PATH, params=PAIR).json()["data"]) == 1


def test_accuracy_is_of_what_was_sold_and_value_added_of_what_was_wanted(
    runtime: Runtime, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, pd.DataFrame] = {}

    def kept(name: str):
        def report(*frames: pd.DataFrame, **_: object) -> pd.DataFrame:
            seen[name] = frames[-1]
            raise StopIteration

        return report

    client.post(PATH, json=EXCLUDED)
    for name in ("outcomes", "outcomes_by_lag"):
        monkeypatch.setattr(f"decisions.forecasting.reports.{name}", kept(name))
        with pytest.raises(StopIteration):
            compute(runtime)
        monkeypatch.undo()
        if name == "outcomes":
            monkeypatch.setattr("decisions.forecasting.reports.exceptions", lambda *a: None)
    assert (
        seen["outcomes"]
        .query("product_id == 'p1' and period_start == @WEEK")["quantity"]
        .isna()
        .all()
    )
    sold = seen["outcomes_by_lag"].query("product_id == 'p1' and period_start == @WEEK")
    assert (sold["quantity"] > 60).all()
