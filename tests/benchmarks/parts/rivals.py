"""The usual assembly for the same question: `feast serve` for the customer's features, then
`mlflow models serve` for the probability. Velocity, rules, reasons and a durable decision it has
none of; the request carries the other inputs, as if somebody had computed them."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import orjson
from parts import load

from data.settings import Settings
from features.fraud import RISK_FEATURES
from models.registry import Registry

FEAST, MLFLOW = 8878, 8879


def against(settings: Settings, ours: load.Make, port: int, seconds: float) -> dict[str, float]:
    """Throughput and p99 of both, eight callers each."""
    with _rivals(settings):
        rate, p99 = _assembly(settings, seconds)
    us = load.closed(port, ours, 8, seconds)
    return {
        "assembly_per_second": rate,
        "assembly_p99_ms": p99,
        "throughput_over_assembly": us.rate / rate,
        "p99_over_assembly": us.p99 / p99,
    }


@contextmanager
def _rivals(settings: Settings) -> Iterator[None]:
    programs = Path(sys.executable).parent
    environment = os.environ | {"MLFLOW_TRACKING_URI": settings.mlflow}
    environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    # mlflow calls uvicorn by its name.
    environment["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    folder = str(settings.feature_folder)
    model = f"models:/{settings.namespace}-fraud@champion"
    feast = [programs / "feast", "-c", folder, "serve", "--port", FEAST, "--no-access-log"]
    feast += ["--max-requests", 10_000_000]  # its worker would start anew within the measurement
    mlflow = [programs / "mlflow", "models", "serve", "-m", model, "-p", MLFLOW]
    commands = ([*map(str, feast)], [*map(str, mlflow), "--env-manager", "local"])
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    servers = [subprocess.Popen(command, env=environment, **quiet) for command in commands]
    try:
        _up(f"http://127.0.0.1:{FEAST}/health")
        _up(f"http://127.0.0.1:{MLFLOW}/ping")
        yield
    finally:
        for server in servers:
            server.terminate()
            server.wait(30)


def _up(url: str) -> None:
    until = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def _assembly(settings: Settings, seconds: float) -> tuple[float, float]:
    """First the features, then the model: two requests, one after the other, for each payment."""
    registry = Registry(settings.mlflow, settings.artifacts, settings.namespace)
    sample = registry.load("fraud").sample.head(1)
    record = json.loads(sample.to_json(orient="split", date_format="iso"))
    record.pop("index", None)
    asked = orjson.dumps({"dataframe_split": record})

    wanted = [f"customer_risk:{name}" for name in RISK_FEATURES]

    def features(number: int) -> bytes:
        who = f"c{number * 7919 % 20_000:06}"
        body = {"features": wanted, "entities": {"customer_id": [who]}}
        return load.request(FEAST, "/get-online-features", orjson.dumps(body))

    first = load.closed(FEAST, features, 8, seconds)
    second = load.closed(MLFLOW, lambda n: load.request(MLFLOW, "/invocations", asked), 8, seconds)
    assert first.failed + second.failed == 0, "the assembly does not answer"
    # One after the other: times add up, so do the shares of a second each takes.
    return 1 / (1 / first.rate + 1 / second.rate), float(np.hypot(first.p99, second.p99))
