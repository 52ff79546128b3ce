"""Signing in with an OpenID Connect provider: authorization code with PKCE, state and nonce.

The console leads the browser to the provider and takes the code that it brings back. The token that
the provider gives for it is what the API is asked with: the API checks its signature.
"""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from serving.console.api import ApiError, SignedOutError

_BEGUN_SECONDS = 600.0  # for which somebody may stand at the provider
_MOST_BEGUN = 10_000
_EARLY = 30.0  # seconds before its end in which a token is renewed
_FRESH = 3600.0  # seconds for which the provider's addresses are kept
_SECONDS = 10.0


class SignInError(Exception):
    """Somebody could not sign in; the message is a sentence to show."""


@dataclass(frozen=True)
class OidcClient:
    """The console as the provider knows it.

    issuer: the provider's address; client_id, secret: of the console, None: it is a public client;
    request: the scopes asked for; console_url: where people open the console, without /console.
    """

    issuer: str
    client_id: str
    secret: str | None
    request: str
    console_url: str

    @property
    def redirect_uri(self) -> str:
        """Where the provider leads people back to."""
        return f"{self.console_url.rstrip('/')}/console/sign-in/back"

    @property
    def left_uri(self) -> str:
        """Where the provider leads people who signed out."""
        return f"{self.console_url.rstrip('/')}/console/sign-in"


@dataclass(frozen=True)
class BegunSignIn:
    """Somebody who was led to the provider. after: the page to show then; browser: the random text
    that their browser keeps; ends: until when they may come back."""

    nonce: str
    verifier: str
    after: str
    browser: str
    ends: float


class SignedInTokens:
    """The tokens of one person, renewed when they are nearly over.

    provider: that gave them; answer: of its token endpoint, with id_token.
    """

    def __init__(self, provider: "OidcProvider", answer: Mapping[str, Any]) -> None:
        self._provider = provider
        self._lock = asyncio.Lock()
        self._take(answer)
        self.claims: Mapping[str, Any] = claims_of(self.id_token)

    async def fresh(self) -> str:
        """The token to ask the API with. Raises SignedOutError when it is over and is not renewed,
        ApiError when the provider does not answer."""
        async with self._lock:
            left = float(claims_of(self.id_token)["exp"]) - self._provider.clock()
            if left < _EARLY and self._refresh_token is not None:
                await self._renew(left)
            elif left <= 0:
                raise _ended()
            return self.id_token

    def _take(self, answer: Mapping[str, Any]) -> None:
        self.id_token = str(answer["id_token"])
        self._refresh_token: str | None = answer.get("refresh_token")

    async def _renew(self, left: float) -> None:
        try:
            answer = await self._provider.ask_token(
                {"grant_type": "refresh_token", "refresh_token": str(self._refresh_token)}
            )
        except (httpx.HTTPError, SignInError) as error:
            if left > 0:
                return  # it holds a little longer: the provider may answer then
            raise ApiError("The sign-in provider does not answer. Try again.") from error
        if "id_token" not in answer or not self._is_same(claims_of(str(answer["id_token"]))):
            self._refresh_token = None
            if left <= 0:
                raise _ended()
            return
        self._take({"refresh_token": self._refresh_token, **answer})

    def _is_same(self, claims: Mapping[str, Any]) -> bool:
        """True if a renewed token is of the same person, by the same provider, for us."""
        return all(claims.get(name) == self.claims.get(name) for name in ("iss", "sub", "aud"))


class OidcProvider:
    """The provider, and who is about to sign in with it.

    client: the console as the provider knows it; http: reaches the provider; clock: the time in
    seconds since 1970.
    """

    def __init__(
        self, client: OidcClient, http: httpx.AsyncClient, clock: Callable[[], float] = time.time
    ) -> None:
        self.client = client
        self.clock = clock
        self._http = http
        self._begun: dict[str, BegunSignIn] = {}
        self._told: Mapping[str, Any] = {}
        self._told_at = float("-inf")

    async def begin(self, after: str) -> tuple[str, str]:
        """Where to lead a browser that wants to sign in, and the text that it must keep.

        after: the page to show then. Raises SignInError.
        """
        told = await self._addresses()
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        self._forget_old()
        ends = self.clock() + _BEGUN_SECONDS
        self._begun[state] = BegunSignIn(nonce, verifier, after, browser, ends)
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.client.request,
            "state": state,
            "nonce": nonce,
            "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        return _with_query(told["authorization_endpoint"], asked), browser

    async def finish(
        self, query: Mapping[str, str], browser: str | None
    ) -> tuple[SignedInTokens, str]:
        """The tokens of somebody who comes back, and the page to show.

        query: what the provider added to our address; browser: the text that the browser kept.
        Raises SignInError where it is not what was begun, or the provider refuses.
        """
        begun = self._begun.pop(query.get("state", ""), None)
        if "error" in query:
            raise SignInError("The sign-in provider did not let you in.")
        kept = begun is not None and secrets.compare_digest(begun.browser, browser or "")
        if begun is None or not kept or begun.ends < self.clock():
            raise SignInError("This sign-in was not begun here, or took too long. Try again.")
        told = await self._addresses()
        named = told.get("authorization_response_iss_parameter_supported") or "iss" in query
        if named and query.get("iss") != self.client.issuer:
            raise SignInError("This sign-in was not begun here, or took too long. Try again.")
        asked = {"grant_type": "authorization_code", "code": query.get("code", "")}
        asked |= {"redirect_uri": self.client.redirect_uri, "code_verifier": begun.verifier}
        try:
            answer = await self.ask_token(asked)
        except httpx.HTTPError as error:
            raise SignInError("The sign-in provider does not answer. Try again.") from error
        return self._checked(answer, begun.nonce), begun.after

    async def ask_token(self, asked: Mapping[str, str]) -> Mapping[str, Any]:
        """The answer of the provider's token endpoint; its refusal has no id_token.

        asked: the form. Raises httpx.HTTPError when it does not answer.
        """
        told = await self._addresses()
        form, auth = {**asked}, None
        if self.client.secret is None:
            form["client_id"] = self.client.client_id
        elif "client_secret_basic" in told.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        ):
            auth = httpx.BasicAuth(quote(self.client.client_id, ""), quote(self.client.secret, ""))
        else:
            form |= {"client_id": self.client.client_id, "client_secret": self.client.secret}
        options: dict[str, Any] = {"data": form, "timeout": _SECONDS}
        if auth is not None:
            options["auth"] = auth
        response = await self._http.post(told["token_endpoint"], **options)
        if response.status_code >= 500:
            response.raise_for_status()
        try:
            answer = response.json()
        except ValueError:
            answer = {}
        return answer if isinstance(answer, dict) and response.is_success else {}

    async def leave_url(self, id_token: str) -> str | None:
        """Where to lead a browser so that its person is signed out of the provider, too; None where
        the provider has no such address. id_token: the person's."""
        try:
            address = (await self._addresses()).get("end_session_endpoint")
        except SignInError:
            return None
        if not isinstance(address, str):
            return None
        asked = {"id_token_hint": id_token, "client_id": self.client.client_id}
        return _with_query(address, asked | {"post_logout_redirect_uri": self.client.left_uri})

    def _checked(self, answer: Mapping[str, Any], nonce: str) -> SignedInTokens:
        """The tokens, if the provider made them for us and for this sign-in."""
        token = answer.get("id_token")
        claims = claims_of(token) if isinstance(token, str) else {}
        audience = claims.get("aud")
        ours = self.client.client_id in (audience if isinstance(audience, list) else [audience])
        same = secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
        if not (ours and same and claims.get("iss") == self.client.issuer):
            raise SignInError("The sign-in provider did not let you in.")
        return SignedInTokens(self, answer)

    async def _addresses(self) -> Mapping[str, Any]:
        """What the provider tells of itself. Raises SignInError."""
        if self.clock() - self._told_at < _FRESH:
            return self._told
        address = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            response = await self._http.get(address, timeout=_SECONDS)
            response.raise_for_status()
            told = response.json()
            right = told["issuer"] == self.client.issuer
            right = right and {"authorization_endpoint", "token_endpoint"} <= told.keys()
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SignInError("The sign-in provider does not answer. Try again.") from error
        if not right:
            raise SignInError("The sign-in provider is another one than ARGOSY_OIDC_ISSUER names.")
        self._told, self._told_at = told, self.clock()
        return self._told

    def _forget_old(self) -> None:
        now = self.clock()
        self._begun = {state: each for state, each in self._begun.items() if each.ends > now}
        while len(self._begun) >= _MOST_BEGUN:
            self._begun.pop(next(iter(self._begun)))


def claims_of(token: str) -> Mapping[str, Any]:
    """What a JWT says, its signature not looked at: that is the API's to check. {}: it is none.

    >>> claims_of("no token")
    {}
    """
    parts = token.split(".")
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(text)
    except (IndexError, ValueError):
        return {}
    known = isinstance(claims, dict) and isinstance(claims.get("exp"), int | float)
    return claims if known else {}


def _ended() -> SignedOutError:
    return SignedOutError("Your session has ended. Sign in again.", status=401)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
