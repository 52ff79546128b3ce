"""The set of compose.yaml really starts: its own commands and variables, as processes here."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import yaml

from tests.serving.http.test_faults import OwnPostgres, OwnRedis, free_port

ROOT = Path(__file__).parent.parent
SERVICES: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


class ProcessSet:
    """The services of the file that are ours, with their hosts and paths as they are here."""

    def __init__(self, folder: Path, redis: OwnRedis, postgres: OwnPostgres) -> None:
        self.folder = folder
        self.key = ""
        self.ports = {"argosy": free_port(), "mlflow": free_port()}
        self._hosts = {
            "redis:6379": f"127.0.0.1:{redis.port}",
            "argosy:${ARGOSY_POSTGRES_PASSWORD}@postgres:5432/argosy": postgres.url.split("//")[1],
            "http://mlflow:5000": f"http://127.0.0.1:{self.ports['mlflow']}",
            "127.0.0.1:5000": f"127.0.0.1:{self.ports['mlflow']}",  # of the allowed hosts
            "/data": str(folder / "data"),
            "/etc/argosy/schedule.toml": str(ROOT / "ops/schedule.toml"),
        }

    def here(self, text: str) -> str:
        """A value of the file as it is on this machine."""
        text = re.sub(r"\$\{(\w+):\?[^}]*\}", r"${\1}", text)
        for there, place in self._hosts.items():
            text = text.replace(there, place)
        assert "${" not in text, f"{text}: the file asks for a variable that the test does not know"
        return text

    def start(self, name: str, command: list[str], log: Path) -> "subprocess.Popen[bytes]":
        """A service of the file. command: where the file leaves it to the image."""
        service = SERVICES[name]
        entry = service.get("entrypoint", ["argosy"])
        given = [self.here(part) for part in service.get("command", command)]
        port = self.ports.get(name)
        given = [re.sub(r"--port=\d+", f"--port={port}", part) for part in given]
        settings = {k: self.here(v) for k, v in service.get("environment", {}).items()}
        tools = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        tools = {k: v for k, v in tools.items() if not k.startswith("ARGOSY_")}
        with log.open("wb") as out:
            return subprocess.Popen(
                [*entry, *given],
                cwd=self.folder,
                env=tools | settings,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *arguments: str) -> str:
        """What a command says, with the settings of the service `argosy`."""
        settings = {k: self.here(v) for k, v in SERVICES["argosy"]["environment"].items()}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ARGOSY_")}
        command = [str(Path(sys.executable).with_name("argosy")), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=kept | settings, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def started() -> Iterator[ProcessSet]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="argosy-set-")))
        folder.chmod(0o755)
        (folder / "data").mkdir()
        (folder / "postgres").mkdir()
        redis, postgres = OwnRedis(folder), OwnPostgres(folder / "postgres")
        for server in (redis, postgres):
            server.start()
            stack.callback(server.stop)
        whole = ProcessSet(folder, redis, postgres)
        image = ["serve", "--host", "127.0.0.1", "--workers", "2"]
        image += ["--port", str(whole.ports["argosy"])]
        whole.key = whole.run("keys", "add", "admin", "--scopes", "admin")
        for name in ("mlflow", "argosy", "schedule"):
            process = whole.start(name, image, folder / f"{name}.log")
            stack.callback(end, process)
        yield whole


def end(process: "subprocess.Popen[bytes]") -> None:
    """Its whole group, which nobody else is in."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_the_set_starts_answers_and_reaches_its_registry(started: ProcessSet) -> None:
    address = f"http://127.0.0.1:{started.ports['argosy']}"
    registry = f"http://127.0.0.1:{started.ports['mlflow']}"

    def status(url: str, **headers: str) -> int:
        with suppress(httpx.TransportError):
            return httpx.get(url, headers=headers, timeout=10).status_code
        return 0

    def await_status(url: str, wanted: int, **headers: str) -> None:
        until = time.monotonic() + 200
        while (found := status(url, **headers)) != wanted:
            logs = "".join(log.read_text()[-1500:] for log in started.folder.glob("*.log"))
            assert time.monotonic() < until, f"{url}: {found}\n{logs}"
            time.sleep(0.5)

    await_status(f"{address}/healthz", 200)
    asked = f"{registry}/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default"
    await_status(asked, 200, host="mlflow:5000")  # by the name it has in the set
    assert status(f"{address}/v1/models") == 401
    with httpx.Client(base_url=address, headers={"X-API-Key": started.key}, timeout=30) as client:
        payment = {"payment_id": "p1", "customer_id": "c", "amount": 10.0, "currency": "EUR"}
        payment["attempted_at"] = "2024-05-01T12:00:00Z"
        first = client.post("/v1/fraud/decisions", json=payment)
        assert first.status_code == 200, first.text
        again = [client.post("/v1/fraud/decisions", json=payment).json() for _ in range(6)]
        assert {each["decision_id"] for each in again} == {first.json()["decision_id"]}
        problems = " ".join(each["problem"] for each in client.get("/v1/models").json()["data"])
        assert "argosy train" in problems  # the registry was asked, and holds nothing yet
    assert "version" not in started.run("models")
    log = (started.folder / "schedule.log").read_text()
    assert "Traceback" not in log


def test_every_service_of_ours_is_started_by_the_test() -> None:
    ours = {name for name, service in SERVICES.items() if service.get("image") == "argosy"}
    assert ours == {"argosy", "schedule", "mlflow"}
    assert "serve" in (ROOT / "Dockerfile").read_text()
