"""The operation a request was for has one name, wherever its router is."""

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient

from serving.http.escaped_ids import EscapedSlashes, read_escaped_slashes
from serving.http.route_templates import route_template


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/v1/plain", "/v1/plain"),
        ("/v1/plans/lines/W~p~S:approve", "/v1/plans/lines/{line:path}:approve"),
        ("/v1/plans/lines/W~a%2Fb~S:approve", "/v1/plans/lines/{line:path}:approve"),
        ("/v1/plans/export", "/v1/plans/export"),
    ],
)
def test_the_template_is_that_of_the_description(path: str, template: str) -> None:
    read_escaped_slashes()
    app, outer, inner = FastAPI(), APIRouter(prefix="/v1/plans"), APIRouter()

    async def told(request: Request) -> str:
        return route_template(request.scope)

    app.get("/v1/plain")(told)
    inner.get("/lines/{line:path}:approve")(told)
    inner.get("/export")(told)
    outer.include_router(inner)
    app.include_router(outer)
    client = TestClient(EscapedSlashes(app))
    assert client.get(path).json() == template.replace(":path", "")


def test_what_fits_no_operation_has_no_template() -> None:
    assert route_template({"type": "http", "path": "/v1/nothing"}) == "none"
