"""Who may ask what: API keys with scopes, kept as hashes only."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from fastapi import Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from features.contracts import ArgosyError
from features.records import ApiKey, Records
from serving.errors import Problem

Scope = Literal["events", "recommend", "plan", "approve", "decide", "admin"]
SCOPES: tuple[str, ...] = get_args(Scope)

_BEARER = HTTPBearer(auto_error=False, description="An API key made by `argosy keys add`.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key.")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="argosy"'}


class ApiKeyError(ArgosyError):
    """A key cannot be made as asked."""


@dataclass(frozen=True)
class Caller:
    """Who asks: the name of the key and its scopes."""

    name: str
    scopes: frozenset[str]


ANYONE = Caller("anyone", frozenset(SCOPES))


def digest(token: str) -> str:
    """What is stored of a key. A plain hash is enough: the key is 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def create_key(records: Records, name: str, scopes: Sequence[str]) -> str:
    """Make, store and return a new key; it is shown this once, only its hash is kept.

    Raises ApiKeyError for an empty name or scopes that do not exist.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        given = ", ".join(unknown) or "none given"
        raise ApiKeyError(f"scopes: {given}; say one or more of {', '.join(SCOPES)}")
    if not name.strip():
        raise ApiKeyError("name: empty; name the key for who holds it, such as storefront")
    token = f"argosy_{secrets.token_urlsafe(32)}"
    records.add_key(name.strip(), digest(token), sorted(set(scopes)))
    return token


class KeyRing:
    """The stored keys in memory.

    Read again after `seconds`, so that a dropped key soon stops working, and when an unknown key
    is shown (at most once a second), so that a new one works at once.
    """

    def __init__(self, read: Callable[[], Sequence[ApiKey]], *, seconds: float = 5.0) -> None:
        self._read = read
        self._seconds = seconds
        self._keys: Sequence[ApiKey] = ()
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    def known(self, token: str) -> Caller | None:
        """Whose key this is, without a look at the database; None when it takes one."""
        if time.monotonic() - self._read_at > self._seconds:
            return None
        return self._match(token)

    def find(self, token: str) -> Caller | None:
        """Whose key this is, after a look at the database where that helps."""
        with self._lock:
            if time.monotonic() - self._read_at > 1.0 or not self._keys:
                self._keys = tuple(self._read())
                self._read_at = time.monotonic()
        return self._match(token)

    def _match(self, token: str) -> Caller | None:
        shown = digest(token)
        found = None
        for key in self._keys:  # all of them: the time taken must not tell which one is near
            if hmac.compare_digest(key.digest, shown):
                found = Caller(key.name, frozenset(key.scopes))
        return found


def scoped(*scopes: Scope) -> Callable[..., Awaitable[Caller]]:
    """A FastAPI dependency: let in keys with one of the scopes (`admin` may do all).

    No scope: any key. Where keys are off (`ARGOSY_AUTH=false`), everyone is let in.
    """

    async def caller(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
        header: Annotated[str | None, Security(_HEADER)] = None,
    ) -> Caller:
        live = request.app.state.live
        if not live.settings.auth:
            return ANYONE
        token = bearer.credentials if bearer else header
        if not token:
            raise _unauthorized("No key. Send Authorization: Bearer KEY, or X-API-Key: KEY.")
        found: Caller | None = live.keys.known(token)
        if found is None:
            found = await run_in_threadpool(live.keys.find, token)
        if found is None:
            raise _unauthorized("Unknown key. Make one: argosy keys add NAME --scope SCOPE.")
        if scopes and found.scopes.isdisjoint((*scopes, "admin")):
            raise _forbidden(found, scopes)
        request.state.caller = found
        return found

    return caller


def _unauthorized(detail: str) -> Problem:
    return Problem(401, "unauthorized", detail, headers=_CHALLENGE)


def _forbidden(caller: Caller, scopes: Sequence[str]) -> Problem:
    wanted = " or ".join(scopes)
    held = ", ".join(sorted(caller.scopes)) or "none"
    return Problem(
        403,
        "forbidden",
        f"The key {caller.name!r} lacks the scope {wanted}; it has {held}.",
        headers={
            "WWW-Authenticate": f'Bearer realm="argosy", error="insufficient_scope", '
            f'scope="{" ".join(scopes)}"'
        },
    )
