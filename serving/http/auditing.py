"""Every change asked for over HTTP stands in the audit log before it is answered."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.errors import ArgosyError
from decisions.privacy import keyed
from decisions.runtime import Runtime
from serving.http.callers import ANYONE, Caller
from serving.http.errors import answer, internal, problem_of
from serving.http.route_templates import route_template

# Many a second, each kept for itself with who asked: they change nothing that people decide.
KEPT_THEMSELVES = {
    "/v1/events",
    "/v1/fraud/decisions",
    "/v1/fraud/labels",
    "/v1/fraud/outcomes",
    "/v1/fraud/orders",
    "/v1/fraud/returns",
    "/v1/identities",
}
# Questions that are asked by POST.
QUESTIONS = {
    "/v1/recommendations",
    "/v1/recommendations:explain",
    "/v1/recommendations:page",
    "/v1/rerank",
    "/v1/forecasts/what-if",
    "/v1/fraud/rules/dry-run",
    "/v1/replenishment/plan",
    "/v1/replenishment/plan:compare",
}
_LEFT_OUT = KEPT_THEMSELVES | QUESTIONS


class AuditTrail:
    """Notes who did what as the answer begins: what cannot be noted is answered 503, and done again
    with its Idempotency-Key it has its one effect and is noted then.

    runtime: whose records hold the log.
    """

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self.app = app
        self.runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self.app(scope, receive, send)
            return

        refused = False

        async def noted(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] < 300:
                try:
                    await self._note(scope, dict(message["headers"]))
                except ArgosyError as error:
                    refused = True
                    problem = problem_of(error) or internal()
                    await answer(problem, str(scope.get("request_id", "")))(scope, receive, send)
            if not refused:
                await send(message)

        await self.app(scope, receive, noted)

    async def _note(self, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        route = route_template(scope)
        if not scope["path"].startswith("/v1/") or route in _LEFT_OUT:
            return
        caller: Caller = scope.get("state", {}).get("caller", ANYONE)
        target = self._target(scope.get("path_params", {}))
        if b"idempotency-replayed" in headers:
            target["replayed"] = "true"
        action = f"{scope['method']} {route}"
        owner = caller.owner or caller.name
        await run_in_threadpool(self.runtime.records.audit.add, caller.name, owner, action, target)

    def _target(self, parameters: Mapping[str, object]) -> dict[str, str]:
        """What it was done to; a person by a keyed hash, so that erasure need not touch the log."""
        return {
            name: keyed(self.runtime.settings.home)(str(value))
            if name in {"customer_id", "visitor_id"}
            else str(value)
            for name, value in parameters.items()
        }
