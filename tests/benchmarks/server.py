"""The server under load, beside a no-op of the same payload, and the store beside its references.

Usage: python tests/benchmarks/server.py DIR [--redis URL] [--database URL] [--only a,b] [--soak M]

DIR keeps the generated shop (100,000 products). Needs a Redis database of its own (default
redis://127.0.0.1:6379/13), which is emptied. Parts: decisions, recommendations, rivals, join, load.
Ratios are taken within one run; --soak M adds M minutes of mixed load: in the middle every row gets
another version of its model and everything is materialized, at three quarters it is rolled back.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import orjson
import pandas as pd
import redis
from parts import load, rivals, shop, store

from data.records import Records
from data.settings import Settings

SERVE = """
import sys
import uvicorn
from fastapi import Request
from data.settings import Settings
from serving.http.app import create_app

app = create_app(Settings())

@app.post("/noop")
async def noop(request: Request) -> dict[str, str]:
    await request.json()
    return {"decision_id": "0" * 32, "decision": "allow"}

uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
"""
PORT = 8877
# Of the payments asked about: the time of the first, and how many there were.
BEGAN = [shop.END]
ASKED = count()


def settings_of(folder: Path, redis_url: str, database: str | None) -> Settings:
    return Settings(
        home=shop.place(folder),
        online_store_url=redis_url,
        counters_url=redis_url,
        database_url=database,
        use_cases=("recommendation", "fraud"),
        auth=False,
    )


@contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """The product's own server in a process of its own; gives its process id."""
    given = {
        f"ARGOSY_{name.upper()}": ",".join(value) if isinstance(value, list) else str(value)
        for name, value in settings.model_dump(mode="json").items()
        if value is not None
    }
    environment = os.environ | given | {"PYTHONPATH": str(Path(__file__).parents[2])}
    server = subprocess.Popen([sys.executable, "-c", SERVE, str(PORT)], env=environment)
    try:
        _wait(f"http://127.0.0.1:{PORT}/readyz")
        yield server.pid
    finally:
        server.terminate()
        server.wait(30)


def _wait(url: str) -> None:
    until = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def clock(settings: Settings) -> datetime:
    """The time of the first payment: after all that were asked about in an earlier run, for the
    minutes of a shop do not come again."""
    records = Records(settings.database, settings.namespace)
    records.migrate()
    last = records.decisions(limit=1)
    records.close()
    if not last:
        return shop.END
    return datetime.fromisoformat(last[0].payment["attempted_at"]) + timedelta(minutes=1)


def payment(number: int) -> bytes:
    """A payment that was never asked about."""
    who = number * 7919 % 20_000
    moment = BEGAN[0] + timedelta(milliseconds=20 * next(ASKED))
    return orjson.dumps(
        {
            "payment_id": f"b{os.getpid()}-{time.time_ns()}-{number}",
            "attempted_at": moment.isoformat(),
            "customer_id": f"c{who:06}",
            "amount": 20.0 + number % 90,
            "currency": "EUR",
            "card_id": f"k{who}",
            "device_id": f"d{who}",
            "ip_address": f"203.0.{who % 250}.{who % 199}",
            "billing_country": "DE",
            "shipping_country": "DE",
        }
    )


def decide(number: int) -> bytes:
    return load.request(PORT, "/v1/fraud/decisions", payment(number))


def noop(number: int) -> bytes:
    return load.request(PORT, "/noop", payment(number))


def recommend(number: int) -> bytes:
    body = {"customer_id": f"c{number * 7919 % 20_000:06}", "market": "DE", "limit": 10}
    return load.request(PORT, "/v1/recommendations", orjson.dumps(body))


def event(number: int) -> bytes:
    one = {
        "event_id": f"v{os.getpid()}-{time.time_ns()}-{number}",
        "kind": "view",
        "product_id": f"p{number % 100_000:06}",
        "customer_id": f"c{number % 20_000:06}",
    }
    return load.request(PORT, "/v1/events", orjson.dumps({"events": [one]}))


def decisions(seconds: float) -> dict[str, float]:
    """Decisions against the no-op, 8 connections each, in turns; then 200 a second."""
    load.closed(PORT, decide, 8, 2)
    turns = [
        (load.closed(PORT, noop, 8, seconds), load.closed(PORT, decide, 8, seconds))
        for _ in range(3)
    ]
    plain, ours = (sorted(each, key=lambda m: m.p50)[1] for each in zip(*turns, strict=True))
    at_200 = load.steady(PORT, decide, 200, seconds)
    return {
        "noop_per_second": plain.rate,
        "noop_p50_ms": plain.p50,
        "decisions_per_second": ours.rate,
        "decisions_p50_ms": ours.p50,
        "p50_ratio": ours.p50 / plain.p50,
        "throughput_ratio": ours.rate / plain.rate,
        "decisions_p99_ms_at_200": at_200.p99,
        "decisions_failed": ours.failed + at_200.failed,
    }


def recommendations(seconds: float) -> dict[str, float]:
    load.closed(PORT, recommend, 4, 2)
    at_100 = load.steady(PORT, recommend, 100, seconds)
    return {
        "recommendations_p50_ms_at_100": at_100.p50,
        "recommendations_p99_ms_at_100": at_100.p99,
        "recommendations_failed": at_100.failed,
    }


def swap(row: str, verb: str, body: dict[str, str]) -> float:
    """Seconds until answers come from another version than before; raises where they never do."""
    probe = {"fraud": decide, "recommendation": recommend}[row]
    with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60) as client:

        def version(number: int) -> str:
            head, _, content = probe(number).partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            told = client.post(path, content=content, headers={"content-type": "application/json"})
            return str(told.raise_for_status().json()["model_version"])

        former, began = version(0), time.monotonic()
        client.post(f"/v1/models/{row}:{verb}", json=body).raise_for_status()
        while version(int(1e6 * (time.monotonic() - began))) == former:
            if time.monotonic() - began > 10:
                raise SystemExit(f"{row}: version {former} still answers 10 s after {verb}")
        return time.monotonic() - began


def soak(settings: Settings, pid: int, minutes: float, rate: float) -> dict[str, float]:
    """Mixed load; memory after a tenth of the time is the mark. Counted is the process's own: what
    it maps of the models' files is the kernel's cache, and grows with the customers who ask."""
    memory: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1):
            text = Path(f"/proc/{pid}/status").read_text()
            memory.append(int(text.split("RssAnon:")[1].split()[0]) / 1e6)

    swaps: list[float] = []

    def disturb() -> None:
        over.wait(minutes * 30)
        fresh = {row: shop.again(settings, row) for row in settings.use_cases}
        for row, version in fresh.items():
            swaps.append(swap(row, "promote", {"version": version, "reason": "half of the soak"}))
        materialize()
        over.wait(minutes * 15)
        back = {"reason": "three quarters of the soak"}
        swaps.extend([swap(row, "rollback", back) for row in fresh])

    def materialize() -> None:
        command = [sys.executable, "-m", "argosy", "materialize"]
        given = {
            "ARGOSY_HOME": str(settings.home),
            "ARGOSY_COUNTERS_URL": str(settings.counters_url),
        }
        given["ARGOSY_ONLINE_STORE_URL"] = str(settings.online_store_url)
        subprocess.run(command, env=os.environ | given, check=True, stdout=subprocess.DEVNULL)

    threads = [threading.Thread(target=watch), threading.Thread(target=disturb)]
    for thread in threads:
        thread.start()
    kinds = (decide, recommend, event)
    found = load.steady(PORT, lambda n: kinds[n % 3](n), rate, minutes * 60)
    over.set()
    for thread in threads:
        thread.join()
    every = max(len(memory) // 30, 1)
    print("own memory, GB:", *(f"{value:.3f}" for value in memory[::every]))
    warm = memory[len(memory) // 10 :]
    head, tail = warm[: max(len(warm) // 10, 1)], warm[-max(len(warm) // 10, 1) :]
    return {
        "soak_requests": found.requests,
        "soak_failed": found.failed,
        "soak_swaps": len(swaps),
        "soak_swap_seconds": max(swaps, default=float("nan")),
        "soak_p99_ms": found.p99,
        "soak_memory_growth": sum(tail) / len(tail) / (sum(head) / len(head)) - 1,
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--redis", default="redis://127.0.0.1:6379/13")
    asked.add_argument("--database")
    asked.add_argument("--only", default="decisions,recommendations,rivals,join,load")
    asked.add_argument("--seconds", type=float, default=10)
    asked.add_argument("--soak", type=float, default=0)
    asked.add_argument("--rate", type=float, default=30, help="of the soak, requests a second")
    asked.add_argument("--products", type=int, default=100_000)
    given = asked.parse_args()
    parts = given.only.split(",")
    figures: dict[str, float] = {}
    if "join" in parts:
        figures |= store.join(1_000_000)
    if "load" in parts:
        figures |= store.bulk_load(given.redis, 100_000)
    if {"decisions", "recommendations", "rivals"} & set(parts) or given.soak:
        settings = settings_of(given.folder, given.redis, given.database)
        shop.build(settings, given.products, 20_000, 300_000, 40_000)
        BEGAN[0] = clock(settings)
        with serving(settings) as pid:
            if "decisions" in parts:
                figures |= decisions(given.seconds)
            if "recommendations" in parts:
                figures |= recommendations(given.seconds)
            if "rivals" in parts:
                figures |= rivals.against(settings, decide, PORT, given.seconds)
            if given.soak:
                figures |= soak(settings, pid, given.soak, given.rate)
    table = pd.Series(figures).rename("measured").round(4)
    print(table.to_string())
    with redis.Redis.from_url(given.redis) as client:
        client.flushdb()
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
