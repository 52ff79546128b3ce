"""Back-pressure and the time budget: 503 at once, and the work comes to its end unseen."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from decisions.telemetry import Telemetry
from serving.http import errors
from serving.http.request_guard import RequestGuard, RequestLimits


class Place:
    """A server that takes two requests at a time, half a second each, and one slow route."""

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        self.go_on = threading.Event()
        self.entered = threading.Semaphore(0)
        self.ended = threading.Event()
        app = FastAPI()
        errors.install(app)
        app.add_middleware(
            RequestGuard, telemetry=self.telemetry, limits=RequestLimits(requests=2, seconds=0.5)
        )

        @app.get("/slow")
        def slow() -> str:
            self.entered.release()
            self.go_on.wait(10)
            self.ended.set()
            return "done"

        @app.get("/healthz")
        async def healthz() -> str:
            return "ok"

        self.app = app

    def count(self, reason: str) -> float | None:
        return self.telemetry.registry.get_sample_value("argosy_refused_total", {"reason": reason})


@pytest.fixture
def place() -> Iterator[Place]:
    """Behind a real socket: a test client would wait for the end of the work."""
    made = Place()
    server = uvicorn.Server(uvicorn.Config(made.app, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    (port,) = (socket.getsockname()[1] for each in server.servers for socket in each.sockets)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as made.client:
        yield made
    made.go_on.set()
    server.should_exit = True
    thread.join(10)


def test_more_than_it_can_take_on_is_refused_at_once_but_health_is_not(place: Place) -> None:
    with ThreadPoolExecutor(2) as pool:
        first = [pool.submit(place.client.get, "/slow") for _ in range(2)]
        for _ in first:
            assert place.entered.acquire(timeout=10)
        refused = place.client.get("/slow")
        assert place.client.get("/healthz").status_code == 200
        place.go_on.set()
        assert {answer.result().status_code for answer in first} == {200}
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["code"] == "overloaded"
    assert place.count("overloaded") == 1
    assert place.client.get("/slow").status_code == 200


def test_too_slow_is_answered_in_time_and_the_work_ends(place: Place) -> None:
    started = time.monotonic()
    answer = place.client.get("/slow")
    assert 0.4 < time.monotonic() - started < 5
    assert answer.status_code == 503
    assert answer.json()["code"] == "too_slow"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert place.count("too_slow") == 1
    place.go_on.set()
    assert place.ended.wait(10)
    assert place.client.get("/slow").text == '"done"'
