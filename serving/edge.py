"""What every request passes first and last: its id, its size, its type, its time, our defects."""

import logging
import re
import time
import traceback
import uuid
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import Problem, answer, internal
from serving.telemetry import Telemetry

LARGEST_BODY = 1_000_000  # bytes

_ACCESS = logging.getLogger("argosy.access")
_DEFECTS = logging.getLogger("argosy.defects")
_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


class Edge:
    """The outermost ASGI layer. Logs name routes, never paths or bodies: ids are personal."""

    def __init__(
        self, app: ASGIApp, telemetry: Telemetry, largest_body: int = LARGEST_BODY
    ) -> None:
        self.app = app
        self.telemetry = telemetry
        self.largest_body = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id(headers)
        scope["request_id"] = request_id
        status = 0

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            body = await self._body(scope["method"], headers, receive)
            await self.app(scope, body, reply)
        except Problem as problem:
            await answer(problem, request_id)(scope, receive, reply)
        except Exception as error:  # a defect of ours: logged here, told as 500
            _log_defect(error, request_id)
            if not status:
                await answer(internal(), request_id)(scope, receive, reply)
        finally:
            self._count(scope, status, time.perf_counter() - started)

    async def _body(self, method: str, headers: Mapping[bytes, bytes], receive: Receive) -> Receive:
        """The same body, read whole; Problem when it is too large or no JSON."""
        if method in {"GET", "HEAD", "OPTIONS"}:
            return receive
        if int(headers.get(b"content-length", b"0")) > self.largest_body:
            raise self._too_large()
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.largest_body:
                raise self._too_large()
        if body:
            _must_be_json(headers.get(b"content-type", b"").decode("latin-1"))
        return _replay(bytes(body), receive)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "body_too_large",
            f"The body is larger than {self.largest_body:,} bytes; send it in parts.",
            headers={"Connection": "close"},
        )

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "none")
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


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _ID.fullmatch(given) else uuid.uuid4().hex


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


def _log_defect(error: Exception, request_id: str) -> None:
    """Where it broke, without the message: messages quote values, and values may be personal."""
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    fields = {"request_id": request_id, "error": type(error).__qualname__, "frames": frames}
    _DEFECTS.error("a defect", extra={"fields": fields})
