"""Streams from NATS JetStream: one stream of subjects `PREFIX.*`, a durable consumer for each."""

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import nats
import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig

from decisions.streams.broker import BrokerError, Stream, StreamMessage

ANSWER_SECONDS = 10.0
_LOST = (nats.errors.Error, OSError, TimeoutError)
Result = TypeVar("Result")


class NatsBroker:
    """Subjects of one NATS server. url: nats://host:4222; prefix: of the subjects; streams: which;
    batch: how many messages may be unacknowledged."""

    def __init__(self, url: str, prefix: str, streams: Sequence[Stream], batch: int) -> None:
        self._prefix, self._streams, self._batch = prefix, tuple(streams), batch
        self._tags = itertools.count()
        self._open: dict[int, Msg] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()
        try:
            self._run(self._connect(url))
        except BrokerError:
            self._end_loop()
            raise

    async def _connect(self, url: str) -> None:
        self._client = await nats.connect(url, allow_reconnect=False, connect_timeout=5)
        self._jetstream = self._client.jetstream(timeout=ANSWER_SECONDS)
        subjects = [f"{self._prefix}.{name}" for name in ("events", "outcomes", "stock", "dead")]
        await self._jetstream.add_stream(name=self._prefix, subjects=subjects)
        config = ConsumerConfig(max_ack_pending=self._batch, ack_wait=60)
        self._pulls = {
            stream: await self._jetstream.pull_subscribe(
                f"{self._prefix}.{stream}", durable=f"{self._prefix}-{stream}", config=config
            )
            for stream in self._streams
        }

    def receive(self, most: int, seconds: float) -> list[StreamMessage]:
        """Up to `most` messages; those there are after `seconds`, maybe none."""
        return self._run(self._fetch(most, seconds / len(self._streams)))

    async def _fetch(self, most: int, seconds: float) -> list[StreamMessage]:
        found: list[StreamMessage] = []
        for stream, pull in self._pulls.items():
            left = most - len(found)
            try:
                messages = await pull.fetch(left, timeout=seconds) if left > 0 else []
            except TimeoutError:  # nothing there
                continue
            for message in messages:
                tag = next(self._tags)
                self._open[tag] = message
                found.append(StreamMessage(stream, tag, message.data))
        return found

    def acknowledge(self, messages: Sequence[StreamMessage]) -> None:
        """These are on disk; they do not come again."""

        async def work() -> None:
            for message in messages:
                await self._open.pop(message.tag).ack()
            await self._client.flush()

        self._run(work())

    def bury(self, message: StreamMessage, reason: str) -> None:
        """Put a message into `PREFIX.dead`, with the stream and the reason as headers."""
        headers = {"x-stream": message.stream, "x-reason": " ".join(reason.split())[:500]}

        async def work() -> None:
            await self._jetstream.publish(f"{self._prefix}.dead", message.body, headers=headers)
            await self._open.pop(message.tag).ack()

        self._run(work())

    def close(self) -> None:
        """Let go; what was not acknowledged comes again."""

        async def work() -> None:
            for message in self._open.values():
                await message.nak()
            self._open.clear()
            await self._client.close()

        try:
            self._run(work())
        except BrokerError:
            return  # it was lost already
        finally:
            self._end_loop()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What the work answers. Raises BrokerError."""
        if not self._loop.is_running():
            work.close()
            raise BrokerError("the connection to NATS was closed")
        try:
            told = asyncio.run_coroutine_threadsafe(work, self._loop)
            return told.result(timeout=6 * ANSWER_SECONDS)
        except _LOST as error:
            raise BrokerError(f"NATS does not answer: {error!r}") from error

    def _end_loop(self) -> None:
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=10)
            self._loop.close()
