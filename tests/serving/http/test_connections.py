"""Connections that ask nothing, too much or too slowly, against a real server."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import ClassVar

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from serving.http.connections import GuardedConnection, allow_many_connections

HEAD = b"GET / HTTP/1.1\r\nhost: x\r\n"
LARGE = b"x" * 20_000_000


class ImpatientConnection(GuardedConnection):
    """The same, in the time that a test has."""

    head_seconds = 0.3
    reader_seconds = 0.3
    largest_head = 4_096
    most_silent = 20
    _silent: ClassVar[dict[GuardedConnection, None]] = {}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    body = LARGE if scope["path"] == "/large" else b"ok"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        free = int(place.getsockname()[1])
    server = uvicorn.Server(
        uvicorn.Config(
            application, port=free, http=ImpatientConnection, lifespan="off", log_level="error"
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield free
    server.should_exit = True
    thread.join()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def is_ended(connection: socket.socket) -> bool:
    """True once the server let go of it, within the five seconds of its timeout."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("sent", [b"", b"G", HEAD, HEAD + b"a: b"])
def test_a_head_that_does_not_come_ends_the_connection(port: int, sent: bytes) -> None:
    with connected(port) as silent:
        silent.sendall(sent)
        started = time.monotonic()
        assert is_ended(silent)
        assert time.monotonic() - started < 2


def test_a_head_that_drips_ends_the_connection(port: int) -> None:
    with connected(port) as dripping:
        dripping.sendall(HEAD)
        started = time.monotonic()
        while time.monotonic() - started < 5:
            try:
                dripping.sendall(b"a: b\r\n")
            except OSError:  # reset, or a broken pipe
                break
            time.sleep(0.05)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("more", [b"a: " + b"b" * 10_000, b"a: b\r\n" * 2_000])
def test_a_head_that_grows_is_refused(port: int, more: bytes) -> None:
    with connected(port) as growing:
        growing.sendall(HEAD + more)
        assert growing.recv(100).startswith(b"HTTP/1.1 431")


def test_silent_connections_shut_nobody_out_and_the_oldest_goes(port: int) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(connected(port)) for _ in range(100)]
        started = time.monotonic()
        assert httpx.get(f"http://127.0.0.1:{port}/").text == "ok"
        assert time.monotonic() - started < 5
        assert is_ended(silent[0])


def test_who_does_not_read_is_let_go(port: int) -> None:
    with connected(port) as idle:
        idle.sendall(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(1.0)
        got = 0
        with suppress(ConnectionResetError):
            while piece := idle.recv(1 << 20):
                got += len(piece)
        assert got < len(LARGE)
    assert len(httpx.get(f"http://127.0.0.1:{port}/large").content) == len(LARGE)


def test_one_connection_may_ask_again_and_again(port: int) -> None:
    with connected(port) as asking:
        asking.sendall(HEAD + b"\r\n")
        assert b"ok" in asking.recv(1000)
        time.sleep(0.6)  # idle between two requests for longer than a head may take
        asking.sendall(HEAD + b"\r\n" + HEAD + b"\r\n")
        time.sleep(0.2)
        assert asking.recv(1000).count(b"200 OK") == 2


def test_the_limit_of_open_files_is_never_lowered() -> None:
    allow_many_connections()
