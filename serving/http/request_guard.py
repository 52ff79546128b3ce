"""What every request passes first and last: its key, its size, its type, its time, our defects."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from decisions.ids import fresh_id
from decisions.logs import log_defect
from decisions.telemetry import Telemetry
from serving.http.errors import Problem, answer, internal
from serving.http.request_text import refuse_control_characters, refuse_unkept_text
from serving.http.route_templates import route_template

# Asked by those who watch the server, most of all when it is busy.
_ALWAYS = {"/healthz", "/readyz", "/metrics"}
_ACCESS = logging.getLogger("argosy.access")
_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True)
class RequestLimits:
    """What a worker takes on: requests at a time, seconds each, bytes of a body.

    body_seconds: how long a body may take to arrive. waiting: bodies awaited at a time; they do not
    count as requests, so that slow senders keep nobody out.
    """

    requests: int = 100
    seconds: float = 10.0
    body: int = 1_000_000
    body_seconds: float = 5.0
    waiting: int = 1000


class RequestGuard:
    """The outermost ASGI layer. Logs name routes, never paths or bodies: ids are personal.

    limits: what a worker takes on; further requests are answered 503 at once, and so is one that
    takes too long, while its work comes to its end unseen. larger: path -> limits of body and time
    of its own. admit: raises Problem for a request to
    the API without a good key; asked before its body is read.
    """

    def __init__(
        self,
        app: ASGIApp,
        telemetry: Telemetry,
        limits: RequestLimits = RequestLimits(),
        admit: Callable[[Scope], Awaitable[None]] | None = None,
        larger: Mapping[str, RequestLimits] = MappingProxyType({}),
    ) -> None:
        self.app = app
        self.telemetry = telemetry
        self.limits = limits
        self.larger = larger
        self.admit = admit
        self._waiting = 0
        self._under_way = 0
        self._telling: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        if self.telemetry.tracer is None:
            await self._answer(scope, headers, receive, send)
            return
        with self.telemetry.tracer.request(scope["method"], headers) as span:
            status = await self._answer(scope, headers, receive, send)
            span.update_name(f"{scope['method']} {route_template(scope)}")
            span.set_attribute("http.route", route_template(scope))
            span.set_attribute("http.response.status_code", status)
            span.set_attribute("argosy.request_id", scope["request_id"])

    async def _answer(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, send: Send
    ) -> int:
        """Answer one request, outside any span; the status that was answered."""
        started = time.perf_counter()
        request_id = scope["request_id"] = _request_id(headers)
        reply = _Reply(send, request_id)
        try:
            refuse_control_characters(scope)
            body = await self._admitted_body(scope, headers, receive)
            await self._work(scope, body, reply)
        except Problem as problem:
            await answer(problem, request_id)(scope, receive, reply)
        except Exception as error:  # a defect of ours: logged here, told as 500
            log_defect(error, request_id)
            if not reply.status:
                await answer(internal(), request_id)(scope, receive, reply)
        finally:
            self._count(scope, reply.status, time.perf_counter() - started)
        return reply.status

    async def _work(self, scope: Scope, receive: Receive, reply: "_Reply") -> None:
        """Let the application answer, within its time, as one of those under way.

        It is no more under way once its answer begins: who reads slowly keeps nobody out.
        """
        self._under_way += 1
        self.telemetry.in_flight.set(self._under_way)
        counted = True

        def begun() -> None:
            nonlocal counted
            if counted:
                counted = False
                self._under_way -= 1
                self.telemetry.in_flight.set(self._under_way)

        reply.begun = begun
        expiry = asyncio.get_running_loop().call_later(
            self._limits(scope).seconds, self._expire, scope, receive, reply
        )
        try:
            if self._under_way > self.limits.requests and scope["path"] not in _ALWAYS:
                raise self._refused("overloaded", "More requests than this server can take on.")
            await self.app(scope, receive, reply)
        finally:
            expiry.cancel()
            begun()

    async def _admitted_body(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive
    ) -> Receive:
        """The whole body of a request that may be asked at all."""
        if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            return receive
        if self._waiting >= self.limits.waiting:
            raise self._refused("overloaded", "More requests than this server can take on.")
        self._waiting += 1
        try:
            if self.admit is not None and scope["path"].startswith("/v1/"):
                await self.admit(scope)
            limits = self._limits(scope)
            return await asyncio.wait_for(
                self._body(headers, receive, limits.body), limits.body_seconds
            )
        except TimeoutError:
            seconds = self._limits(scope).body_seconds
            told = f"The body did not arrive within {seconds:g} s; send it again."
            raise Problem(408, "body_too_slow", told, headers={"Connection": "close"}) from None
        finally:
            self._waiting -= 1

    def _expire(self, scope: Scope, receive: Receive, reply: "_Reply") -> None:
        """The time is spent: unless an answer has begun it is 503, and what comes later is lost.

        The work itself comes to its end, a thread cannot be stopped; it counts as under way.
        """
        if reply.status:
            return
        problem = self._refused("too_slow", "The time for this request is spent.")
        told = answer(problem, reply.request_id)(scope, receive, reply.instead(problem.status))
        telling = asyncio.ensure_future(told)
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    def _refused(self, reason: str, told: str) -> Problem:
        self.telemetry.refused.labels(reason).inc()
        return Problem(503, reason, f"{told} Ask again shortly.", headers={"Retry-After": "1"})

    def _limits(self, scope: Scope) -> RequestLimits:
        return self.larger.get(scope["path"], self.limits)

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive, most: int) -> Receive:
        """The body, read whole; Problem when it is too large or no JSON. most: bytes."""
        if int(headers.get(b"content-length", b"0")) > most:
            raise _too_large(most)
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > most:
                raise _too_large(most)
        if body:
            _must_be_json(headers.get(b"content-type", b"").decode("latin-1"))
            refuse_unkept_text(bytes(body))
        return _replay(bytes(body), receive)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_template(scope)
        self.telemetry.answered(scope["method"], route, status, seconds)
        if _ACCESS.isEnabledFor(logging.INFO):
            fields = {
                "request_id": scope["request_id"],
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
            }
            _ACCESS.info("answered", extra={"fields": fields})


class _Reply:
    """What sends: it adds the request's id, and knows whether an answer has begun."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send: Send | None = send
        self.request_id = request_id
        self.status = 0
        self.begun: Callable[[], None] = lambda: None

    async def __call__(self, message: Message) -> None:
        if self._send is None:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            name = (b"x-request-id", self.request_id.encode())
            added = [name]
            if all(given.lower() != b"cache-control" for given, _ in message["headers"]):
                added.append((b"cache-control", b"no-store"))
            message["headers"] = [*message["headers"], *added]
            self.begun()
        await self._send(message)

    def instead(self, status: int) -> "_Reply":
        """Another one to answer by; what is sent by this one goes nowhere from now on."""
        assert self._send is not None, "answered instead only once"
        other = _Reply(self._send, self.request_id)
        self._send, self.status = None, status
        return other


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _ID.fullmatch(given) else fresh_id()


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"The body is larger than {most:,} bytes; send it in parts.",
        headers={"Connection": "close"},
    )


def _must_be_json(content_type: str) -> None:
    kind = content_type.split(";")[0].strip().lower()
    if kind != "application/json" and not re.fullmatch(r"application/[\w.-]+\+json", kind):
        raise Problem(
            415,
            "unsupported_media_type",
            f"Content-Type {kind or '(none)'!r}: send application/json.",
            headers={"Accept": "application/json"},
        )


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once, then whatever comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
