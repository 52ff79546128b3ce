"""`Idempotency-Key`: a POST sent twice has its effect once, and the first answer again."""

import hashlib
import threading
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from decisions.runtime import Runtime
from serving.http.errors import Problem

LONGEST_KEY = 255


async def _header(
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=LONGEST_KEY,
            description="Any text of your own, such as a UUID. The same key with the same body "
            "answers as the first time, whatever happened on the way.",
        ),
    ] = None,
) -> str | None:
    return idempotency_key


# Put into a route's `dependencies`: the header is documented and checked.
IDEMPOTENT = Depends(_header)


class InFlight:
    """The keys being worked on in this process."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def enter(self, scope: str, key: str) -> bool:
        """True if no other request holds the key; it is held from now on.

        scope: caller and route that the key belongs to.
        """
        with self._lock:
            if (scope, key) in self._keys:
                return False
            self._keys.add((scope, key))
            return True

    def leave(self, scope: str, key: str) -> None:
        """Release the key, whether the work succeeded or not.

        scope: caller and route that the key belongs to.
        """
        with self._lock:
            self._keys.discard((scope, key))


def once(
    runtime: Runtime,
    request: Request,
    body: BaseModel,
    work: Callable[[], BaseModel],
    *,
    status: int = 200,
) -> Response:
    """The answer of `work` as JSON; with an Idempotency-Key, remembered and given again.

    It waits for the database: call it in a `def` route, or in a thread. What `work` raises is not
    remembered: the caller may try again with the same key. A key belongs to the caller and the
    route; Problem 422 when it comes again with another body, 409 while the first is under way.

    runtime: the stores and releases in use; request: the HTTP request; status: the HTTP status.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return json_answer(work(), status)
    scope = _scope(request)
    digest = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    if not request.app.state.in_flight.enter(scope, key):
        raise Problem(
            409,
            "idempotency_in_progress",
            "The first request with this Idempotency-Key is still under way; ask again shortly.",
            headers={"Retry-After": "1"},
        )
    try:
        if (again := _again(runtime, scope, key, digest)) is not None:
            return again
        runtime.records.remember(scope, key, digest, status, work().model_dump_json())
        # Another process may have been first: what is remembered is what all answer.
        answer = _again(runtime, scope, key, digest)
        assert answer is not None, "an answer just remembered is there"
        del answer.headers["Idempotency-Replayed"]
        return answer
    finally:
        request.app.state.in_flight.leave(scope, key)


def is_keyed(request: Request) -> bool:
    """Whether the request has an Idempotency-Key: without one `once` is only `json_answer`.

    RequestValidationError for one that `IDEMPOTENT` would refuse.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        told = f"should have 1 to {LONGEST_KEY} characters"
        place = ("header", "idempotency-key")
        raise RequestValidationError([{"loc": place, "msg": told, "type": "value_error"}])
    return key is not None


def json_answer(body: BaseModel, status: int = 200) -> Response:
    """The body as JSON.

    status: the HTTP status.
    """
    return _json(body.model_dump_json(), status)


def _again(runtime: Runtime, scope: str, key: str, digest: str) -> Response | None:
    kept = runtime.records.remembered(scope, key)
    if kept is None:
        return None
    if kept.body_hash != digest:
        raise Problem(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key came before with another body; take a new key for a new request.",
        )
    return _json(kept.answer, kept.status, {"Idempotency-Replayed": "true"})


def _scope(request: Request) -> str:
    """Whose key it is: the caller's name and the path."""
    caller = getattr(request.state, "caller", None)
    return f"{caller.name if caller else ''} {request.method} {request.url.path}"


def _json(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers=headers, media_type="application/json")
