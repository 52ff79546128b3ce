"""Who is signed in: keys stay in this process's memory, the browser holds a random token only."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from serving.console.oidc import SignedInTokens

COOKIE = "argosy_session"


@dataclass(frozen=True)
class Person:
    """Whose key it is. key: None where the API asks for none; use_cases: those the API serves;
    owner: the person or service that answers for the key, "" not known; tokens: of somebody who
    signed in with a provider: they are renewed, and the key is the first of them."""

    name: str
    scopes: frozenset[str]
    key: str | None
    base_currency: str
    use_cases: tuple[str, ...]
    owner: str = ""
    tokens: SignedInTokens | None = None

    def may(self, *scopes: str) -> bool:
        """True if the key has one of these scopes, or `admin`, or none is asked for."""
        return not scopes or not self.scopes.isdisjoint((*scopes, "admin"))

    def is_owner(self, name: str | None) -> bool:
        """True if the key belongs to the person of this name."""
        return name is not None and name.strip().casefold() == self.owner.strip().casefold()


class Sessions:
    """The sessions of this process; one ends after `idle_seconds` without a request.

    clock: seconds from a fixed point on; another one for tests.
    """

    def __init__(self, idle_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._kept: dict[str, tuple[Person, float]] = {}

    def begin(self, person: Person) -> str:
        """Keep a person; returns the token for the cookie."""
        self._forget_ended()
        token = secrets.token_urlsafe(32)
        self._kept[token] = (person, self._clock())
        return token

    def find(self, token: str | None) -> Person | None:
        """Who holds this token, and counts as active now; None when nobody does (any more)."""
        person, seen = self._kept.get(token or "", (None, 0.0))
        if person is None or self._clock() - seen > self._idle_seconds:
            self.end(token)
            return None
        self._kept[token or ""] = (person, self._clock())
        return person

    def end(self, token: str | None) -> Person | None:
        """Forget the session of this token; whose it was, None where there is none."""
        person, _ = self._kept.pop(token or "", (None, 0.0))
        return person

    def _forget_ended(self) -> None:
        now = self._clock()
        self._kept = {
            token: (person, seen)
            for token, (person, seen) in self._kept.items()
            if now - seen <= self._idle_seconds
        }
