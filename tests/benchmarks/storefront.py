"""How fast a storefront is answered: a made-up shop of 100,000 products, one worker, over HTTP.

    python tests/benchmarks/storefront.py [DIR] [--shop FOLDER] [--products 100000] [--seconds 15]

The shop is made up, no data of DIR is needed; `--shop` keeps it for the next time. Answers have
filters on, stock counted in three warehouses, and people with a history. It prints the time of an
answer in process (wall and processor), then answers a second over HTTP, and ends with one line of
JSON.
"""

import argparse
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from data.settings import Settings
from data.views import fingerprint
from decisions.recommendation.storefront import Storefront
from decisions.runtime import Runtime
from features.recommendation import interactions
from models.base import Release
from models.recommendation import Recommender
from models.registry import Run
from serving.http.recommendation.routes import asked
from serving.http.recommendation.schemas import RecommendationRequest

NOW = datetime(2024, 5, 1, tzinfo=UTC)
PEOPLE, LINES, FACTORS = 20_000, 400_000, 128
MARKETS = ("DE", "FR", "PL")
PORT, CONNECTIONS = 8733, 4
IN_PROCESS = 2_000


def tables(folder: Path, products: int) -> None:
    """Orders of a long-tailed range, its products, three warehouses and what lies in them."""
    random = np.random.default_rng(7)
    folder.mkdir(parents=True)
    names = np.array([f"p{i:06d}" for i in range(products)])
    person = random.integers(0, PEOPLE, LINES)
    taste = (person * 7919) % 50
    rank = np.minimum((random.pareto(0.6, LINES) * 20).astype(int), products // 50 - 1)
    product = rank * 50 + taste
    day = np.sort(random.integers(0, 90, LINES))
    market = np.array(MARKETS)[person % 3]
    pd.DataFrame(
        {
            "order_id": [f"o{p}-{d}" for p, d in zip(person, day, strict=True)],
            "line_no": np.arange(LINES) % 30_000 + 1,
            "ordered_at": pd.Timestamp("2024-02-01", tz="UTC") + pd.to_timedelta(day, unit="D"),
            "customer_id": [f"c{p:06d}" for p in person],
            "product_id": names[product],
            "warehouse_id": np.char.add("w", market),
            "quantity": 1.0,
            "unit_price": 2.0 + product % 97,
            "currency": "EUR",
            "market": market,
        }
    ).to_parquet(folder / "orders.parquet")
    number = np.arange(products)
    pd.DataFrame(
        {
            "product_id": names,
            "title": [f"Product {i}" for i in number],
            "category": [f"c{i % 50}/s{i % 400}" for i in number],
            "brand": [f"b{i % 900}" for i in number],
            "price": 2.0 + number % 97,
            "currency": "EUR",
        }
    ).to_parquet(folder / "products.parquet")
    pd.DataFrame(
        {"warehouse_id": [f"w{m}" for m in MARKETS], "country": MARKETS, "serves": MARKETS}
    ).to_csv(folder / "warehouses.csv", index=False)
    stock = [
        pd.DataFrame({"product_id": names, "on_hand": random.integers(0, 20, products)}).assign(
            warehouse_id=f"w{market}", observed_at="2024-04-30T06:00:00Z"
        )
        for market in MARKETS
    ]
    pd.concat(stock).to_parquet(folder / "stock.parquet")


def shop(folder: Path, products: int) -> Settings:
    """The shop, ingested, its features computed, a model in use; built when it is not there."""
    settings = Settings(home=folder / "home", auth=False)
    if (folder / "ready").exists():
        return settings
    tables(folder / "tables", products)
    runtime = Runtime(settings)
    runtime.lake.ingest(folder / "tables")
    runtime.store.materialize(NOW)
    runtime.records.migrate()
    register(runtime)
    runtime.stop()
    (folder / "ready").touch()
    return settings


def register(runtime: Runtime) -> None:
    """Fit on few people: it is the size of the model that counts here."""
    orders, events, products = (
        runtime.lake.read(name, as_of=NOW) for name in ("orders", "events", "products")
    )
    frame = interactions(orders, events, products=products)
    model = Recommender(factors=FACTORS, windows=1, tuning_people=500).fit(frame)
    sample = pd.DataFrame({"customer_id": ["c000001"], "limit": [3]})
    run = runtime.registry.log(Run("recommendation", "benchmark", {}, {}, {}, None, {}))
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
    runtime.registry.promote("recommendation", runtime.registry.register(run, release))


def body(i: int) -> dict[str, object]:
    """The i-th question: somebody known, who looked at two products, with filters."""
    return {
        "customer_id": f"c{(i * 37) % PEOPLE:06d}",
        "visitor_id": f"v{i % 997}",
        "session": [f"p{(i * 31) % 3000:06d}", f"p{(i * 17) % 3000:06d}"],
        "ship_to": MARKETS[i % 3],
        "limit": 10,
        "filters": {"price": {"max": 90}},
        "exclude": [f"p{i % 500:06d}"],
    }


def in_process(settings: Settings) -> dict[str, float]:
    """Milliseconds of a whole answer in process, on one core: wall and processor time."""
    runtime = Runtime(settings)
    runtime.refresh()
    if problem := runtime.problem("recommendation"):
        raise SystemExit(f"{problem}; build the shop anew: remove the folder of --shop")
    front = Storefront.of(runtime)
    bodies = [RecommendationRequest.model_validate(body(i)) for i in range(IN_PROCESS)]
    for each in bodies[:100]:
        front.recommend(asked(each), None)
    gc.collect()
    gc.freeze()
    wall, processor = [], []
    for each in bodies:
        start, used = time.perf_counter(), time.process_time()
        front.recommend(asked(each), None)
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    runtime.stop()
    return quantiles("wall", wall) | quantiles("cpu", processor)


def over_http(settings: Settings, seconds: float) -> dict[str, float]:
    """Answers a second of one worker, and milliseconds of an answer."""
    environment = os.environ | {"ARGOSY_HOME": str(settings.home), "ARGOSY_AUTH": "false"}
    command = [str(Path(sys.executable).parent / "argosy"), "serve", "--port", str(PORT)]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait(server)
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda k: load(k, 2.0), range(CONNECTIONS)))
            used = processor_seconds(server.pid)
            parts = list(pool.map(lambda k: load(k, seconds), range(CONNECTIONS)))
            used = processor_seconds(server.pid) - used
    finally:
        server.terminate()
        server.wait(timeout=30)
    took = [each for part in parts for each in part]
    return {
        "answers_per_second": round(len(took) / seconds, 1),
        "server_cpu_ms": round(1e3 * used / len(took), 2),
    } | quantiles("http", took)


def processor_seconds(process: int) -> float:
    """What a process has used so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait(server: "subprocess.Popen[bytes]") -> None:
    """Until the server listens."""
    while server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", PORT), timeout=1):
            return
        time.sleep(0.2)
    raise SystemExit("the server did not start")


def load(which: int, seconds: float) -> list[float]:
    """ProductQuery one question after the other on one connection; seconds each took."""
    took = []
    with socket.create_connection(("127.0.0.1", PORT)) as connection:
        end, i = time.perf_counter() + seconds, which * 1000
        while (start := time.perf_counter()) < end:
            content = json.dumps(body(i)).encode()
            connection.sendall(
                b"POST /v1/recommendations HTTP/1.1\r\nHost: x\r\n"
                b"Content-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(content), content)
            )
            answered(connection)
            took.append(time.perf_counter() - start)
            i += 1
    return took


def answered(connection: socket.socket) -> None:
    """Read one whole answer."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, rest = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(got.decode())
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(rest) < length:
        rest += connection.recv(65536)


def quantiles(name: str, seconds: list[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    return {
        f"{name}_p50_ms": round(float(np.quantile(seconds, 0.5)) * 1e3, 2),
        f"{name}_p99_ms": round(float(np.quantile(seconds, 0.99)) * 1e3, 2),
    }


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", help="not needed: the shop is made up")
    parser.add_argument("--shop", type=Path, help="folder to build the shop in, and to keep")
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = shop(given.shop or Path(folder), given.products)
        figures = in_process(settings) | over_http(settings, given.seconds)
    for name, value in {"products": given.products, **figures}.items():
        print(f"{name:<20} {value:>10,}")
    print(json.dumps({"products": given.products, **figures}))


if __name__ == "__main__":
    main()
