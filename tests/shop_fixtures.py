"""Tiny things to serve: a registry with constant models, a small shop with a real recommender."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from data.settings import Settings
from data.use_cases import USE_CASES
from data.views import fingerprint
from decisions.runtime import Runtime
from features.recommendation import interactions
from models.base import Release
from models.recommendation import Recommender
from models.registry import Registry, Run
from serving.http.app import create_app

FEATURES = {"x": "float"}
SAMPLE = pd.DataFrame({"x": [1.0, 2.0]})


class Constant:
    """Answers the same number, whatever it is asked."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def fit(self, frame: pd.DataFrame) -> Self:
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"answer": self.value}, index=frame.index)

    def save(self, folder: Path) -> None:
        (folder / "value.json").write_text(json.dumps(self.value))

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(json.loads((folder / "value.json").read_text()))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("mlflow")
    Registry(f"sqlite:///{home}/mlflow.db", home / "artifacts").champion_version("fraud")
    return home / "mlflow.db"


@pytest.fixture
def registry(settings: Settings, empty_database: Path) -> Registry:
    """An empty registry under the settings' home; `Constant` is the only model of every row."""
    settings.home.mkdir(exist_ok=True)
    with (
        closing(sqlite3.connect(empty_database)) as source,
        closing(sqlite3.connect(settings.home / "mlflow.db")) as target,
    ):
        source.backup(target)
    parts = {name: lambda: {"constant": Constant} for name in USE_CASES}
    return Registry(settings.mlflow, settings.artifacts, use_cases=parts)


@pytest.fixture
def promoted(registry: Registry) -> Callable[..., str]:
    """Register a Constant for a row and make it the champion; `expected` tells its sample's."""

    def promote(row: str, value: float = 0.0, expected: float | None = None) -> str:
        answer = Constant(value if expected is None else expected).predict(SAMPLE)
        run_id = registry.log(Run(row, row, {"value": value}, {"error": 0.5}, {}))
        version = registry.register(
            run_id,
            Release(
                use_case=row,
                version="",
                model=Constant(value),
                features=FEATURES,
                contract=fingerprint(FEATURES),
                cut_off=datetime(2026, 1, 1, tzinfo=UTC),
                metrics={"error": 0.5},
                policy={},
                sample=SAMPLE,
                expected=answer,
            ),
        )
        registry.promote(row, version)
        return version

    return promote


NOW = datetime(2024, 5, 1, tzinfo=UTC)
START = pd.Timestamp("2024-03-01", tz="UTC")
TEA, PETS = ("tea", "milk", "sugar", "lemon"), ("kibble", "leash", "bowl", "toy")
ONCE = "oven"  # bought by everybody, by nobody twice
NEW, GONE = "matcha", "absinthe"
PRODUCTS = (*TEA, *PETS, ONCE, NEW, GONE)


def shop_tables(folder: Path) -> Path:
    """Twelve people in two countries, two tastes; one warehouse for each country."""
    folder.mkdir()
    rows = []
    for person in range(12):
        taste, market = (TEA, "DE") if person < 6 else (PETS, "FR")
        mine = [product for i, product in enumerate(taste) if i != person % 4]
        rows += [(person, market, week * 7, product) for week in range(8) for product in mine]
        rows.append((person, market, 3, ONCE))
        rows += [(person, market, 10, GONE)] * (person < 3)
    lines = pd.DataFrame(rows, columns=["person", "market", "day", "product_id"])
    moment = START + pd.to_timedelta(lines["day"], unit="D")
    pd.DataFrame(
        {
            "order_id": lines["person"].astype(str) + "-" + lines["day"].astype(str),
            "line_no": lines.groupby(["person", "day"]).cumcount(),
            "ordered_at": moment,
            "customer_id": "c" + lines["person"].astype(str).str.zfill(2),
            "product_id": lines["product_id"],
            "warehouse_id": "w" + lines["market"],
            "quantity": 1.0,
            "unit_price": 2.0,
            "currency": "EUR",
            "market": lines["market"],
        }
    ).to_parquet(folder / "orders.parquet")
    pd.DataFrame(
        {
            "product_id": PRODUCTS,
            "title": [name.title() for name in PRODUCTS],
            "category": ["food/drink"] * 4 + ["pets"] * 4 + ["kitchen"] + ["food/drink"] * 2,
            "brand": ["acme", "bold"] * 5 + ["acme"],
            "price": [float(i + 1) for i in range(len(PRODUCTS))],
            "discontinued_on": [None] * 10 + ["2024-04-15"],
        }
    ).to_csv(folder / "products.csv", index=False)
    pd.DataFrame(
        {
            "warehouse_id": ["wDE", "wFR"],
            "country": ["DE", "FR"],
            "serves": ["DE|AT", "FR"],
        }
    ).to_csv(folder / "warehouses.csv", index=False)
    stock = [
        (w, p, 0 if (w, p) == ("wDE", "lemon") else 50)
        for w in ("wDE", "wFR")
        for p in PRODUCTS[:9]
    ]
    pd.DataFrame(stock, columns=["warehouse_id", "product_id", "on_hand"]).assign(
        observed_at="2024-04-18T06:00:00Z", reserved=1
    ).to_csv(folder / "stock.csv", index=False)
    return folder


def register_recommender(runtime: Runtime) -> None:
    orders, events, products = (
        runtime.lake.read(name, as_of=NOW) for name in ("orders", "events", "products")
    )
    frame = interactions(orders, events, products=products)
    model = Recommender(factors=8).fit(frame)
    sample = pd.DataFrame({"customer_id": ["c01"], "limit": [3]})
    run_id = runtime.registry.log(Run("recommendation", "test", {}, {}, {}, None, {}))
    release = Release(
        use_case="recommendation",
        version="",
        model=model,
        features={},
        contract=fingerprint({}),
        cut_off=NOW,
        metrics={},
        policy={},
        sample=sample,
        expected=model.predict(sample),
    )
    runtime.registry.promote("recommendation", runtime.registry.register(run_id, release))
    runtime.refresh()


def open_shop(home: Path, *, auth: bool) -> Runtime:
    """Eleven products, twelve people, two warehouses, a recommender."""
    runtime = Runtime(Settings(home=home / "home", auth=auth, reload_seconds=3600))
    runtime.lake.ingest(shop_tables(home / "tables"))
    runtime.store.materialize(NOW)
    runtime.records.migrate()
    register_recommender(runtime)
    return runtime


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """The shop with keys off; add events, change no more."""
    runtime = open_shop(tmp_path_factory.mktemp("shop"), auth=False)
    yield runtime
    runtime.stop()


@pytest.fixture(scope="module")
def guarded_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """The shop with keys on, one a module: do with it what the keys allow."""
    runtime = open_shop(tmp_path_factory.mktemp("guarded"), auth=True)
    yield runtime
    runtime.stop()


@pytest.fixture(scope="session")
def shop_client(small_shop: Runtime) -> TestClient:
    """The small shop over HTTP."""
    return TestClient(create_app(small_shop.settings, small_shop))
