"""A connection before it has asked: its head must come soon, be small, and its answer be read."""

import asyncio
import resource
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_OPEN_FILES = 65_536
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class GuardedConnection(HttpToolsProtocol):
    """A connection of the server that costs little until it has asked.

    Its head, the request line and the headers, must come within head_seconds and have at most
    largest_head bytes. Of the connections of a process without a whole head yet at most
    most_silent stay: the oldest goes when another comes, so that silent sockets shut nobody out.
    One that does not read its answer for reader_seconds is ended.
    """

    head_seconds: ClassVar[float] = 10.0
    reader_seconds: ClassVar[float] = 15.0
    largest_head: ClassVar[int] = 65_536
    most_silent: ClassVar[int] = 256
    _silent: ClassVar[dict["GuardedConnection", None]] = {}  # the oldest first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the class above
        """Begin to wait for the first head."""
        self._expiry: asyncio.TimerHandle | None = None
        self._reader: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # so that whoever does not read is known
        self._silent[self] = None
        self._await_head()
        if len(self._silent) > self.most_silent:
            next(iter(self._silent))._end()

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that grows too large is refused."""
        super().data_received(data)
        if self._expiry is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self.largest_head:
                self._stop_waiting()
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Another request begins."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole: from here the request guard looks after the request."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        self._read_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The other side does not read what it was sent."""
        super().pause_writing()
        self._read_on()
        self._reader = self.loop.call_later(self.reader_seconds, self._end)

    def resume_writing(self) -> None:
        """It reads again."""
        self._read_on()
        super().resume_writing()

    def _await_head(self) -> None:
        if self._expiry is None:
            self._head_bytes = 0
            self._expiry = self.loop.call_later(self.head_seconds, self._end)

    def _stop_waiting(self) -> None:
        self._silent.pop(self, None)
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _read_on(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def _end(self) -> None:
        """Let the connection go, with whatever was not sent."""
        self._stop_waiting()
        self.transport.abort()


def allow_many_connections() -> None:
    """Let this process and those it starts have as many open files as the system lets it."""
    held, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _OPEN_FILES)
    if held < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
