"""A made-up shop: customers with a rate of their own who leave one day."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from data.lake import open_lake
from data.settings import Settings
from decisions.batch import score_use_case
from training.run import train_use_cases

START = pd.Timestamp("2024-01-01", tz="UTC")


def orders_of(customers: int = 400, days: int = 300, seed: int = 3) -> pd.DataFrame:
    """Orders of one line; half of the customers leave within 120 days of their first order."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        time = float(rng.uniform(0, days * 0.6))
        gone = time + (rng.exponential(120) if number % 2 else 10 * days)
        while time < min(days, gone):
            price = float(np.round(rng.gamma(4, 5 + number % 7), 2)) + 1.0
            rows.append((f"c{number:05}", START + pd.Timedelta(days=time), price, number % 3))
            time += float(rng.exponential(20 + 5 * (number % 9)))
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "unit_price", "product"])
    frame = frame.sort_values("ordered_at", ignore_index=True)
    return pd.DataFrame(
        {
            "order_id": [f"o{place}" for place in range(len(frame))],
            "line_no": 1,
            "ordered_at": frame["ordered_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "customer_id": frame["customer_id"],
            "product_id": "p" + frame["product"].astype(str),
            "warehouse_id": "w",
            "quantity": 1 + frame["product"],
            "unit_price": frame["unit_price"],
            "currency": "EUR",
        }
    )


def products() -> pd.DataFrame:
    """Three products with a unit cost."""
    return pd.DataFrame(
        {
            "product_id": ["p0", "p1", "p2"],
            "category": ["a/b", "a/c", "d"],
            "unit_cost": [5.0, 6.0, 7.0],
            "currency": "EUR",
        }
    )


def write_tables(folder: Path, **tables: pd.DataFrame) -> Path:
    """Each table as CSV in a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


@cache
def trained_shop() -> Settings:
    """A home with 400 customers, trained and scored once for all tests of a process."""
    folder = Path(tempfile.mkdtemp(prefix="customers-shop-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings = Settings(home=folder / "home", auth=False, use_cases=("customers",))
    open_lake(settings).ingest(
        write_tables(folder / "tables", orders=orders_of(), products=products())
    )
    report = train_use_cases(settings, ("customers",), None, {"rounds": "5"}, _silent)
    assert report.exit_code == 0, report
    score_use_case(settings, "customers", None, {}, _silent)
    return settings


def _silent(text: str, share: float | None) -> None:
    del text, share
