"""Who asks over HTTP, and what they may do."""

from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["events", "recommend", "plan", "approve", "decide", "review", "admin", "public"]
SCOPES: tuple[str, ...] = get_args(Scope)


@dataclass(frozen=True)
class Caller:
    """Who asks: the name of the key, its scopes, how many requests a minute it may make, and the
    person or service that answers for it."""

    name: str
    scopes: frozenset[str]
    per_minute: int | None = None
    owner: str = ""

    @property
    def is_public(self) -> bool:
        """True for a key that everybody sees, in the pages of a shop."""
        return self.scopes == {"public"}


ANYONE = Caller("anyone", frozenset(SCOPES))
