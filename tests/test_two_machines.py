"""Two servers with nothing in common but a bucket, a database and a Redis: one installation."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from data.settings import Settings
from decisions.runtime import Runtime
from tests.shop_fixtures import register_recommender, shop_tables

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
SECONDS = 60.0


@pytest.fixture
def database(postgres_url: str, namespace: str) -> Iterator[str]:
    """A database of this test's own, for records and MLflow."""
    address = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"create database {namespace}")  # type: ignore[call-overload]
        yield f"{postgres_url.rpartition('/')[0]}/{namespace}"
        connection.execute(f"drop database {namespace} with (force)")  # type: ignore[call-overload]


@pytest.fixture
def shared(bucket: str, database: str, redis_url: str, namespace: str) -> dict[str, str]:
    """The settings that the machines have in common."""
    return {
        "ARGOSY_HOME": bucket,
        "ARGOSY_DATABASE_URL": database,
        "ARGOSY_MLFLOW_URL": database,
        "ARGOSY_ONLINE_STORE_URL": redis_url,
        "ARGOSY_COUNTERS_URL": redis_url,
        "ARGOSY_NAMESPACE": namespace,
        "ARGOSY_AUTH": "false",
        "ARGOSY_RELOAD_SECONDS": "0.5",
        "ARGOSY_USE_CASES": "recommendation,fraud",
    }


def argosy(shared: dict[str, str], cache: Path, *command: str) -> None:
    """A command on one of the machines."""
    environment = os.environ | shared | {"ARGOSY_CACHE": str(cache)}
    told = subprocess.run(
        [sys.executable, str(ROOT / "argosy.py"), *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stdout + told.stderr


@contextmanager
def serving(shared: dict[str, str], cache: Path) -> Iterator[tuple[httpx.Client, int]]:
    """A server on one of the machines: a client of it, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | shared | {"ARGOSY_CACHE": str(cache)}
    command = [sys.executable, str(ROOT / "argosy.py"), "serve", "--port", str(port)]
    out = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=out, stderr=out) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                until(lambda: answers(client))
                yield client, process.pid
        finally:
            process.kill()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def until(holds: Callable[[], bool], seconds: float = SECONDS) -> float:
    """Wait for it; the seconds that it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(0.1)
    return time.monotonic() - began


def shown(client: httpx.Client) -> dict[str, Any]:
    body = {"customer_id": "c01", "market": "DE", "limit": 10, "in_stock_only": True}
    answer: dict[str, Any] = client.post("/v1/recommendations", json=body).json()
    return answer


def products(client: httpx.Client) -> list[str]:
    return [item["product_id"] for item in shown(client)["items"]]


def payment(number: int) -> dict[str, Any]:
    return {
        "payment_id": f"pay-{number}",
        "attempted_at": "2024-04-20T10:00:00Z",
        "customer_id": "c01",
        "amount": 20.0,
        "currency": "EUR",
        "card_id": "tok-1",
    }


def test_two_machines_are_one_installation(shared: dict[str, str], tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    argosy(shared, here, "ingest", str(shop_tables(tmp_path / "tables")))
    argosy(shared, here, "materialize")
    with serving(shared, here) as (one, pid), serving(shared, there) as (two, _):
        assert shown(one)["degraded"]
        with pytest.MonkeyPatch.context() as patched:
            for name, value in {**shared, "ARGOSY_CACHE": str(here)}.items():
                patched.setenv(name, value)
            runtime = Runtime(Settings())
            register_recommender(runtime)
            runtime.stop()
        for client in (one, two):  # a release that one machine made serves on both
            until(lambda: shown(client)["model_version"] == "1")  # noqa: B023
        assert products(one) == products(two)

        first = products(one)[0]
        (tmp_path / "later").mkdir()
        rows = "observed_at,warehouse_id,product_id,on_hand\n2024-04-18T09:00:00Z,wDE,{},0\n"
        (tmp_path / "later" / "stock.csv").write_text(rows.format(first))
        argosy(shared, there, "ingest", str(tmp_path / "later"))
        for client in (one, two):  # what ran out is gone, though nothing was materialized
            until(lambda: first not in products(client), 10.0)  # noqa: B023

        ask = [client for number in range(20) for client in (one, two)]
        with ThreadPoolExecutor(8) as pool:
            decided = list(
                pool.map(
                    lambda asked: asked[1].post("/v1/fraud/decisions", json=payment(asked[0] // 2)),
                    enumerate(ask),
                )
            )
        ids = [each.json()["decision_id"] for each in decided]
        assert len(set(ids)) == 20  # one decision a payment, whoever was asked

        os.kill(pid, signal.SIGKILL)  # a machine is lost: the other goes on, and knows all
        assert two.get("/v1/fraud/decisions/pay-7").json()["decision_id"] == ids[14]
        assert products(two)
