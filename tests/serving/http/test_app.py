"""The service as a whole."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient

from data.bucket import BucketError
from data.lake import open_lake
from data.settings import Settings
from decisions.privacy import share_private
from decisions.runtime import Runtime
from models.registry import Registry
from serving.http.app import ServeError, create_app, run
from tests.serving.http.addresses import Promoted


def test_two_apps_may_answer_from_one_place(settings: Settings, runtime: Runtime) -> None:
    for _ in range(2):
        with TestClient(create_app(settings, runtime)) as client:
            assert "argosy_fraud_decisions" in client.get("/metrics").text


def test_metrics_count_routes_not_paths(client: TestClient) -> None:
    client.get("/healthz")
    client.get("/nowhere/ann@example.com")
    page = client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=")
    assert (
        'argosy_request_seconds_count{method="GET",route="/healthz",status="200"} 1.0' in page.text
    )
    assert 'argosy_request_seconds_count{method="GET",route="none",status="404"} 1.0' in page.text
    assert "ann@example.com" not in page.text


def test_the_description_is_openapi_3_1_and_names_the_errors(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert described["info"]["title"] == "Argosy"
    problem = described["components"]["schemas"]["Problem"]
    assert {"code", "request_id", "detail"} <= set(problem["required"])
    reference = {"$ref": "#/components/schemas/Problem"}
    for path, operations in described["paths"].items():
        for operation in operations.values():
            for status in ("4XX", "5XX"):
                content = operation["responses"][status]["content"]
                assert content["application/problem+json"]["schema"] == reference, path
            assert "422" not in operation["responses"], path


def test_keys_guard_the_models_but_not_the_health(settings: Settings, registry: Registry) -> None:
    guarded = settings.model_copy(update={"auth": True})
    with TestClient(create_app(guarded, Runtime(guarded, registry))) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/metrics").status_code == 200
        assert client.get("/v1/models").status_code == 401


def test_without_keys_it_listens_on_this_machine_only(settings: Settings) -> None:
    with pytest.raises(ServeError, match=r"not on 0\.0\.0\.0"):
        run(settings, host="0.0.0.0", port=8108, workers=1)


def test_a_bucket_that_is_away_is_one_sentence_where_there_is_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    settings = Settings(home="s3://shop/argosy", cache=tmp_path)  # type: ignore[arg-type]
    with pytest.raises(BucketError, match=r"s3://shop/argosy cannot be used"):
        run(settings, host="127.0.0.1", port=free_port(), workers=1)


@pytest.mark.parametrize("known", [True, False])
def test_while_the_bucket_is_away_its_copy_is_served(
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    known: bool,
) -> None:
    settings = Settings(home=bucket, cache=tmp_path)  # type: ignore[arg-type]
    share_private(settings)
    if known:
        open_lake(settings).manifest()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(uvicorn.Server, "run", lambda server: setattr(server, "started", True))
    if known:
        run(settings, host="127.0.0.1", port=free_port(), workers=1)
        assert "is served meanwhile" in caplog.text
    else:
        with pytest.raises(BucketError):
            run(settings, host="127.0.0.1", port=free_port(), workers=1)


SERVE = """
import sys
from pathlib import Path
from data.settings import Settings
from features.store import Store
from serving.http.app import run

def page(address, lake, now, home):
    return f"PAGE {address} {lake.clock()} {home}"

if __name__ == "__main__":
    workers = int(sys.argv[2])
    run(
        Settings(),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        workers=workers,
        ready=page if workers == 1 else None,
    )
"""


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def get(url: str) -> bytes:
    until = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_real_server_starts_answers_logs_and_stops_clean(
    settings: Settings, registry: Registry, promoted: Promoted, tmp_path: Path, workers: int
) -> None:
    del registry
    port = free_port()
    (tmp_path / "serve.py").write_text(SERVE)
    environment = os.environ | {"ARGOSY_HOME": str(settings.home), "ARGOSY_AUTH": "false"}
    server = subprocess.Popen(
        [sys.executable, "serve.py", str(port), str(workers)],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert json.loads(get(f"http://127.0.0.1:{port}/healthz")) == {"status": "ok"}
        assert b"argosy_request_seconds_count" in get(f"http://127.0.0.1:{port}/metrics")
    finally:
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=60)
    assert "Traceback" not in err
    assert server.returncode in {0, -signal.SIGINT}
    if workers == 1:
        assert out.startswith(f"PAGE http://127.0.0.1:{port} None {settings.home}")
    else:
        lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
        answered = [line for line in lines if line["logger"] == "argosy.access"]
        assert {line["route"] for line in answered} >= {"/healthz", "/metrics"}
        assert all(line["status"] == 200 and line["request_id"] for line in answered)
