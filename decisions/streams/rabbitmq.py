"""Streams from RabbitMQ: a durable queue for each, `PREFIX.events`, and `PREFIX.dead`."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pika
import pika.exceptions

from decisions.streams.broker import BrokerError, Stream, StreamMessage

HEARTBEAT_SECONDS = 60


class RabbitBroker:
    """Queues of one RabbitMQ. url: amqp://user:password@host:5672/vhost; prefix: of the queues'
    names; streams: which; batch: how many messages may be unacknowledged."""

    def __init__(self, url: str, prefix: str, streams: Sequence[Stream], batch: int) -> None:
        self._prefix, self._streams = prefix, tuple(streams)
        try:
            parameters = pika.URLParameters(url)
            parameters.heartbeat = HEARTBEAT_SECONDS
            self._connection = pika.BlockingConnection(parameters)
            self._channel = self._connection.channel()
            self._channel.basic_qos(prefetch_count=batch)
            self._channel.queue_declare(f"{prefix}.dead", durable=True)
            self._buffer: list[StreamMessage] = []
            for stream in self._streams:
                queue = f"{prefix}.{stream}"
                self._channel.queue_declare(queue, durable=True)
                self._channel.basic_consume(queue, self._taker(stream))
            self._channel.confirm_delivery()
        except (pika.exceptions.AMQPError, OSError, ValueError) as error:
            raise BrokerError(f"RabbitMQ does not answer: {error!r}") from error

    def _taker(self, stream: Stream) -> Callable[..., None]:
        def take(_channel: Any, method: Any, _properties: Any, body: bytes) -> None:
            self._buffer.append(StreamMessage(stream, method.delivery_tag, body))

        return take

    def receive(self, most: int, seconds: float) -> list[StreamMessage]:
        """Up to `most` messages; those there are after `seconds`, maybe none."""
        end = time.monotonic() + seconds
        self._must_be_open()
        try:
            while len(self._buffer) < most and (left := end - time.monotonic()) > 0:
                before = len(self._buffer)
                self._connection.process_data_events(time_limit=min(left, 0.05))
                if before and len(self._buffer) == before:
                    break  # nothing more comes at the moment
        except (pika.exceptions.AMQPError, OSError) as error:
            raise BrokerError(f"the connection to RabbitMQ was lost: {error!r}") from error
        taken, self._buffer = self._buffer[:most], self._buffer[most:]
        return taken

    def acknowledge(self, messages: Sequence[StreamMessage]) -> None:
        """These are on disk; they do not come again."""
        self._must_be_open()
        try:
            for message in messages:
                self._channel.basic_ack(message.tag)
            self._connection.process_data_events(time_limit=0)
        except (pika.exceptions.AMQPError, OSError) as error:
            raise BrokerError(f"the connection to RabbitMQ was lost: {error!r}") from error

    def bury(self, message: StreamMessage, reason: str) -> None:
        """Put a message into `PREFIX.dead`, with the stream and the reason as headers."""
        headers = {"x-stream": message.stream, "x-reason": reason[:500]}
        properties = pika.BasicProperties(headers=headers, delivery_mode=2)
        try:
            self._channel.basic_publish("", f"{self._prefix}.dead", message.body, properties)
            self._channel.basic_ack(message.tag)
        except (pika.exceptions.AMQPError, OSError) as error:
            raise BrokerError(f"the connection to RabbitMQ was lost: {error!r}") from error

    def _must_be_open(self) -> None:
        """BrokerError for a connection that was found closed."""
        if not self._connection.is_open:
            raise BrokerError("the connection to RabbitMQ was closed")

    def close(self) -> None:
        """Let go; what was not acknowledged comes again."""
        if not self._connection.is_open:
            return
        try:
            self._connection.close()
        except (pika.exceptions.AMQPError, OSError):
            return  # it was lost already
