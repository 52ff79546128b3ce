"""`Idempotency-Key`: a POST sent twice has its effect once, and the first answer again."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from data.decisions import Remembered
from data.records import DatabaseError
from data.records.records import UNDER_WAY
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


def once(
    runtime: Runtime,
    request: Request,
    body: BaseModel,
    work: Callable[[], BaseModel],
    *,
    status: int = 200,
) -> Response:
    """The answer of `work` as JSON; with an Idempotency-Key, one effect however often it is sent.

    runtime: the stores; request: whose headers hold the key; body: what was asked, for telling
    another request with the same key apart; work: does it, in one transaction of its own; status:
    the HTTP status of the answer. It waits for the database: call it in a `def` route, or in a
    thread.

    Of the key only a hash is kept. It is reserved in the database before the work, so that of all
    workers one does it. What `work` raises is not remembered: the caller may try again with the
    same key. A key belongs to the caller and the route; Problem 422 when it comes again with
    another body, 409 while the first is under way. Of a worker that died at its work the key is
    free again after `2 x request_seconds`.
    """
    given = request.headers.get("idempotency-key")
    if given is None:
        return json_answer(work(), status)
    key = hashlib.sha256(given.encode()).hexdigest()  # callers may have put a person's id into it
    scope = _scope(request)
    digest = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    stale = timedelta(seconds=2 * runtime.settings.request_seconds)
    abandoned: set[tuple[str, str]] = request.app.state.abandoned_keys
    try:
        kept = runtime.records.reserve(scope, key, digest, stale=stale)
        mine = kept is not None and kept.status == UNDER_WAY and (scope, key) in abandoned
        if kept is not None and not (mine and kept.body_hash == digest):
            return _again(kept, digest)
        abandoned.discard((scope, key))
        made = _worked(runtime, scope, key, work)
        runtime.records.remember(scope, key, digest, status, made)
    except DatabaseError:  # away: the next try here knows that nobody is at it
        abandoned.add((scope, key))
        raise
    return _json(made, status)


def _worked(runtime: Runtime, scope: str, key: str, work: Callable[[], BaseModel]) -> str:
    """The answer as JSON; the key is given back where the work fails."""
    try:
        return work().model_dump_json()
    except BaseException:
        runtime.records.release(scope, key)
        raise


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


def _again(kept: Remembered, digest: str) -> Response:
    """The answer that is kept; Problem where it is another request's, or not there yet."""
    if kept.body_hash != digest:
        raise Problem(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key came before with another body; take a new key for a new request.",
        )
    if kept.status == UNDER_WAY:
        raise Problem(
            409,
            "idempotency_in_progress",
            "The first request with this Idempotency-Key is still under way; ask again shortly.",
            headers={"Retry-After": "1"},
        )
    return _json(kept.answer, kept.status, {"Idempotency-Replayed": "true"})


def _scope(request: Request) -> str:
    """Whose key it is: the caller's name and the path."""
    caller = getattr(request.state, "caller", None)
    return f"{caller.name if caller else ''} {request.method} {request.url.path}"


def _json(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers=headers, media_type="application/json")
