"""CDNOW: who buys again and for how much, by the product's own store, recipe and model.

Usage: python tests/benchmarks/customers.py DIR
(DIR/cdnow/CDNOW_sample.txt, or the folder that holds it)

2,357 customers who first bought in the first twelve weeks of 1997; purchases of a day are one.
Weeks 1 to 39 teach, weeks 40 to 78 judge. The purchases go through ingest, the feature store and
the training recipe with default settings; nothing after week 39 is in the store.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from data.lake import Lake
from data.settings import Settings
from features.store import Store
from models.base import Model
from models.customers import BetaGeometric, CustomerValueModel, GammaGamma, ProcessValue
from training.customers import RECIPE
from training.customers.judge import correlation
from training.job import Context

END = pd.Timestamp("1997-09-30", tz="UTC")
WEEKS = 39
PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "log_likelihood": -9582.4}
PUBLISHED_MONEY = {"p": 6.25, "q": 3.74, "gamma": 15.44}
PUBLISHED_FORECAST = {
    "published: rate carried on": (0.577, 1.024, float("nan"), float("nan")),
    "published: BG/NBD": (0.6256, 0.785, 1.608, 0.878),
}


def read(folder: Path) -> pd.DataFrame:
    """Purchases: customer_id, day, money; those of a day are one."""
    file = folder / "CDNOW_sample.txt"
    if not file.exists():
        file = folder / "cdnow" / file.name
    names = ["whole_id", "customer_id", "day", "units", "money"]
    raw = pd.read_csv(file, sep=r"\s+", header=None, names=names, dtype=str)
    raw["day"] = pd.to_datetime(raw["day"], utc=True)
    raw[["units", "money"]] = raw[["units", "money"]].astype(float)
    return raw.groupby(["customer_id", "day"], as_index=False)[["units", "money"]].sum()


def orders_table(purchases: pd.DataFrame) -> pd.DataFrame:
    """The purchases as the merchant's orders."""
    return pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(purchases))],
            "line_no": 1,
            "ordered_at": purchases["day"].dt.strftime("%Y-%m-%dT00:00:00Z"),
            "customer_id": purchases["customer_id"],
            "product_id": "cd",
            "warehouse_id": "shop",
            "quantity": 1,
            "unit_price": purchases["money"],
            "currency": "USD",
        }
    )


def learned(home: Path, purchases: pd.DataFrame) -> pd.DataFrame:
    """The training frame as of the end of week 39, through ingest and the store."""
    known = purchases[purchases["day"] <= END]
    tables = home / "tables"
    tables.mkdir()
    orders_table(known).to_csv(tables / "orders.csv", index=False)
    settings = Settings(home=home / "argosy", base_currency="USD", auth=False)
    lake = Lake(settings.lake, max_bad_share=settings.max_bad_share)
    lake.ingest(tables)
    store = Store(settings, lake)
    context = Context(settings, lake, store, END.to_pydatetime(), {}, lambda text: None)
    frame = RECIPE.frame(context)
    if missing := RECIPE.check(frame):
        raise SystemExit(" ".join(missing))
    store.close()
    return frame


def figures(expected: np.ndarray, actual: np.ndarray) -> tuple[float, float, float, float]:
    """Correlation, MAE, RMSE and the sum's ratio."""
    error = expected - actual
    return (
        correlation(expected, actual),
        float(np.abs(error).mean()),
        float(np.sqrt(np.square(error).mean())),
        float(expected.sum() / actual.sum()),
    )


def main() -> None:
    """Print our figures beside the published ones; the last line is JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    purchases = read(parser.parse_args().folder)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        frame = learned(Path(home), purchases)
    made = time.perf_counter()
    now = frame[frame["origin"] == frame["origin"].max()].assign(horizon_days=7 * WEEKS)
    now = now.reset_index(drop=True)
    after = purchases[purchases["day"] > END].groupby("customer_id")["money"].agg(["size", "sum"])
    came = after.reindex(now["customer_id"]).fillna(0.0)
    orders, spend = (came[name].to_numpy(dtype=float) for name in ("size", "sum"))

    process = BetaGeometric().fit(now)
    money = GammaGamma().fit(now)
    models: dict[str, Model] = {
        "BG/NBD × Gamma–Gamma": ProcessValue(),
        "ours": CustomerValueModel(),
    }
    answers = {name: model.fit(frame).predict(now) for name, model in models.items()}
    fitted = time.perf_counter()

    found = process.parameters() | {"log_likelihood": process.log_likelihood} | money.parameters()
    print(f"{'parameter':16}{'ours':>12}{'published':>12}")
    for name, value in (PUBLISHED | PUBLISHED_MONEY).items():
        print(f"{name:16}{found[name]:12.3f}{value:12.3f}")
    heads = ("corr", "MAE", "RMSE", "sum", "spend", "in 80%")
    print(f"\n{'next 39 weeks':28}" + "".join(f"{head:>8}" for head in heads))
    for name, row in PUBLISHED_FORECAST.items():
        print(f"{name:28}" + "".join(f"{value:8.3f}" for value in row))
    results = {}
    for name, answer in answers.items():
        expected = answer["expected_orders"].to_numpy(dtype=float)
        worth = answer["expected_margin"].to_numpy(dtype=float)
        inside = (spend >= answer["expected_margin_q10"]) & (spend <= answer["expected_margin_q90"])
        results[name] = (*figures(expected, orders), correlation(worth, spend), inside.mean())
        print(f"{name:28}" + "".join(f"{value:8.3f}" for value in results[name]))
    print(
        f"\n{answers['ours'].shape[0]:,} customers: store and frame {made - started:.1f} s, fit "
        f"and predict {fitted - made:.1f} s"
    )
    ours, plain = results["ours"], results["BG/NBD × Gamma–Gamma"]
    names = ("correlation", "mae", "rmse", "sum_ratio", "spend_correlation", "spend_coverage_80")
    told = dict(zip(names, ours, strict=True)) | found
    told |= {f"bg_nbd_{name}": value for name, value in zip(names, plain, strict=True)}
    told |= {
        "customers": len(now),
        "seconds": fitted - started,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    print(json.dumps({name: round(float(value), 4) for name, value in told.items()}))


if __name__ == "__main__":
    main()
