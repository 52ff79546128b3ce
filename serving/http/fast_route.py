"""The short way to the routes that are asked most: their function sees to all of a request."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.errors import answer, problem_of


class FastRoute(APIRoute):
    """A route of a fixed path whose function is given the request alone, and answers it whole.

    Its dependencies and its response model are its description only: the function itself asks for
    the key (`auth.admitted`) and reads the body. Resolving them anew for each request took longer
    than all else that HTTP takes.
    """

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The function itself."""
        return self.endpoint


class FastRoutes:
    """Finds a `FastRoute` route by method and path, once it was found by the search through all."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._known: dict[tuple[str, str], FastRoute] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = (scope["method"], scope["path"])
        route = self._known.get(asked)
        if route is not None:
            scope["route"] = route
            response = await _answered(route.endpoint, Request(scope, receive))
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)
        found = scope.get("route")
        if isinstance(found, FastRoute) and asked == (*(found.methods or ()), found.path):
            self._known[asked] = found


async def _answered(
    function: Callable[[Request], Awaitable[Response]], request: Request
) -> Response:
    try:
        return await function(request)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        return answer(problem, str(request.scope.get("request_id", "")))
