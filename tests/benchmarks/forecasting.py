"""Weekly orange-juice sales by store and brand: the product's own global model, twelve rounds.

Usage: python tests/benchmarks/forecasting.py DIR     (a folder with orange-juice/yx.parquet)
       python tests/benchmarks/forecasting.py --scale N   (N generated daily series of two years;
           a killed run goes on from what was done, kept in ARGOSY_HOME)
       python tests/benchmarks/forecasting.py --merchant HOME [--frequency day] [--methods a,b]
           (the lake of an ARGOSY_HOME: `argosy demo` makes one in its folder `demo`)
       python tests/benchmarks/forecasting.py --sums HOME [--frequency day]
           (the same lake: what reconciling with forecasts of the summed demand would bring)

The protocol of the TSPerf benchmark: each round knows the sales up to a week, skips one, and
forecasts the two after it, with prices and deals of these weeks known. Judged by the mean absolute
percentage error (MAPE) of units, which rewards low forecasts: WAPE and bias stand beside it.
"""

import argparse
import json
import resource
import shutil
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from parts.merchant import merchant
from parts.sums import sums

from data.settings import Settings
from models.forecasting import Baseline, Forecaster
from models.forecasting.checkpoints import Checkpoints
from training.metrics import bias, coverage, mape, wape

ROUNDS = [135 + 2 * number for number in range(12)]
PUBLISHED = {
    "published: naive": 109.67,
    "published: seasonal naive": 165.06,
    "published: ETS": 70.99,
    "published: ARIMA": 70.80,
    "published: dilated CNN": 37.09,
    "published: LightGBM": 36.28,
}
# MAPE is an error in percent: so is the loss.
SETTINGS = {
    "horizon": 3,
    "loss": "relative",
    "prices_known": True,
    "methods": "lightgbm",
    "rows": 120_000,
    "trees": 200,
    "leaves": 31,
    "rate": 0.12,
    "members": 3,
}
KEYS = ["warehouse_id", "product_id", "period_start"]


def read(folder: Path) -> pd.DataFrame:
    """The sales as a frame of demand: price per ounce, in-store deal and advertised share."""
    sales = pd.read_parquet(folder / "yx.parquet")
    prices = sales[[f"price{brand}" for brand in range(1, 12)]].to_numpy()
    monday = pd.Timestamp("1989-09-11") + pd.to_timedelta((sales["week"] - 1) * 7, unit="D")
    return pd.DataFrame(
        {
            "warehouse_id": sales["store"].astype(str),
            "product_id": sales["brand"].astype(str),
            "period_start": monday.dt.strftime("%Y-%m-%d"),
            "week": sales["week"],
            "frequency": "week",
            "quantity": np.round(np.exp(sales["logmove"])),
            "price": prices[np.arange(len(sales)), sales["brand"].astype(int) - 1],
            "promotion": sales["deal"].astype(float),
            "promotion_discount": sales["feat"].astype(float),
            "category": "orange juice",
        }
    )


def one_round(model: Forecaster, sales: pd.DataFrame, known: int) -> pd.DataFrame:
    """Forecasts of the second and third week after `known`, beside what was sold."""
    past = sales[sales["week"] <= known]
    ahead = sales[sales["week"].between(known + 1, known + 3)].assign(quantity=np.nan)
    ahead = ahead.assign(horizon=ahead["week"] - known)
    answer = model.fit(past).predict(pd.concat([past, ahead], ignore_index=True))
    judged = sales[sales["week"].isin([known + 2, known + 3])]
    return judged[[*KEYS, "quantity"]].merge(answer[[*KEYS, "mean"]], on=KEYS)


def figures(model: Forecaster, sales: pd.DataFrame) -> dict[str, float]:
    """MAPE (percent), WAPE and bias over all rounds."""
    started = time.perf_counter()
    parts = []
    for known in ROUNDS:
        parts.append(one_round(model, sales, known))
        print(f"{type(model).__name__}: week {known} of {ROUNDS[-1]}", file=sys.stderr, flush=True)
    rounds = pd.concat(parts)
    return {
        "mape": mape(rounds["quantity"], rounds["mean"]),
        "wape": wape(rounds["quantity"], rounds["mean"]),
        "bias": bias(rounds["quantity"], rounds["mean"]),
        "forecasts": len(rounds),
        "seconds": time.perf_counter() - started,
    }


def generated(series: int, days: int = 730, seed: int = 7) -> pd.DataFrame:
    """Daily demand of products in ten warehouses: Poisson with the shape of a week and of a year,
    some promotions, levels from 0.05 to 30 a day.
    """
    random = np.random.default_rng(seed)
    dates = pd.date_range("2022-01-01", periods=days, freq="D")
    week = np.array([1.0, 0.9, 0.9, 1.0, 1.3, 1.5, 0.4])[dates.dayofweek]
    year = 1 + 0.3 * np.sin(2 * np.pi * dates.dayofyear.to_numpy() / 365.25)
    level = np.exp(random.uniform(np.log(0.05), np.log(30), series))
    promoted = np.repeat(random.random((series, days // 10 + 1)) < 0.1, 10, axis=1)[:, :days]
    demand = random.poisson(level[:, None] * week * year * (1 + promoted))
    product = np.arange(series) // 10

    def texts(prefix: str, numbers: Iterable[int]) -> np.ndarray:
        """One text a series, the same object in each of its rows, as the lake reads them."""
        return np.repeat(np.array([f"{prefix}{n}" for n in numbers], dtype=object), days)

    country = np.array(("DE", "FR", "PL"), dtype=object)[np.arange(series) % 3]
    return pd.DataFrame(
        {
            "warehouse_id": texts("w", np.arange(series) % 10),
            "product_id": texts("p", product),
            "period_start": np.tile(dates.strftime("%Y-%m-%d").to_numpy(dtype=object), series),
            "frequency": "day",
            "quantity": demand.ravel().astype(float),
            "promotion": promoted.ravel().astype(float),
            "category": texts("c", product % 50),
            "country": np.repeat(country, days),
        }
    )


def scale(series: int) -> None:
    """Fit on all but the last 28 days, forecast these with quantiles; the last line is JSON."""
    frame = generated(series)
    ends = sorted(frame["period_start"].unique())[-28:]
    step = frame["period_start"].map({day: place + 1 for place, day in enumerate(ends)})
    truth = frame["quantity"].where(step.notna()).dropna()
    frame = frame.assign(horizon=step, quantity=frame["quantity"].where(step.isna()))
    print(f"{series} series generated", file=sys.stderr, flush=True)
    found: dict[str, float] = {"series": series}
    clock, cpu = time.perf_counter(), time.process_time()
    model = Forecaster(horizon=28)
    home = Settings().home / "checkpoints" / "scale"
    model.checkpoints = Checkpoints(home, partial(_tell, clock))
    model.fit(frame)
    found["fit_seconds"], found["fit_cpu"] = time.perf_counter() - clock, time.process_time() - cpu
    print(f"fitted in {found['fit_seconds']:.0f} s", file=sys.stderr, flush=True)
    clock = time.perf_counter()
    cpu = time.process_time()
    answer = model.predict(frame)
    found["predict_cpu"] = time.process_time() - cpu
    found["predict_seconds"] = time.perf_counter() - clock
    found["seconds"] = found["fit_seconds"] + found["predict_seconds"]
    beside = answer.merge(frame.assign(came=truth)[[*KEYS, "came"]], on=KEYS)
    found["wape"] = wape(beside["came"], beside["mean"])
    found["coverage_80"] = coverage(beside["came"], beside["q10"], beside["q90"])
    found["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({name: round(value, 4) for name, value in found.items()}))
    shutil.rmtree(home)


def _tell(started: float, text: str) -> None:
    print(f"[{time.perf_counter() - started:6.1f} s] {text}", file=sys.stderr, flush=True)


def main(folder: Path) -> None:
    """Print our figures beside the published ones; the last line is JSON."""
    sales = read(folder / "orange-juice")
    ours = figures(Forecaster(**SETTINGS), sales)
    plain = {"naive, ours": figures(Baseline("naive", horizon=3), sales)}
    print(f"{'':28}{'MAPE %':>9}{'WAPE':>8}{'bias':>8}{'seconds':>9}")
    for name, mean in PUBLISHED.items():
        print(f"{name:28}{mean:9.2f}")
    for name, found in {**plain, "Argosy, global LightGBM": ours}.items():
        print(
            f"{name:28}{found['mape']:9.2f}{found['wape']:8.3f}{found['bias']:+8.3f}"
            f"{found['seconds']:9.0f}"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({**{k: round(v, 4) for k, v in ours.items()}, "peak_gb": round(peak, 2)}))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", nargs="?", type=Path)
    asked.add_argument("--scale", type=int)
    asked.add_argument("--merchant", type=Path)
    asked.add_argument("--sums", type=Path)
    asked.add_argument("--frequency", default="week", choices=("day", "week", "month"))
    asked.add_argument("--methods", default="", help="single methods to stand beside ours")
    given = asked.parse_args()
    if given.scale:
        scale(given.scale)
    elif given.merchant:
        merchant(given.merchant, given.frequency, given.methods)
    elif given.sums:
        sums(given.sums, given.frequency)
    else:
        main(given.folder)
