"""People who sign in with an OpenID Connect provider: their tokens are another kind of key.

A token is a JWT that the provider signed. It is taken where it is made out by this provider, for
us, and is not over; the roles in it say what the person may do.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from data.errors import ArgosyError
from data.settings import Settings
from serving.http.callers import SCOPES, Caller
from serving.http.errors import Problem

# Signatures by a key that the provider alone has; never one that we could make, nor none.
ALGORITHMS: tuple[str, ...] = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS += ("ES256", "ES384", "ES512", "EdDSA")
_LEEWAY = 30  # seconds between two clocks
_FRESH = 3600.0  # seconds for which the provider's keys are kept
_PAUSE = 10.0  # seconds between two looks for a key that is not known
_MOST_KNOWN = 10_000
_LONGEST_OWNER = 128

Fetch = Callable[[str], Any]


class OidcError(ArgosyError):
    """Signing in cannot work as it is set up."""


@dataclass(frozen=True)
class Roles:
    """What people may do by their roles. claim: that lists them, a.b is b within a."""

    claim: str
    scopes: Mapping[str, frozenset[str]]

    def scopes_of(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """All that the roles in a token's claims may do."""
        found: Any = claims
        for part in (self.claim,) if self.claim in claims else self.claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        held = {"*", *_texts(found)}
        return frozenset().union(*(self.scopes.get(role, frozenset()) for role in held))


def roles_of(settings: Settings) -> Roles:
    """The roles of the settings. Raises OidcError for a scope that is none."""
    scopes: dict[str, frozenset[str]] = {}
    for role, written in settings.oidc_scopes:
        given = frozenset(part.strip() for part in written.split("+"))
        if unknown := sorted(given - set(SCOPES) | given & {"public"}):
            raise OidcError(
                f"ARGOSY_OIDC_SCOPES: {', '.join(unknown)} is no scope of people; of "
                f"{', '.join(each for each in SCOPES if each != 'public')}"
            )
        scopes[role] = scopes.get(role, frozenset()) | given
    return Roles(settings.oidc_roles_claim, scopes)


class ProviderKeys:
    """The keys with which a provider signs, fetched when they are needed and kept for a while.

    issuer: the provider's address; fetch: gives the JSON at an address; clock: seconds from a fixed
    point on.
    """

    def __init__(
        self, issuer: str, fetch: Fetch, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str | None, Mapping[str, Any]] = {}
        self._looked_at = self._fetched_at = float("-inf")
        self._lock = threading.Lock()

    def find(self, name: str | None) -> Mapping[str, Any] | None:
        """The key of this name (`kid`); None where the provider has none.

        While the provider is away the keys fetched last still hold. Raises Problem 503 where there
        are none.
        """
        with self._lock:
            now = self._clock()
            stale = now - self._fetched_at > _FRESH
            if (stale or self._chosen(name) is None) and now - self._looked_at > _PAUSE:
                self._looked_at = now
                self._refresh()
            if not self._keys:
                raise _away(self._issuer)
            return self._chosen(name)

    def _chosen(self, name: str | None) -> Mapping[str, Any] | None:
        if name is None and len(self._keys) == 1:  # a provider with one key need not name it
            return next(iter(self._keys.values()))
        return self._keys.get(name)

    def _refresh(self) -> None:
        try:
            told = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if told["issuer"] != self._issuer:
                return  # another one's keys
            keys = self._fetch(told["jwks_uri"])["keys"]
            usable = [key for key in keys if key.get("use", "sig") == "sig"]
            self._keys = {key.get("kid"): key for key in usable}
            self._fetched_at = self._clock()
        except (httpx.HTTPError, KeyError, TypeError, ValueError):
            return


class SignedInPeople:
    """Who stands behind a token of the provider.

    settings: issuer, audience, and what the roles may do; fetch: gives the JSON at an address.
    """

    def __init__(self, settings: Settings, fetch: Fetch | None = None) -> None:
        assert settings.oidc_issuer is not None
        client = (settings.oidc_client_id,) if settings.oidc_client_id else ()
        self._issuer = settings.oidc_issuer
        self._audience: Sequence[str] = settings.oidc_audience or client
        self._owner_claim = settings.oidc_owner_claim
        self._roles = roles_of(settings)
        self._keys = ProviderKeys(self._issuer, fetch or _fetch)
        self._known: dict[bytes, tuple[Caller, float]] = {}

    def known(self, token: str) -> Caller | None:
        """Whose token this is, where it was looked at before and is not over."""
        caller, ends = self._known.get(_digest(token), (None, 0.0))
        return caller if time.time() < ends else None

    def find(self, token: str) -> Caller:
        """Whose token this is. Raises Problem 401 for one that does not hold, 403 for a person
        without a role here, 503 while the provider is away and its keys are not known."""
        claims = self._claims(token)
        caller = self._caller(claims)
        if len(self._known) >= _MOST_KNOWN:
            self._known = {}
        self._known[_digest(token)] = (caller, float(claims["exp"]) + _LEEWAY)
        return caller

    def _claims(self, token: str) -> Mapping[str, Any]:
        """What the token says, its signature, issuer, audience and times being right."""
        try:
            header = jwt.get_unverified_header(token)
            algorithm = str(header.get("alg"))
            if algorithm not in ALGORITHMS or str(header.get("typ")).lower() == "logout+jwt":
                raise _refused("it is signed in a way that is not taken")
            found = self._keys.find(header.get("kid"))
            if found is None:
                raise _refused("it is signed with a key that the provider does not have")
            claims: Mapping[str, Any] = jwt.decode(
                token,
                jwt.PyJWK(dict(found), algorithm),
                algorithms=[algorithm],
                audience=list(self._audience),
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise _refused("it is over; sign in again") from error
        except jwt.PyJWTError as error:
            raise _refused(str(error)[:200]) from error
        return claims

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        owner = claims.get(self._owner_claim)
        if not isinstance(owner, str) or not 0 < len(owner.strip()) <= _LONGEST_OWNER:
            raise _refused(f"it has no claim {self._owner_claim} that names the person")
        if self._owner_claim == "email" and claims.get("email_verified") in (False, "false"):
            raise _refused("the provider has not verified the person's e-mail address")
        scopes = self._roles.scopes_of(claims)
        if not scopes:
            raise Problem(
                403,
                "no_role",
                f"{owner.strip()} is signed in, and none of their roles may do anything here: the "
                f"claim {self._roles.claim} has none of those that ARGOSY_OIDC_SCOPES names.",
            )
        return Caller(owner.strip(), scopes, None, owner.strip())


def _texts(value: Any) -> list[str]:
    """The texts of a claim: a list of them, or one with blanks between."""
    if isinstance(value, str):
        return [value, *value.split()]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _fetch(address: str) -> Any:
    answer = httpx.get(address, timeout=5.0)
    answer.raise_for_status()
    return answer.json()


def _refused(why: str) -> Problem:
    return Problem(
        401,
        "unauthorized",
        f"The token does not hold: {why}.",
        headers={"WWW-Authenticate": 'Bearer realm="argosy", error="invalid_token"'},
    )


def _away(issuer: str) -> Problem:
    return Problem(
        503,
        "provider_unavailable",
        f"The sign-in provider {issuer} does not answer, so its keys are not known; try again, and "
        "see ARGOSY_OIDC_ISSUER.",
        headers={"Retry-After": "10"},
    )
