"""A small HTTP load: some connections that ask again at once, or requests at a steady rate."""

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Make = Callable[[int], bytes]


@dataclass(frozen=True)
class Measured:
    """Latencies in milliseconds, requests a second, and how many answers were not 2xx."""

    p50: float
    p99: float
    rate: float
    failed: int
    requests: int


def request(port: int, path: str, body: bytes, method: str = "POST") -> bytes:
    """An HTTP/1.1 request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def closed(port: int, make: Make, connections: int, seconds: float) -> Measured:
    """Each connection asks again when it was answered."""
    _settle()
    return asyncio.run(_closed(port, make, connections, seconds))


def steady(port: int, make: Make, rate: float, seconds: float, connections: int = 32) -> Measured:
    """A request every 1/rate seconds, whether the ones before were answered or not; a latency
    counts from the moment the request was due."""
    _settle()
    return asyncio.run(_steady(port, make, rate, seconds, connections))


def _settle() -> None:
    """Nothing that is here by now is garbage: looking through it (150 ms and more in a process that
    has imported what a shop needs) would count as the server's latency."""
    gc.collect()
    gc.freeze()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> bool:
    writer.write(message)
    head = await reader.readuntil(b"\r\n\r\n")
    size = next(
        int(line[15:])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    )
    await reader.readexactly(size)
    return head[9:10] == b"2"


async def _closed(port: int, make: Make, connections: int, seconds: float) -> Measured:
    taken: list[float] = []
    failed = number = 0
    until = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal failed, number
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            number += 1
            started = time.perf_counter()
            failed += not await _ask(reader, writer, make(number))
            taken.append(time.perf_counter() - started)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return _measured(taken, time.perf_counter() - started, failed)


async def _steady(port: int, make: Make, rate: float, seconds: float, connections: int) -> Measured:
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    taken: list[float] = []
    failed = 0
    first = time.perf_counter()

    async def one(number: int) -> None:
        nonlocal failed
        due = first + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        pair = await free.get()
        failed += not await _ask(*pair, make(number))
        free.put_nowait(pair)
        taken.append(time.perf_counter() - due)

    await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    return _measured(taken, time.perf_counter() - first, failed)


def _measured(taken: list[float], seconds: float, failed: int) -> Measured:
    p50, p99 = np.percentile(np.array(taken) * 1e3, [50, 99])
    return Measured(float(p50), float(p99), len(taken) / seconds, failed, len(taken))
