"""A body that a route reads itself is refused as any other: where it breaks, and every fault."""

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel

from serving.http import errors
from serving.http.bodies import loaded, schema, valid


class Pair(BaseModel):
    left: int
    right: int


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    errors.install(app)

    @app.post("/sum", openapi_extra=schema(Pair))
    async def added(request: Request) -> int:
        pair = valid(Pair, await loaded(request))
        return pair.left + pair.right

    @app.post("/framework")
    def framework(pair: Pair) -> int:
        return pair.left + pair.right

    return TestClient(app)


def test_a_good_body_is_a_model(client: TestClient) -> None:
    assert client.post("/sum", json={"left": 1, "right": 2}).json() == 3


def test_what_is_no_json_is_told_with_its_place(client: TestClient) -> None:
    reply = client.post("/sum", content=b'{"left": 1,, "right": 2}')
    assert reply.status_code == 400
    assert reply.json()["code"] == "malformed_json"
    assert "(byte 11)" in reply.json()["detail"]


def test_every_fault_is_told_at_once_as_the_framework_tells_it(client: TestClient) -> None:
    told = [client.post(path, json={"left": "x"}).json() for path in ("/sum", "/framework")]
    assert [fault["pointer"] for fault in told[0]["errors"]] == ["/left", "/right"]
    assert told[0] | {"request_id": ""} == told[1] | {"request_id": ""}


def test_the_body_is_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]["/sum"]["post"]["requestBody"]
    assert set(described["content"]["application/json"]["schema"]["properties"]) == {
        "left",
        "right",
    }
