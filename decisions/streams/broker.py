"""What a broker must bring: messages that stay its own until they are acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from data.errors import ArgosyError

Stream = Literal["events", "outcomes", "stock"]
STREAMS: tuple[Stream, ...] = get_args(Stream)


class BrokerError(ArgosyError):
    """The broker does not answer, or is not set up; what was not acknowledged comes again."""


@dataclass(frozen=True)
class StreamMessage:
    """One message. tag: by which the broker knows it; body: JSON of one row, or a list of them."""

    stream: Stream
    tag: int
    body: bytes


class Broker(Protocol):
    """One connection to a broker; every method may raise BrokerError, after which it is closed.

    It hands out no more unacknowledged messages than one batch: a slow database slows the broker.
    """

    def receive(self, most: int, seconds: float) -> list[StreamMessage]:
        """Up to `most` messages; those there are after `seconds`, maybe none."""

    def acknowledge(self, messages: Sequence[StreamMessage]) -> None:
        """These are on disk; they do not come again."""

    def bury(self, message: StreamMessage, reason: str) -> None:
        """Put a message that can never be taken into the dead letters, with the reason."""

    def close(self) -> None:
        """Let go; what was not acknowledged comes again."""
