import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import Depends, FastAPI, Request, Response
from fastapi.testclient import TestClient
from pydantic import BaseModel

from data.records import Records
from data.records.records import UNDER_WAY
from data.settings import Settings
from decisions.telemetry import Telemetry
from serving.http import errors
from serving.http.auth import KeyRing, create_key, scoped
from serving.http.errors import Problem
from serving.http.idempotency import IDEMPOTENT, once
from serving.http.request_guard import RequestGuard


class Order(BaseModel):
    quantity: int
    note: str = ""


class Receipt(BaseModel):
    number: int


class Shop:
    """Counts what it has done; can be made to wait or to fail."""

    def __init__(self) -> None:
        self.done = 0
        self.failing = False
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def work(self) -> Receipt:
        self.entered.set()
        assert self.open.wait(10)
        if self.failing:
            raise Problem(503, "busy", "Later.")
        self.done += 1
        return Receipt(number=self.done)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    records = Records(f"sqlite:///{tmp_path}/argosy.db")
    records.migrate()
    yield records
    records.close()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def client(records: Records, shop: Shop) -> Iterator[TestClient]:
    with TestClient(app(records, shop)) as client:
        yield client


def app(records: Records, shop: Shop, *, auth: bool = False) -> FastAPI:
    app = FastAPI()
    errors.install(app)
    app.add_middleware(RequestGuard, telemetry=Telemetry())
    runtime = SimpleNamespace(
        settings=Settings(auth=auth),
        records=records,
    )
    app.state.runtime = runtime
    app.state.key_ring = KeyRing(records.keys)
    app.state.abandoned_keys = set()

    @app.post("/orders", dependencies=[IDEMPOTENT, Depends(scoped())], status_code=201)
    def order(body: Order, request: Request) -> Response:
        return once(runtime, request, body, shop.work, status=201)

    @app.post("/returns", dependencies=[IDEMPOTENT])
    def give_back(body: Order, request: Request) -> Response:
        return once(runtime, request, body, shop.work)

    return app


def post(client: TestClient, key: str | None, body: object = None, path: str = "/orders"):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(path, json=body or {"quantity": 1}, headers=headers)


def test_without_a_key_each_request_counts(client: TestClient, shop: Shop) -> None:
    assert [post(client, None).json()["number"] for _ in range(2)] == [1, 2]


def test_the_same_key_and_body_answer_as_the_first_time(client: TestClient, shop: Shop) -> None:
    first, again = post(client, "k1"), post(client, "k1")
    assert (first.status_code, first.json()) == (201, {"number": 1})
    assert (again.status_code, again.content) == (201, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert shop.done == 1


def test_spelling_of_the_same_body_does_not_matter(client: TestClient, shop: Shop) -> None:
    post(client, "k1", {"quantity": 1})
    again = post(client, "k1", {"note": "", "quantity": 1.0})
    assert again.json() == {"number": 1}
    assert shop.done == 1


def test_the_same_key_with_another_body_is_refused(client: TestClient, shop: Shop) -> None:
    post(client, "k1", {"quantity": 1})
    other = post(client, "k1", {"quantity": 2})
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert shop.done == 1


def test_a_failure_may_be_tried_again_with_the_same_key(client: TestClient, shop: Shop) -> None:
    shop.failing = True
    assert post(client, "k1").status_code == 503
    shop.failing = False
    assert post(client, "k1").json() == {"number": 1}


def test_a_key_belongs_to_its_route(client: TestClient, shop: Shop) -> None:
    post(client, "k1")
    assert post(client, "k1", path="/returns").json() == {"number": 2}


def test_a_key_belongs_to_its_caller(records: Records, shop: Shop) -> None:
    with TestClient(app(records, shop, auth=True)) as client:
        for number, name in enumerate(("ann", "bob"), start=1):
            headers = {"X-API-Key": create_key(records, name, ["plan"]), "Idempotency-Key": "k1"}
            answer = client.post("/orders", json={"quantity": 1}, headers=headers)
            assert answer.json() == {"number": number}
            records_wait_for_new_keys(client)


def records_wait_for_new_keys(client: TestClient) -> None:
    client.app.state.key_ring = KeyRing(client.app.state.runtime.records.keys)  # type: ignore[attr-defined]


def test_it_survives_a_restart(records: Records, shop: Shop) -> None:
    for _ in range(2):
        with TestClient(app(records, shop)) as client:
            assert post(client, "k1").json() == {"number": 1}
    assert shop.done == 1


def test_the_same_key_at_the_same_time_is_told_to_wait(client: TestClient, shop: Shop) -> None:
    shop.open.clear()
    answers: list[int] = []
    first = threading.Thread(target=lambda: answers.append(post(client, "k1").status_code))
    first.start()
    assert shop.entered.wait(10)
    second = post(client, "k1")
    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    assert second.json()["code"] == "idempotency_in_progress"
    shop.open.set()
    first.join(10)
    assert answers == [201]
    assert post(client, "k1").json() == {"number": 1}
    assert shop.done == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_no_key_is_refused(client: TestClient, shop: Shop, key: str) -> None:
    answer = post(client, key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/idempotency-key"
    assert shop.done == 0


def test_of_two_workers_one_does_the_work(records: Records) -> None:
    """Two reservations of one key at once: one of them works, the other is told to wait."""
    stale = timedelta(seconds=20)
    assert records.reserve("ann POST /x", "k", "body", stale=stale) is None
    kept = records.reserve("ann POST /x", "k", "body", stale=stale)
    assert kept is not None
    assert kept.status == UNDER_WAY
    records.remember("ann POST /x", "k", "body", 201, "{}")
    kept = records.reserve("ann POST /x", "k", "body", stale=stale)
    assert kept is not None
    assert (kept.status, kept.answer) == (201, "{}")


def test_a_key_whose_work_failed_or_whose_worker_died_is_free_again(records: Records) -> None:
    assert records.reserve("s", "failed", "b", stale=timedelta(hours=1)) is None
    records.release("s", "failed")
    assert records.reserve("s", "failed", "b", stale=timedelta(hours=1)) is None
    assert records.reserve("s", "failed", "b", stale=timedelta(0)) is None
