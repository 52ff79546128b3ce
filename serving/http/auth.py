"""Who may ask what, and how often: API keys with scopes, kept as hashes only."""

import hashlib
import hmac
import math
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope as AsgiScope

from data.errors import ArgosyError
from data.records import ApiKey, DatabaseError, Records, RecordsError
from serving.http.callers import ANYONE, SCOPES, Caller, Scope
from serving.http.errors import Problem

if TYPE_CHECKING:
    from serving.http.oidc import SignedInPeople

_BEARER = HTTPBearer(
    auto_error=False,
    description="An API key made by `argosy keys add`, or a token of the OpenID Connect provider "
    "that `ARGOSY_OIDC_ISSUER` names.",
)
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key.")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="argosy"'}


class ApiKeyError(ArgosyError):
    """A key cannot be made as asked."""


def digest(token: str) -> str:
    """What is stored of a key. A plain hash is enough: the key is 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def create_key(
    records: Records,
    name: str,
    scopes: Sequence[str],
    *,
    lasts: timedelta | None = None,
    per_minute: int | None = None,
    owner: str | None = None,
) -> str:
    """Make, store and return a new key; it is shown this once, only its hash is kept.

    lasts: how long it is good for; None: until it is dropped. per_minute: requests a minute.
    owner: the person or service that answers for it; None: its name says it.

    Raises ApiKeyError for an empty name or scopes that do not exist.

    records: the database of the service.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        given = ", ".join(unknown) or "none given"
        raise ApiKeyError(f"scopes: {given}; say one or more of {', '.join(SCOPES)}")
    if "public" in scopes and len(set(scopes)) > 1:
        raise ApiKeyError("scopes: public stands alone, since everybody sees such a key in a page")
    if not name.strip():
        raise ApiKeyError("name: empty; name the key for who holds it, such as storefront")
    token, now = _token(), datetime.now(UTC)
    records.add_key(
        ApiKey(
            name=name.strip(),
            digest=digest(token),
            scopes=tuple(sorted(set(scopes))),
            created_at=now,
            expires_at=now + lasts if lasts else None,
            per_minute=per_minute,
            owner=owner.strip() if owner else None,
        )
    )
    return token


def rotate_key(records: Records, name: str, grace: timedelta) -> str:
    """A new key in the place of an old one, which still holds for `grace`; returns the new one.

    Raises RecordsError when there is no key of that name.

    records: the database of the service.
    """
    known = {key.name: key for key in records.keys()}  # noqa: SIM118  # records are no mapping
    found = known.get(name)
    if found is None:
        raise RecordsError(f"there is no key named {name!r}; see argosy keys list")
    token, until = _token(), datetime.now(UTC) + grace
    records.change_key(
        replace(found, digest=digest(token), former_digest=found.digest, former_until=until)
    )
    return token


def _token() -> str:
    return f"argosy_{secrets.token_urlsafe(32)}"


class KeyRing:
    """The stored keys in memory.

    Read again after `seconds`, so that a dropped key soon stops working, and when an unknown key
    is shown (at most once a second), so that a new one works at once. While the database is away
    the keys read last still hold.
    """

    def __init__(
        self,
        read: Callable[[], Sequence[ApiKey]],
        *,
        seconds: float = 5.0,
        rates: "RateLimits | None" = None,
    ) -> None:
        self.rates = rates or RateLimits()
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
        """Whose key this is, after a look at the database where that helps.

        Raises DatabaseError when the database is away and no keys were ever read.
        """
        with self._lock:
            if time.monotonic() - self._read_at > 1.0 or not self._keys:
                self._refresh()
        return self._match(token)

    def _refresh(self) -> None:
        try:
            self._keys = tuple(self._read())
        except DatabaseError:
            if not self._keys:
                raise
        self._read_at = time.monotonic()

    def _match(self, token: str) -> Caller | None:
        shown, now = digest(token), datetime.now(UTC)
        found = None
        for key in self._keys:  # all of them: the time taken must not tell which one is near
            fits = hmac.compare_digest(key.digest, shown)
            fitted = hmac.compare_digest(key.former_digest or "", shown)
            lasting = key.expires_at is None or now < key.expires_at
            if lasting and (fits or (fitted and key.former_until and now < key.former_until)):
                scopes, owner = frozenset(key.scopes), key.owner or ""
                found = Caller(key.name, scopes, key.per_minute, owner)
        return found


class Credentials:
    """Whatever a request may show: API keys and, where a provider is set, tokens of people.

    keys: the stored keys; people: who signs in with the provider; None: nobody does.
    """

    def __init__(self, keys: KeyRing, people: "SignedInPeople | None" = None) -> None:
        self.rates = keys.rates
        self._keys = keys
        self._people = people

    def known(self, token: str) -> Caller | None:
        """Who shows this, without a look elsewhere; None when it takes one."""
        return self._of(token).known(token)

    def find(self, token: str) -> Caller | None:
        """Who shows this, after a look at the database or the provider where that helps.

        Raises DatabaseError for a key when the database is away and no keys were ever read; Problem
        for a token that does not hold.
        """
        return self._of(token).find(token)

    def _of(self, token: str) -> "KeyRing | SignedInPeople":
        return self._people if self._people is not None and is_token(token) else self._keys


def is_token(text: str) -> bool:
    """True for what looks like a token of a provider, a JWT. text: what was shown as a key."""
    return text.startswith("eyJ") and text.count(".") == 2


class RateLimits:
    """How often each key asked: a bucket a key that holds a minute's requests and fills steadily.

    share: the part of each key's rate that this process grants, as one of several workers.
    """

    def __init__(self, share: float = 1.0, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait(self, caller: Caller) -> float:
        """Seconds until the caller may ask again; 0: now, and this request is counted."""
        if caller.per_minute is None:
            return 0.0
        most, now = max(caller.per_minute * self._share, 1.0), self._clock()
        with self._lock:
            left, before = self._buckets.get(caller.name, (most, now))
            left = min(most, left + (now - before) * most / 60)
            self._buckets[caller.name] = (left - 1 if left >= 1 else left, now)
        return 0.0 if left >= 1 else (1 - left) * 60 / most


def scoped(*scopes: Scope) -> Callable[..., Awaitable[Caller]]:
    """A FastAPI dependency: let in keys with one of the scopes (`admin` may do all).

    No scope: any key. Where keys are off (`ARGOSY_AUTH=false`), everyone is let in.
    """

    async def caller(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
        header: Annotated[str | None, Security(_HEADER)] = None,
    ) -> Caller:
        return await admitted(request, *scopes, token=bearer.credentials if bearer else header)

    return caller


async def admitted(request: Request, *scopes: Scope, token: str | None = None) -> Caller:
    """Who asks: `scoped` for a route that resolves no dependencies (`express.Direct`).

    token: the key shown; taken from the request where it is not given.
    """
    runtime = request.app.state.runtime
    if not runtime.settings.auth:
        return ANYONE
    token = token or _shown(request)
    if not token:
        raise _unauthorized("No key. Send Authorization: Bearer KEY, or X-API-Key: KEY.")
    found: Caller | None = request.app.state.key_ring.known(token)
    if found is None:
        found = await run_in_threadpool(request.app.state.key_ring.find, token)
    if found is None:
        raise _unauthorized("Unknown key. Make one: argosy keys add NAME --scopes SCOPE.")
    kept_out = found.is_public and "public" not in scopes
    if kept_out or (scopes and found.scopes.isdisjoint((*scopes, "admin"))):
        raise _forbidden(found, scopes)
    if wait := request.app.state.key_ring.rates.wait(found):
        raise _too_many(found, wait)
    request.state.caller = found
    return found


def refuse_named_customer(caller: Caller, *customer_ids: str | None) -> None:
    """Raise Problem 403 where a public key names a customer: it speaks for visitors alone.

    caller: who asks; customer_ids: those named in the request.
    """
    if caller.is_public and any(customer_ids):
        raise Problem(
            403,
            "forbidden",
            "A public key may not name a customer_id. Send visitor_id, and link it to the customer "
            "from your server: POST /v1/identities.",
        )


async def admit_caller(scope: AsgiScope) -> None:
    """Raise Problem 401 for a request whose key is missing or unknown; its body is not read.

    scope: the ASGI scope of the request; scopes and the rate of the key are the route's to check.
    """
    request = Request(scope)
    if not request.app.state.runtime.settings.auth:
        return
    token = _shown(request)
    if not token:
        raise _unauthorized("No key. Send Authorization: Bearer KEY, or X-API-Key: KEY.")
    ring = request.app.state.key_ring
    if ring.known(token) is None and await run_in_threadpool(ring.find, token) is None:
        raise _unauthorized("Unknown key. Make one: argosy keys add NAME --scopes SCOPE.")


def _shown(request: Request) -> str | None:
    """The key in the headers."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token
    return request.headers.get("x-api-key")


def _unauthorized(detail: str) -> Problem:
    return Problem(401, "unauthorized", detail, headers=_CHALLENGE)


def _too_many(caller: Caller, wait: float) -> Problem:
    return Problem(
        429,
        "too_many_requests",
        f"The key {caller.name!r} may ask {caller.per_minute} times a minute.",
        headers={"Retry-After": str(math.ceil(wait))},
    )


def _forbidden(caller: Caller, scopes: Sequence[str]) -> Problem:
    wanted = " or ".join(scopes) or "of a key that is not public"
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
