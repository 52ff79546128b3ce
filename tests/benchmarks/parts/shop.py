"""A generated shop with 100,000 products, trained by the product's own recipes, gates aside."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from data.lake import Lake
from data.settings import Settings
from features.store import Store
from models.registry import Registry, Run
from training import job

END = datetime(2026, 3, 1, tzinfo=UTC)


def build(settings: Settings, products: int, customers: int, orders: int, payments: int) -> None:
    """Ingest, materialize, train recommendation and fraud; what is there already stays."""
    lake = Lake(settings.lake)
    if lake.clock() is None:
        for name, frame in _tables(products, customers, orders, payments).items():
            lake.append(name, frame)
    store = Store(settings, lake)
    store.ensure(END)
    registry = Registry(settings.mlflow, settings.artifacts, settings.namespace)
    for row in ("fraud", "recommendation"):
        if registry.champion_version(row) is None:
            _train(settings, lake, store, registry, row)


def again(settings: Settings, row: str) -> str:
    """The champion registered once more, under a version of its own."""
    registry = Registry(settings.mlflow, settings.artifacts, settings.namespace)
    return registry.register(registry.log(Run(row, row, {}, {}, {})), registry.load(row))


def _train(settings: Settings, lake: Lake, store: Store, registry: Registry, row: str) -> None:
    """Fit and register: random purchases teach nothing, so no model could pass its gate."""
    recipe = import_module(f"training.{row}").RECIPE
    context = job.Context(settings, lake, store, END, {}, progress=print)
    frame = recipe.frame(context)
    split = recipe.split(frame, context)
    model = recipe.model(context).fit(split.train)
    policy = recipe.policy(model, split, context)
    trained = job.Trained(job.OURS, model, {}, split, frame)
    release = job.make_release(recipe, context, trained, policy)
    version = registry.register(registry.log(Run(row, row, {}, {}, {})), release)
    registry.promote(row, version, "benchmark")


def _tables(products: int, customers: int, orders: int, payments: int) -> dict[str, pd.DataFrame]:
    draw = np.random.default_rng(7)
    popular = draw.permutation(products)[
        np.minimum(draw.pareto(1.1, orders) * products / 200, products - 1).astype(int)
    ]
    names = np.array([f"p{n:06}" for n in range(products)])
    people = np.array([f"c{n:06}" for n in range(customers)])

    def moments(count: int) -> pd.Series:
        seconds = np.sort(draw.integers(0, 180 * 86_400, count))
        return pd.Series(END - timedelta(days=180) + pd.to_timedelta(seconds, unit="s"))

    who = draw.integers(0, customers, payments)
    fraud = draw.random(payments) < 0.02
    paid = moments(payments)
    return {
        "products": pd.DataFrame(
            {
                "product_id": names,
                "title": [f"Product {n}" for n in range(products)],
                "category": [f"c{n % 40}/s{n % 400}" for n in range(products)],
                "brand": [f"b{n % 900}" for n in range(products)],
                "price": draw.gamma(2, 15, products).round(2),
                "currency": "EUR",
            }
        ),
        "customers": pd.DataFrame({"customer_id": people, "country": "DE"}),
        "warehouses": pd.DataFrame({"warehouse_id": ["DE1"], "country": ["DE"]}),
        "stock": pd.DataFrame(
            {
                "observed_at": END,
                "warehouse_id": "DE1",
                "product_id": names,
                "on_hand": draw.integers(0, 30, products),
            }
        ),
        "orders": pd.DataFrame(
            {
                "order_id": [f"o{n // 3}" for n in range(orders)],
                "line_no": np.arange(orders) % 3,
                "ordered_at": moments(orders),
                "customer_id": people[(np.arange(orders) // 3 * 7919) % customers],
                "product_id": names[popular],
                "warehouse_id": "DE1",
                "quantity": 1,
                "unit_price": 10.0,
                "currency": "EUR",
            }
        ),
        "payments": pd.DataFrame(
            {
                "payment_id": [f"y{n}" for n in range(payments)],
                "attempted_at": paid,
                "customer_id": people[who],
                "amount": np.where(fraud, draw.gamma(4, 60, payments), draw.gamma(3, 15, payments)),
                "currency": "EUR",
                "card_id": [f"k{n}" for n in who],
                "device_id": np.where(fraud, "d-shared", [f"d{n}" for n in who]),
                "ip_address": [f"203.0.{n % 250}.{n % 199}" for n in who],
                "billing_country": "DE",
                "shipping_country": np.where(fraud, "FR", "DE"),
            }
        ),
        "chargebacks": pd.DataFrame(
            {
                "payment_id": [f"y{n}" for n in np.flatnonzero(fraud)],
                "reported_at": paid[fraud] + pd.Timedelta(days=5),
                "is_fraud": True,
            }
        ),
    }


def place(folder: Path) -> Path:
    """Where the shop of this benchmark is kept."""
    return folder / "argosy-serving"
