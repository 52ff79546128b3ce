"""A direct route answers the same the long way round and the short one."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.testclient import TestClient

from decisions.telemetry import Telemetry
from serving.http import errors
from serving.http.errors import Problem
from serving.http.fast_route import FastRoute, FastRoutes
from serving.http.request_guard import RequestGuard


def app_with(asked: list[str]) -> FastAPI:
    async def direct(request: Request) -> Response:
        asked.append(request.scope["route"].path_format)
        body = await request.json()
        if body == "a defect":
            raise RuntimeError(body)
        if body:
            raise Problem(409, "taken", "It is taken.")
        return Response(request.query_params.get("word", ""))

    app = FastAPI()
    errors.install(app)
    routes = APIRouter(prefix="/v1")
    routes.add_api_route("/direct", direct, methods=["POST"], route_class_override=FastRoute)
    routes.add_api_route("/{name}", direct, methods=["POST"], route_class_override=FastRoute)
    app.include_router(routes)
    app.add_middleware(FastRoutes)
    app.add_middleware(RequestGuard, telemetry=Telemetry())
    return app


def told(client: TestClient, path: str, body: Any) -> tuple[int, str, str]:
    answer = client.post(path, json=body, headers={"X-Request-Id": "r1"})
    return answer.status_code, answer.text, answer.headers["x-request-id"]


def test_both_ways_answer_alike_and_count_as_the_same_route() -> None:
    asked: list[str] = []
    app = app_with(asked)
    with TestClient(app, raise_server_exceptions=False) as client:
        first = [told(client, "/v1/direct?word=hi", body) for body in ("", "x", "a defect")]
        again = [told(client, "/v1/direct?word=hi", body) for body in ("", "x", "a defect")]
        assert first == again
        assert [status for status, *_ in first] == [200, 409, 500]
        assert set(asked) == {"/v1/direct"}
        assert client.get("/v1/direct").status_code == 405
        for _ in range(2):
            assert told(client, "/v1/other?word=ho", "") == (200, "ho", "r1")
        assert asked[-1] == "/v1/{name}"
