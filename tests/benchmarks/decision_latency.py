"""How long one decision on a payment takes, in process: state read, features, score, rules, state
written, decision stored.

    python tests/benchmarks/decision_latency.py DIR [--decisions 2000]

DIR/card-payments/simulated_data_raw.parquet gives the payments: some are history and teach a model,
the next ones are decided. The stores are those of the environment: ARGOSY_COUNTERS_URL and
ARGOSY_ONLINE_STORE_URL (Redis), ARGOSY_DATABASE_URL (PostgreSQL); SQLite where there is none. What
is written there is removed again. Beside the time of a decision stands that of one fdatasync of as
many bytes, which no durable answer can be faster than. The last line is JSON.
"""

import argparse
import gc
import importlib.util
import json
import os
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from data.settings import Settings
from data.views import fingerprint
from decisions.fraud.engine import PaymentAsked
from decisions.fraud.live_engine import LiveEngine
from decisions.runtime import Runtime
from features.fraud import FEATURES, amounts, history, inputs
from features.store import Store
from models.base import Release
from models.fraud import BoostedTrees, Costs, best_policy
from serving.http.fraud.routes import decide

HISTORY, NAMESPACE, TREES = 80_000, "bench_decisions", 300


def bench() -> ModuleType:
    """The fraud benchmark beside this file: it reads the data."""
    spec = importlib.util.spec_from_file_location("fraud", Path(__file__).with_name("fraud.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tables(folder: Path, decisions: int) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The history, and the payments to decide."""
    given = bench().read(folder).tail(HISTORY + decisions).reset_index(drop=True)
    given["currency"], given["card_id"] = "EUR", "k" + given["customer_id"]
    given["ip_address"] = "ip" + given["customer_id"]
    given["billing_country"] = given["shipping_country"] = "DE"
    past, asked = given.head(HISTORY), given.tail(decisions)
    frauds = past[past["is_fraud"] == 1]
    told = pd.DataFrame(
        {
            "payment_id": frauds["payment_id"],
            "reported_at": frauds["attempted_at"] + pd.Timedelta(days=2),
            "is_fraud": True,
        }
    )
    customers = pd.DataFrame({"customer_id": given["customer_id"].unique()})
    rates = pd.DataFrame({"rate_date": ["2018-01-01"], "currency": ["USD"], "rate": [0.9]})
    known = {"payments": past, "chargebacks": told, "customers": customers, "fx_rates": rates}
    return known, asked


def release(runtime: Runtime, labels: set[str]) -> Release:
    """A model of TREES trees from the history, as the online path sees it."""
    now = runtime.now()
    found = {name: runtime.lake.read(name) for name in ("payments", "chargebacks", "customers")}
    found["fx_rates"] = runtime.lake.read("fx_rates")
    known = history(found, now, runtime.settings.terms)
    amount = amounts(known, found["fx_rates"], "EUR")
    frame = inputs(known, amount).assign(attempted_at=known["attempted_at"])
    frame["is_fraud"] = known["payment_id"].isin(labels).astype(int)
    model = BoostedTrees(rounds=TREES, patience=TREES).fit(frame)
    p = model.predict(frame)["probability"]
    policy = best_policy(p, amount, Costs(), budget=0.005)
    sample = frame.head(2).drop(columns="is_fraud")
    return Release(
        "fraud", "1", model, dict(FEATURES), fingerprint(FEATURES), now, {}, policy.numbers(),
        sample, model.predict(sample),
    )  # fmt: skip


def rows(asked: pd.DataFrame) -> list[dict[str, Any]]:
    """As the API would hand them on."""
    names = [name for name in asked.columns if name != "is_fraud"]
    return [
        {
            **{str(name): value for name, value in row.items()},
            "attempted_at": row["attempted_at"].to_pydatetime(),
        }
        for row in asked[names].to_dict("records")
    ]


def times(runtime: Runtime, engine: LiveEngine, asked: list[dict[str, Any]]) -> dict[str, float]:
    """Milliseconds by the wall and by the processor; the first tenth warms up."""
    wall, processor = [], []
    gc.collect()
    gc.freeze()
    for row in asked:
        began, worked = time.perf_counter(), time.process_time()
        decide(runtime, engine, [PaymentAsked(row, False)])
        wall.append(1e3 * (time.perf_counter() - began))
        processor.append(1e3 * (time.process_time() - worked))
    kept = slice(len(asked) // 10, None)
    p50, p99 = np.percentile(wall[kept], [50, 99])
    return {"p50_ms": p50, "p99_ms": p99, "processor_p50_ms": float(np.median(processor[kept]))}


def sync_ms(folder: Path, size: int = 8_000, rounds: int = 200) -> tuple[float, float]:
    """p50 and p99 of writing so many bytes to the disk's end."""
    taken = []
    with (folder / "sync").open("wb") as out:
        for _ in range(rounds):
            began = time.perf_counter()
            out.write(b"x" * size)
            out.flush()
            os.fdatasync(out.fileno())
            taken.append(1e3 * (time.perf_counter() - began))
    p50, p99 = np.percentile(taken, [50, 99])
    return float(p50), float(p99)


def clean(runtime: Runtime) -> None:
    """Take away what was written to shared servers."""
    engine = runtime.records.database.engine
    runtime.records.tables.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f'drop table if exists "{NAMESPACE}_schema"')
    for url in (runtime.settings.counters_url, runtime.settings.online_store_url):
        if url:
            import redis

            with redis.Redis.from_url(url) as client:
                for key in client.scan_iter(match=f"*{NAMESPACE}*", count=1000):
                    client.delete(key)


def main() -> None:
    """Prepare, decide, tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--decisions", type=int, default=2_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(home=Path(place), namespace=NAMESPACE, auth=False)
        runtime = Runtime(settings)
        runtime.store = Store(settings, runtime.lake)
        known, asked = tables(given.folder, given.decisions)
        for name, table in known.items():
            runtime.lake.append(
                name, table.drop(columns="is_fraud") if name == "payments" else table
            )
        runtime.records.migrate()
        runtime.store.materialize(runtime.now())
        made = release(runtime, set(known["chargebacks"]["payment_id"]))
        runtime.release = lambda row: made  # type: ignore[method-assign]
        engine = LiveEngine(runtime)
        engine.get()
        try:
            found = times(runtime, engine, rows(asked))
        finally:
            engine.close()
            clean(runtime)
        found["sync_p50_ms"], found["sync_p99_ms"] = sync_ms(Path(place))
    backend = "Redis" if settings.counters_url else "SQLite"
    store = settings.database.split(":")[0].split("+")[0]
    print(f"counters on {backend}, decisions on {store}; {given.decisions} decisions")
    print(f"one decision: p50 {found['p50_ms']:.2f} ms, p99 {found['p99_ms']:.2f} ms (wall),")
    print(f"{found['processor_p50_ms']:.2f} ms of this process's processor")
    share = found["sync_p50_ms"] / found["p50_ms"]
    print(
        f"one fdatasync here: p50 {found['sync_p50_ms']:.2f}, p99 {found['sync_p99_ms']:.2f} ms; "
        f"{share:.0%} of the median decision"
    )
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


if __name__ == "__main__":
    main()
