import logging
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import FastAPI, Query
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from data.errors import ArgosyError
from decisions.telemetry import Telemetry
from models.base import TooLittleDataError
from models.registry import RegistryError
from serving.http import errors
from serving.http.errors import FieldFault, Problem
from serving.http.request_guard import RequestGuard, RequestLimits


class Line(BaseModel):
    quantity: float = Field(gt=0)


class Order(BaseModel):
    order_id: str
    lines: list[Line]


class ShelfError(ArgosyError):
    """One of ours that the table does not name."""


RAISED = {
    "problem": Problem(409, "taken", "Taken already.", fields=[FieldFault("/id", "taken")]),
    "registry": RegistryError("the registry is away"),
    "model": TooLittleDataError("only 3 rows"),
    "ours": ShelfError("the shelf is away"),
    "defect": KeyError("ann@example.com"),
}


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    errors.install(app)
    app.add_middleware(RequestGuard, telemetry=Telemetry(), limits=RequestLimits(body=1000))

    @app.post("/orders")
    async def order(body: Order, dry: Annotated[bool, Query()] = False) -> Order:
        return body

    @app.get("/raise/{name}")
    async def raising(name: str) -> None:
        raise RAISED[name]

    with TestClient(app) as client:
        yield client


ORDER = {"order_id": "o1", "lines": [{"quantity": 2}]}


def test_a_good_request_passes(client: TestClient) -> None:
    answer = client.post("/orders", json=ORDER, headers={"X-Request-Id": "mine-1"})
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] == "mine-1"


def test_every_faulty_field_is_listed(client: TestClient) -> None:
    answer = client.post(
        "/orders?dry=perhaps", json={"lines": [{"quantity": 2}, {"quantity": -1}, {}]}
    )
    problem = answer.json()
    assert answer.status_code == problem["status"] == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "invalid_request"
    assert problem["type"] == "urn:argosy:problem:invalid_request"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert [(fault["in"], fault["pointer"]) for fault in problem["errors"]] == [
        ("query", "/dry"),
        ("body", "/order_id"),
        ("body", "/lines/1/quantity"),
        ("body", "/lines/2/quantity"),
    ]
    assert problem["errors"][2]["message"] == "Input should be greater than 0"


def test_values_are_not_repeated(client: TestClient) -> None:
    answer = client.post("/orders", json={"order_id": 4111111111111111, "lines": []})
    assert answer.status_code == 422
    assert "4111" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "code", "detail"),
    [
        ("/raise/problem", 409, "taken", "Taken already."),
        ("/raise/registry", 503, "registry_unavailable", "the registry is away"),
        ("/raise/model", 503, "model_unavailable", "only 3 rows"),
        ("/raise/ours", 503, "unavailable", "the shelf is away"),
        ("/nowhere", 404, "not_found", "Not Found"),
        ("/orders", 405, "method_not_allowed", "Method Not Allowed"),
    ],
)
def test_each_error_has_its_status_and_code(
    client: TestClient, path: str, status: int, code: str, detail: str
) -> None:
    answer = client.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert (problem["code"], problem["detail"]) == (code, detail)
    if status == 405:
        assert answer.headers["allow"] == "POST"
    if code == "taken":
        assert problem["errors"] == [{"in": "body", "pointer": "/id", "message": "taken"}]


def test_a_defect_is_told_and_logged_without_the_values(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="argosy"):
        answer = client.get("/raise/defect")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    (defect,) = [record for record in caplog.records if record.name == "argosy.defects"]
    assert defect.fields["error"] == "KeyError"
    assert defect.fields["request_id"] == answer.headers["x-request-id"]
    assert any("raising" in frame for frame in defect.fields["frames"])
    assert "ann@example.com" not in answer.text + str([vars(each) for each in caplog.records])


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"order_id": ', {}, 400, "malformed_json"),
        (b"[" * 900, {}, 400, "malformed_json"),
        (b"\xff\xfe", {}, 400, "malformed_json"),
        (b"order_id=1", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b"{}", {"Content-Type": ""}, 415, "unsupported_media_type"),
        (b" " * 1001, {}, 413, "body_too_large"),
        (b"", {}, 422, "invalid_request"),
        (b"null", {}, 422, "invalid_request"),
        (b"{}", {"Content-Type": "application/vnd.shop+json; charset=utf-8"}, 422, ""),
    ],
)
def test_bodies_that_cannot_be_read(
    client: TestClient, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.post(
        "/orders", content=body, headers={"Content-Type": "application/json"} | headers
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert code in {"", answer.json()["code"]}


def test_a_stream_without_length_is_cut_at_the_limit(client: TestClient) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 100

    answer = client.post("/orders", content=endless(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith("The body is larger than 1,000 bytes")


def test_a_request_id_that_is_no_id_is_replaced(client: TestClient) -> None:
    for given in ("x" * 129, "a b", "ann@example.com", "é"):
        headers = {b"X-Request-Id": given.encode()}
        made = client.get("/nowhere", headers=headers).headers["x-request-id"]
        assert len(made) == 32
