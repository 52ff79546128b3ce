"""The consumer: a batch at a time from the broker to disk, then acknowledged."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from data.records import DatabaseError
from decisions.runtime import Runtime
from decisions.streams.broker import Broker, BrokerError, Stream, StreamMessage
from decisions.streams.rows import StreamMessageError, StreamSink, rows_of

_LOG = logging.getLogger("argosy.streams")
_LONGEST_WAIT = 30.0


@dataclass
class ConsumerCounts:
    """What was done so far, in messages; reconnects: how often the connection was made anew."""

    taken: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    dead: int = 0
    reconnects: int = 0


def consume(
    runtime: Runtime,
    connect: Callable[[], Broker],
    *,
    batch: int = 500,
    seconds: float = 1.0,
    is_over: Callable[[ConsumerCounts, bool], bool] = lambda counts, idle: False,
) -> ConsumerCounts:
    """Take messages until `is_over`; a broker or database that is away is waited for.

    runtime: the stores in use; connect: opens a connection to the broker; batch: messages taken
    together; seconds: how long a batch waits to be full; is_over: asked after each batch, with the
    counts and whether the batch was empty.

    At least once: a message is acknowledged when its rows are on disk, so after a crash it comes
    again, and its rows, known by their keys, change nothing. What cannot be read goes to the dead
    letters with its reason. Nothing more is taken while a batch is not on disk.
    """
    counts, sink, failures = ConsumerCounts(), StreamSink(runtime), 0
    try:
        while True:
            try:
                broker = connect()
            except BrokerError as error:
                failures += 1
                _wait(failures, error)
                if is_over(counts, True):
                    return counts
                continue
            try:
                while True:
                    messages = broker.receive(batch, seconds)
                    _take(broker, sink, messages, counts)
                    failures = 0
                    if is_over(counts, not messages):
                        return counts
            except (BrokerError, DatabaseError) as error:
                counts.reconnects += 1
                failures += 1
                _wait(failures, error)
            finally:
                broker.close()
    finally:
        sink.close()


def _take(
    broker: Broker, sink: StreamSink, messages: list[StreamMessage], counts: ConsumerCounts
) -> None:
    """One batch: its rows kept stream by stream, then all that was kept acknowledged."""
    by_stream: dict[Stream, list[StreamMessage]] = defaultdict(list)
    rows: dict[Stream, list[object]] = defaultdict(list)
    for message in messages:
        try:
            rows[message.stream] += rows_of(message)
        except StreamMessageError as error:
            broker.bury(message, str(error))
            counts.dead += 1
        else:
            by_stream[message.stream].append(message)
    for stream, mine in by_stream.items():
        sink.keep(stream, rows[stream])
        broker.acknowledge(mine)
        counts.taken[stream] += len(mine)


def _wait(failures: int, error: Exception) -> None:
    """Longer after each failure, up to half a minute."""
    _LOG.warning(str(error).splitlines()[0])
    time.sleep(min(0.25 * 2.0 ** (failures - 1), _LONGEST_WAIT))
