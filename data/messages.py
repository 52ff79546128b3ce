"""What the shop's other systems are told: messages, who wants them, and how their delivery goes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from data.errors import ArgosyError

MessageKind = Literal[
    "decision.changed",
    "review.resolved",
    "order.exported",
    "order.received",
    "order.cancelled",
    "transfer.exported",
    "transfer.received",
    "transfer.cancelled",
    "release.promoted",
    "alert.raised",
    "segment.moved",
]
MESSAGE_KINDS: tuple[str, ...] = get_args(MessageKind)
DeliveryState = Literal["waiting", "delivered", "dead"]


class SubscriptionError(ArgosyError):
    """A subscription cannot be kept as given, or there is none of that name."""


@dataclass(frozen=True)
class OutgoingMessage:
    """One thing that happened. key: what it is about; messages of one key arrive in order.

    identity: what makes it this very message; the same identity again is the same message.
    """

    kind: MessageKind
    key: str
    data: Mapping[str, Any]
    identity: tuple[str, ...] = field(default=())

    def message_id(self, fallback: str) -> str:
        """Its id; fallback: what it is made from where the message has no identity."""
        text = "\n".join((self.kind, self.key, *(self.identity or (fallback,))))
        return f"msg_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Subscription:
    """Who is told. url: https://…, http://… or mailto:…; kinds: which messages, empty: all of
    them; secret: signs what is sent, `whsec_…`; stopped_at: None while it is in use."""

    name: str
    url: str
    kinds: tuple[str, ...]
    secret: str
    created_at: datetime
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class MessageDelivery:
    """One message on its way to one subscriber. attempts: how often it was tried; due_at: when it
    is tried next; error: why the last attempt failed."""

    seq: int
    subscription: str
    message_id: str
    kind: str
    key: str
    occurred_at: datetime
    data: Mapping[str, Any]
    state: DeliveryState
    attempts: int
    due_at: datetime
    error: str
