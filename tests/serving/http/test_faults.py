"""What stands when a part falls: real servers of the test's own, stopped and started again.

The outages are short; `ARGOSY_FAULTS=full` makes them as long as those that production has seen:
30 s without Redis, 1,000 writes with the workers killed.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import redis
from fastapi.testclient import TestClient

from data.records import Records
from data.settings import Settings
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import create_app

FULL = os.environ.get("ARGOSY_FAULTS") == "full"
BUDGET = 2.0  # seconds an answer may take while a server is away
START = datetime(2025, 3, 1, 10, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def program(name: str) -> str:
    """A server's binary; on Debian those of PostgreSQL are not on the path."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((str(home / name) for home in homes if (home / name).exists()), None)
    found = found or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def eventually(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class OwnRedis:
    """A Redis that forgets everything when it is stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [program("redis-server"), "--port", str(self.port), "--save", ""]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert eventually(self.answers)

    def answers(self) -> bool:
        with suppress(redis.RedisError), closing(redis.Redis.from_url(self.url)) as client:
            return bool(client.ping())
        return False

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class OwnPostgres:
    """A PostgreSQL with one database."""

    def __init__(self, folder: Path) -> None:
        self.data, self.port = folder / "data", free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self._as = {"user": "postgres"} if os.geteuid() == 0 else {}  # it does not run as root
        if self._as:
            folder.chmod(0o755)
            self.data.mkdir()
            shutil.chown(self.data, "postgres")
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-N")
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"port={self.port}\nlisten_addresses='127.0.0.1'\n")
            settings.write("unix_socket_directories=''\n")

    def _run(self, name: str, *arguments: str) -> None:
        command = [program(name), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **self._as)

    def start(self) -> None:
        log = str(self.data / "log")
        self._run("pg_ctl", "-D", str(self.data), "-l", log, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[OwnPostgres]:
    # Not under pytest's folder: the next session closes that to other users, such as postgres.
    with TemporaryDirectory(prefix="argosy-postgres-") as folder:
        server = OwnPostgres(Path(folder))
        server.start()
        yield server
        server.stop()


@contextmanager
def outage(server: OwnRedis | OwnPostgres) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def payment(number: int) -> dict[str, Any]:
    moment = START.replace(minute=number // 60 % 60, second=number % 60)
    return {
        "payment_id": f"p{number}",
        "attempted_at": moment.isoformat(),
        "customer_id": "c1",
        "amount": 20.0,
        "currency": "EUR",
        "card_id": "k1",
    }


def event(number: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "occurred_at": START.isoformat(),
        "kind": "view",
        "product_id": "p",
        "visitor_id": "v",
    }


def label(number: int) -> dict[str, Any]:
    return {"payment_id": f"p{number}", "reported_at": START.isoformat(), "is_fraud": False}


WRITES: list[tuple[str, Callable[[int], dict[str, Any]]]] = [
    ("/v1/fraud/decisions", payment),
    ("/v1/events", lambda number: {"events": [event(number)]}),
    ("/v1/fraud/labels", lambda number: {"labels": [label(number)]}),
]


def write(client: httpx.Client, number: int) -> httpx.Response:
    """The number says which kind of write it is, and its ids: sent again it is the same write."""
    path, body = WRITES[number % 3]
    key = {"Idempotency-Key": f"key-{number}"}
    return client.post(path, json=body(number), headers=key)


def kept(url: str) -> dict[str, Counter[str]]:
    """What the database holds, by id."""
    records = Records(url)
    payments, events, labels = (
        records.pending(name)[0] for name in ("payments", "events", "chargebacks")
    )
    records.close()
    return {
        "/v1/fraud/decisions": Counter(payments["payment_id"]),
        "/v1/events": Counter(events["event_id"]),
        "/v1/fraud/labels": Counter(labels["payment_id"]),
    }


def expected(numbers: list[int]) -> dict[str, Counter[str]]:
    names = ("p{}", "e{}", "p{}")
    return {
        path: Counter(names[i].format(n) for n in numbers if n % 3 == i)
        for i, (path, _) in enumerate(WRITES)
    }


def shop(settings: Settings, **changes: Any) -> Settings:
    served = ("recommendation", "fraud")
    return settings.model_copy(update={"use_cases": served, "reload_seconds": 0.5, **changes})


def test_without_redis_decisions_go_on_and_with_it_all_is_counted_again(
    settings: Settings, own_redis: OwnRedis
) -> None:
    given = shop(settings, counters_url=own_redis.url, online_store_url=own_redis.url)
    runtime = Runtime(given)

    def counted(number: int) -> float:
        """How many payments of the card were counted when this one was decided."""
        started = time.monotonic()
        answer = client.post("/v1/fraud/decisions", json=payment(number))
        assert answer.status_code == 200, answer.text
        assert time.monotonic() - started < BUDGET
        decision = runtime.records.decision(f"p{number}")
        assert decision is not None
        return float(decision.features["card_count"])

    with TestClient(create_app(given, runtime)) as client:
        assert [counted(n) for n in range(3)] == [0, 1, 2]
        with outage(own_redis):
            until, number = time.monotonic() + (30 if FULL else 1.5), 3
            while time.monotonic() < until or number < 23:
                assert counted(number) != counted(number)  # NaN: unknown
                number += 1
        assert eventually(lambda: bool(live_counters_version(own_redis)))
        assert counted(number) == number
    assert len(runtime.records.pending("payments")[0]) == number + 1


def live_counters_version(server: OwnRedis) -> bytes | None:
    with closing(redis.Redis.from_url(server.url)) as client:
        found = client.get("{argosy}:velocity2:version")
    return found if isinstance(found, bytes) else None


def test_postgres_restarts_and_nothing_acknowledged_is_lost_or_doubled(
    settings: Settings, own_postgres: OwnPostgres
) -> None:
    given = shop(settings, database_url=own_postgres.url)
    acknowledged: list[int] = []
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def writer(first: int) -> None:
        for number in range(first, 100_000, 4):
            while not over.is_set():
                started = time.monotonic()
                answer = write(client, number)
                assert time.monotonic() - started < BUDGET + 2
                statuses[answer.status_code] += 1
                if answer.status_code < 300:
                    acknowledged.append(number)
                    break
                assert answer.status_code == 503, answer.text
                assert answer.headers["retry-after"]
                time.sleep(0.05)

    with TestClient(create_app(given)) as client, ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(writer, first) for first in range(4)]
        try:
            assert eventually(lambda: len(acknowledged) > 20)
            with outage(own_postgres):
                assert eventually(lambda: statuses[503] > 3)
                time.sleep(30 if FULL else 0.5)
            before = len(acknowledged)
            assert eventually(lambda: len(acknowledged) > before + 20)
        finally:
            over.set()
        for each in writers:
            each.result()
    found = kept(own_postgres.url)
    for path, wanted in expected(acknowledged).items():
        assert wanted <= found[path]
        assert set(found[path].values()) == {1}


def test_a_database_that_is_away_at_the_start_is_taken_into_use_when_it_comes(
    settings: Settings, own_postgres: OwnPostgres
) -> None:
    given = shop(settings, database_url=own_postgres.url, namespace="late")
    own_postgres.stop()
    with TestClient(create_app(given)) as client:
        assert client.get("/healthz").status_code == 200
        problem = client.get("/readyz").json()
        assert "/database" in [fault["pointer"] for fault in problem["errors"]]
        assert write(client, 0).status_code == 503
        own_postgres.start()
        assert eventually(lambda: write(client, 0).status_code == 200)


def test_a_registry_that_is_away_at_the_start_leaves_the_release_used_last(
    settings: Settings, registry: Registry, promoted: Callable[..., str]
) -> None:
    registry.cache = settings.home / "cache"
    promoted("fraud", 5.0)
    first = Runtime(settings, registry)
    first.refresh()
    away = Registry("http://127.0.0.1:9", None, cache=registry.cache, use_cases=registry.use_cases)
    runtime = Runtime(settings, away)
    runtime.refresh()
    release = runtime.release("fraud")
    assert release is not None
    assert release.version == "1"
    assert "127.0.0.1:9" in str(runtime.problem("fraud"))
    assert runtime.release("forecasting") is None
    runtime.registry = registry
    promoted("fraud", 6.0)
    runtime.refresh()
    newest = runtime.release("fraud")
    assert newest is not None
    assert newest.version == "2"
    assert runtime.problem("fraud") is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes, one of which is a ballast."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may make a disk")
    (place / "ballast").write_bytes(b"\0" * 1_000_000)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_refuses_keeps_what_was_acknowledged_and_heals(
    settings: Settings, registry: Registry, small_disk: Path
) -> None:
    given = shop(settings, home=small_disk / "home", mlflow_url=registry.url)
    acknowledged = 0

    def send() -> int:
        long = {"product_id": "p" * 120, "visitor_id": "v" * 120}
        events = [event(acknowledged + i) | long for i in range(100)]
        answer = client.post("/v1/events", json={"events": events})
        assert answer.status_code != 202 or answer.json()["accepted"] == 100
        return answer.status_code

    with TestClient(create_app(given)) as client:
        while (status := send()) == 202:
            acknowledged += 100
            assert acknowledged < 20_000, "the disk never filled"
        assert status == 503
        assert client.get("/healthz").status_code == 200
        assert acknowledged > 0
        (small_disk / "ballast").unlink()
        assert send() == 202
        acknowledged += 100
    found = kept(given.database)["/v1/events"]
    assert found == Counter(f"e{n}" for n in range(acknowledged))


# Everything is imported once; each server is a fork that listens, and is followed by another.
SERVE = """
import os, sys
from data.settings import Settings
from decisions import fraud, recommendation
from serving.http import app

while not os.path.exists("over"):
    server = os.fork()
    if not server:
        app.run(Settings(), host="127.0.0.1", port=int(sys.argv[1]), workers=1)
        os._exit(0)
    with open("draft", "w") as note:
        note.write(str(server))
    os.replace("draft", "server")
    os.waitpid(server, 0)
"""


@pytest.mark.slow
def test_a_server_killed_at_any_moment_loses_and_doubles_nothing(
    settings: Settings, registry: Registry, tmp_path: Path
) -> None:
    writes, port, draw = (1000 if FULL else 240), free_port(), random.Random(3)
    del registry  # its empty database is in the home
    (tmp_path / "serve.py").write_text(SERVE)
    environment = os.environ | {
        "ARGOSY_HOME": str(settings.home),
        "ARGOSY_AUTH": "false",
        "ARGOSY_USE_CASES": "recommendation,fraud",
        "PYTHONPATH": str(ROOT),
    }
    server = subprocess.Popen(
        [sys.executable, "serve.py", str(port)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    answers: dict[int, dict[str, Any]] = {}

    def writer(first: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            for number in range(first, writes, 4):
                while True:
                    with suppress(httpx.TransportError):
                        answer = write(client, number)
                        if answer.status_code < 300:
                            answers[number] = answer.json()
                            break
                        assert answer.status_code in {409, 503}, answer.text
                    time.sleep(0.02)

    def up() -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        return False

    try:
        assert eventually(up, 300)  # a busy machine imports for minutes
        with ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(writer, first) for first in range(4)]
            kills = 0
            while not all(each.done() for each in writers):
                before = len(answers)
                eventually(lambda: len(answers) > before + draw.randint(5, writes // 5), 10)  # noqa: B023  # asked within the round
                os.kill(int((tmp_path / "server").read_text()), signal.SIGKILL)
                kills += 1
                eventually(up, 60)
            for each in writers:
                each.result()
    finally:
        (tmp_path / "over").touch()
        os.kill(int((tmp_path / "server").read_text()), signal.SIGTERM)
        server.wait(60)
    assert kills >= 2
    records = Records(f"sqlite:///{settings.home / 'argosy.db'}")
    assert kept(records.url) == expected(list(range(writes)))
    for number in range(0, writes, 3):
        decision = records.decision(f"p{number}")
        assert decision is not None
        assert decision.decision_id == answers[number]["decision_id"]
    records.close()
