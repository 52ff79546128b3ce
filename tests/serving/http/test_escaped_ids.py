"""Any id can stand in a path, whatever it is made of."""

from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from serving.http.escaped_ids import EscapedSlashes, read_escaped_slashes


@pytest.fixture(scope="module")
def client() -> TestClient:
    read_escaped_slashes()
    app = FastAPI()
    app.add_middleware(EscapedSlashes)

    @app.get("/things/{thing_id}")
    def get(thing_id: str) -> str:
        return thing_id

    @app.get("/things/{thing_id}/similar")
    def similar(thing_id: str) -> list[str]:
        return [thing_id]

    @app.get("/any/{rest:path}")
    def rest(rest: str) -> str:
        return rest

    return TestClient(app)


@pytest.mark.parametrize(
    "thing", ["a/b", "/a", "a/", "%2F", "a%2Fb", "two words", "ключ", "NaN", "?x=1&y", "#1", "..a"]
)
def test_an_id_comes_out_as_it_went_in(client: TestClient, thing: str) -> None:
    assert client.get(f"/things/{quote(thing, safe='')}").json() == thing
    assert client.get(f"/things/{quote(thing, safe='')}/similar").json() == [thing]
    assert client.get(f"/any/{quote(thing, safe='')}?limit=1").json() == thing


def test_a_plain_slash_still_parts_the_address(client: TestClient) -> None:
    assert client.get("/things/a/b").status_code == 404
    assert client.get("/any/a/b").json() == "a/b"
