"""A planner names successors over HTTP: what one sold is forecast of the other, and not twice."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from data.views import fingerprint
from decisions.forecasting import score
from decisions.replenishment.plan import make
from decisions.runtime import Runtime
from features.forecasting import DEMAND, TABLES, demand
from models.base import Release
from models.forecasting import Forecaster
from models.registry import Run
from serving.http.app import create_app
from training.forecasting import RECIPE
from training.job import Context

NOW = datetime(2024, 9, 9, 0, 30, tzinfo=UTC)
FIRST = pd.Timestamp("2023-06-05", tz="UTC")
TODAY = NOW.date()
PATH = "/v1/forecasts/history-corrections"
HORIZON = 28
LEVELS = {"old": 30.0, "tea": 20.0, "mate": 24.0, "herbs": 16.0}
# Sells half of what `old` did since it came, four weeks ago; `gone` is out since.
CAME = TODAY - timedelta(weeks=4)


def expected(level: float, days: pd.DatetimeIndex) -> np.ndarray:
    """Units a day: most in December, twice as many on Saturdays and Sundays."""
    season = 1 + 0.5 * np.cos(2 * np.pi * (days.dayofyear - 350) / 365)
    return np.asarray(level * season * np.where(days.dayofweek >= 5, 2.0, 1.0))


def sold(product: str, level: float, first: object, end: object, seed: int) -> pd.DataFrame:
    days = pd.date_range(first, end, inclusive="left", tz="UTC")
    random = np.random.default_rng(seed)
    many = random.poisson(expected(level, days))
    # A handful of orders a day: none is beyond the usual.
    rows = pd.DataFrame({"day": days.repeat(4), "units": [
        one for count in many for one in random.multinomial(count, [0.25] * 4)]})  # fmt: skip
    rows = rows[rows["units"] > 0]
    return pd.DataFrame(
        {
            "order_id": [f"{product}{n}" for n in range(len(rows))],
            "line_no": 1,
            "ordered_at": pd.DatetimeIndex(rows["day"])
            + pd.to_timedelta(8 + np.arange(len(rows)) % 9, "h"),
            "customer_id": [f"c{n % 50}" for n in range(len(rows))],
            "product_id": product,
            "warehouse_id": "w",
            "quantity": rows["units"].astype(float).to_numpy(),
            "unit_price": 5.0,
            "currency": "EUR",
        }
    )


def write_tables(folder: Path) -> None:
    folder.mkdir()
    parts = [
        sold(name, level, FIRST.date(), TODAY, seed)
        for seed, (name, level) in enumerate(LEVELS.items())
    ]
    parts += [sold("gone", 30.0, FIRST.date(), CAME, 8), sold("came", 15.0, CAME, TODAY, 9)]
    pd.concat(parts, ignore_index=True).to_parquet(folder / "orders.parquet")
    names = [*LEVELS, "gone", "came", "new", "newer", "fresh herbs"]
    ends = {"gone": CAME.isoformat(), "herbs": TODAY.isoformat()}
    pd.DataFrame({"product_id": names, "category": "tea", "price": 5.0, "currency": "EUR"}).assign(
        discontinued_on=[ends.get(name) for name in names],
        launched_on=[TODAY.isoformat() if name == "fresh herbs" else None for name in names],
        parent_id=["herbs" if name == "fresh herbs" else None for name in names],
    ).to_csv(folder / "products.csv", index=False)
    pd.DataFrame(
        {
            "warehouse_id": "w",
            "product_id": names,
            "supplier_id": "s",
            "lead_time_days": 7.0,
            "review_period_days": 7.0,
            "service_level": 0.95,
            "unit_cost": 2.0,
            "currency": "EUR",
        }
    ).to_csv(folder / "supply_terms.csv", index=False)
    pd.DataFrame(
        {
            "observed_at": NOW,
            "warehouse_id": "w",
            "product_id": ["old", "new"],
            "on_hand": [900.0, 0.0],
        }
    ).to_parquet(folder / "stock.parquet")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    home = tmp_path_factory.mktemp("successors")
    write_tables(home / "tables")
    runtime = Runtime(Settings(home=home / "home", auth=False, frequency="day"))
    runtime.lake.ingest(home / "tables")
    runtime.store.materialize(NOW)
    history = demand({name: runtime.lake.read(name, as_of=NOW) for name in TABLES}, NOW, "day")
    model = Forecaster(horizon=HORIZON, methods="seasonal_level", rows=2000, trees=10).fit(history)
    sample = history[history["product_id"] == "tea"]
    run_id = runtime.registry.log(Run("forecasting", "test", {}, {}, {}, None, {}))
    release = Release(
        use_case="forecasting",
        version="",
        model=model,
        features=dict(DEMAND),
        contract=fingerprint(DEMAND),
        cut_off=NOW,
        metrics={},
        policy={},
        sample=sample,
        expected=model.predict(sample),
    )
    runtime.registry.promote("forecasting", runtime.registry.register(run_id, release))
    runtime.records.migrate()
    runtime.refresh()
    score(runtime, NOW)
    yield runtime
    runtime.stop()


@pytest.fixture(scope="module")
def door(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime.settings, runtime)) as client:
        yield client


@pytest.fixture
def client(door: TestClient) -> Iterator[TestClient]:
    yield door
    for one in door.get(PATH).json()["data"]:
        door.delete(f"{PATH}/{one['correction_id']}")


def succession(product: str, former: str, day: date = TODAY, **other: object) -> dict:
    return {
        "product_id": product,
        "predecessor_id": former,
        "first": day.isoformat(),
        "action": "continue",
        "author": "ann",
        "reason": "the new model",
        **other,
    }


def tell(client: TestClient, *given: object, **other: object) -> dict:
    answer = client.post(PATH, json=succession(*given, **other))  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    return answer.json()


def asked(client: TestClient, product: str, **other: object) -> dict:
    given = {"warehouse_id": "w", "product_id": product, "quantiles": "0.1,0.9", **other}
    answer = client.get("/v1/forecasts", params=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def means(client: TestClient, product: str) -> np.ndarray:
    return np.array([one["mean"] for one in asked(client, product)["periods"]])


COMING = pd.date_range(TODAY, periods=HORIZON)
TRUTH = expected(30.0, COMING)


def test_a_successor_goes_on_where_the_other_ends_at_once(client: TestClient) -> None:
    before, other, usual = means(client, "old"), means(client, "tea"), asked(client, "old")
    told = tell(client, "new", "old")
    assert told["renewed"] == 2
    assert told["periods"] == (TODAY - FIRST.date()).days
    after = means(client, "new")
    assert after.sum() == pytest.approx(TRUTH.sum(), rel=0.08)
    assert after == pytest.approx(before, rel=0.05)
    # Twice as much on Saturdays and Sundays.
    weekend = COMING.dayofweek >= 5
    assert after[weekend].mean() == pytest.approx(2 * after[~weekend].mean(), rel=0.15)
    assert means(client, "old").sum() == 0
    assert (means(client, "tea") == other).all()
    # As sure of itself as the forecast of the other was, which knows all of its past.
    draws = np.random.default_rng(5).poisson(TRUTH, (200, HORIZON))
    wide, former = (
        [np.array([period["quantiles"][q] for period in one["periods"]]) for q in ("0.1", "0.9")]
        for one in (asked(client, "new"), usual)
    )
    assert 0.7 <= ((draws >= wide[0]) & (draws <= wide[1])).mean() <= 0.95
    assert wide[1] - wide[0] == pytest.approx(former[1] - former[0], rel=0.1)
    (event,) = asked(client, "new")["history_events"]
    assert event["note"].startswith(f"Continues old since {TODAY}: it inherits")
    (event,) = asked(client, "old")["history_events"]
    assert event["note"].startswith(f"Succeeded by new since {TODAY}: nothing is forecast")
    past = asked(client, "new", history=3)["history"][-1]
    assert (past["sold"], past["original"], past["quantity"] > 10) == (0, None, True)
    assert past["correction"] == "continues old: its demand"


def test_a_variant_that_follows_its_parent_needs_no_telling(client: TestClient) -> None:
    assert means(client, "fresh herbs").sum() == pytest.approx(TRUTH.sum() * 16 / 30, rel=0.1)
    (event,) = asked(client, "fresh herbs")["history_events"]
    assert event["note"].startswith(f"Continues herbs since {TODAY}: it inherits")
    assert client.get(PATH).json()["data"] == []


def test_undone_everything_is_as_before(client: TestClient) -> None:
    before = {name: means(client, name) for name in ("old", "came")}
    for product, former in (("new", "old"), ("came", "old")):
        told = tell(client, product, former)
        assert client.delete(f"{PATH}/{told['correction_id']}").status_code == 200
    for name, usual in before.items():
        assert means(client, name) == pytest.approx(usual)
    assert asked(client, "new")["history_events"] == []


def test_a_pack_of_six_from_a_day_to_come(runtime: Runtime, client: TestClient) -> None:
    before = means(client, "old")
    tell(client, "new", "old", TODAY + timedelta(days=14), factor=1 / 6)
    former, after = means(client, "old"), means(client, "new")
    assert former[:14] == pytest.approx(before[:14], rel=0.01)
    assert former[14:].sum() == 0
    assert after[:14].sum() == pytest.approx(0, abs=0.01)
    assert after[14:].sum() == pytest.approx(TRUTH[14:].sum() / 6, rel=0.1)
    # The batch, which is what replenishment reads, says the same.
    rows = score(runtime, NOW).set_index("product_id")
    assert rows.loc["new", "mean"].to_numpy() == pytest.approx(after, abs=1e-3)
    assert rows.loc["old", "mean"].to_numpy() == pytest.approx(former, abs=1e-3)


def test_a_product_that_sells_takes_over_what_another_sold(client: TestClient) -> None:
    own, other = means(client, "tea"), means(client, "old")
    tell(client, "tea", "old", TODAY + timedelta(days=7))
    after = means(client, "tea")
    assert after[:7] == pytest.approx(own[:7], rel=0.1)
    assert after[7:] == pytest.approx(own[7:] + other[7:], rel=0.1)


def test_its_own_sales_take_over_and_the_season_stays(client: TestClient) -> None:
    tell(client, "came", "gone", CAME)
    after = means(client, "came")
    # It sells half of the told level: four weeks say so.
    assert after.sum() == pytest.approx(TRUTH.sum() / 2, rel=0.1)
    weekend = COMING.dayofweek >= 5
    assert after[weekend].mean() == pytest.approx(2 * after[~weekend].mean(), rel=0.15)
    assert [one["kind"] for one in asked(client, "came")["history_events"]] == ["continues"]


def test_a_chain_hands_on(client: TestClient) -> None:
    tell(client, "new", "old", TODAY + timedelta(days=7))
    told = tell(client, "newer", "new", TODAY + timedelta(days=14), factor=2.0)
    assert told["renewed"] == 3
    parts = {name: means(client, name) for name in ("old", "new", "newer")}
    for name, days, factor in (("old", slice(0, 7), 1), ("new", slice(7, 14), 1),
                               ("newer", slice(14, HORIZON), 2)):  # fmt: skip
        assert parts[name][days].sum() == pytest.approx(factor * TRUTH[days].sum(), rel=0.1)
        assert parts[name].sum() == pytest.approx(parts[name][days].sum(), abs=0.1)


def test_one_that_continues_two_sells_what_both_did(client: TestClient) -> None:
    day = TODAY + timedelta(days=7)
    old, tea = means(client, "old"), means(client, "tea")
    tell(client, "new", "old", day)
    assert tell(client, "new", "tea", day, factor=0.5)["renewed"] == 3
    after = means(client, "new")
    assert after[:7].sum() == pytest.approx(0, abs=0.1)
    assert after[7:].sum() == pytest.approx(old[7:].sum() + 0.5 * tea[7:].sum(), rel=0.1)
    assert means(client, "old")[7:].sum() == means(client, "tea")[7:].sum() == 0
    kinds = [(e["kind"], e["product_id"]) for e in asked(client, "new")["history_events"]]
    assert sorted(kinds) == [("continues", "old"), ("continues", "tea")]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"product_id": "old"}, ("predecessor_id 'old'", "cannot continue itself")),
        ({"predecessor_id": "odl"}, ("predecessor_id 'odl'", "by its id")),
        ({"product_id": "nwe"}, ("product_id 'nwe'", "ingest its row")),
        ({"warehouse_id": "x"}, ("predecessor_id 'old'", "in warehouse x")),
        ({"predecessor_id": None}, ("predecessor_id", "say which product it continues")),
        ({"factor": 0.0}, ("factor", "greater than 0")),
        ({"category": "tea"}, ("product_id", "no group")),
        ({"last": "2030-01-01"}, ("last 2030-01-01", "leave it out")),
        ({"action": "exclude"}, ("predecessor_id", "only `continue`")),
    ],
)
def test_nonsense_is_refused(client: TestClient, changes: dict, parts: tuple[str, ...]) -> None:
    answer = client.post(PATH, json=succession("new", "old") | changes)
    assert answer.status_code == 422
    assert all(part in answer.text for part in parts), answer.text
    assert client.get(PATH).json()["data"] == []


def test_a_circle_and_a_second_telling_are_refused(client: TestClient) -> None:
    first = tell(client, "new", "old")
    tell(client, "newer", "new", warehouse_id="w")
    answer = client.post(PATH, json=succession("old", "newer"))
    assert answer.status_code == 422
    assert "predecessor_id 'newer': it continues old itself" in answer.text
    answer = client.post(PATH, json=succession("new", "old", warehouse_id="w"))
    assert f"undo that first (correction {first['correction_id']})" in answer.text
    listed = client.get(PATH, params={"product_id": "old"}).json()["data"]
    assert [one["correction_id"] for one in listed] == [first["correction_id"]]


def test_the_successor_is_ordered_and_the_other_no_more(
    runtime: Runtime, client: TestClient
) -> None:
    def lines() -> pd.DataFrame:
        return make(runtime, NOW).lines.set_index("product_id")

    usual = lines()
    tell(client, "new", "old")
    plan = lines()
    assert plan.loc["old", "order_quantity"] == 0
    assert usual.loc["new", "order_quantity"] < plan.loc["new", "order_quantity"]
    # What sells from its arrival in a week to that of the next order, and for safety no more
    # than the other had, not what a product of no past needs.
    need = TRUTH[7:14].sum() + plan.loc["new", "safety_stock"]
    assert plan.loc["new", "order_quantity"] == pytest.approx(need, rel=0.1)
    assert plan.loc["new", "safety_stock"] <= usual.loc["old", "safety_stock"]
    assert plan.loc["new", "safety_stock"] < usual.loc["new", "safety_stock"] / 2
    # All that is left of it is slow stock.
    assert plan.loc["old", "proposal"] == "markdown"
    assert plan.loc["old", "stock_cover_days"] == 9999.0


def test_training_learns_from_what_is_inherited_as_known_then(
    runtime: Runtime, client: TestClient
) -> None:
    tell(client, "new", "old", CAME, factor=0.5)
    given = (runtime.settings, runtime.lake, runtime.store)
    frame = RECIPE.frame(Context(*given, NOW, {}, lambda text: None))
    rows = frame.set_index(["product_id", "period_start"])
    day = (CAME - timedelta(days=1)).isoformat()
    assert rows.loc[("new", day), "quantity"] == rows.loc[("old", day), "quantity"] / 2
    assert ("old", CAME.isoformat()) not in rows.index
    earlier = Context(*given, NOW - timedelta(hours=1), {}, lambda text: None)
    former = RECIPE.frame(earlier)
    assert "new" not in set(former["product_id"])
