"""Messages from a real RabbitMQ, while its connections are cut and the consumer is killed."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import nats
import pika
import pytest

from data.records import DatabaseError
from data.settings import Settings
from decisions.runtime import Runtime, open_runtime
from decisions.streams.broker import STREAMS, Broker, BrokerError, StreamMessage
from decisions.streams.connecting import connector
from decisions.streams.consume import ConsumerCounts, consume
from decisions.streams.rabbitmq import RabbitBroker
from decisions.streams.rows import rows_of

AT = datetime(2024, 5, 1, 12, tzinfo=UTC).isoformat()


def event(number: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "occurred_at": AT,
        "kind": "view",
        "product_id": "tea",
        "visitor_id": f"v{number}",
    }


def is_idle(counts: ConsumerCounts, idle: bool) -> bool:
    del counts
    return idle


class Memory:
    """A broker in memory: what is not acknowledged comes again with the next connection."""

    def __init__(self, messages: Sequence[StreamMessage]) -> None:
        self.waiting = list(messages)
        self.handed: list[StreamMessage] = []
        self.dead: list[tuple[bytes, str]] = []
        self.connections = 0

    def connect(self) -> Broker:
        self.connections += 1
        return self

    def receive(self, most: int, seconds: float) -> list[StreamMessage]:
        del seconds
        found, self.waiting = self.waiting[:most], self.waiting[most:]
        self.handed += found
        return found

    def acknowledge(self, messages: Sequence[StreamMessage]) -> None:
        self.handed = [one for one in self.handed if one not in messages]

    def bury(self, message: StreamMessage, reason: str) -> None:
        self.dead.append((message.body, reason))
        self.handed.remove(message)

    def close(self) -> None:
        self.waiting, self.handed = [*self.handed, *self.waiting], []


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    runtime = open_runtime(settings)
    yield runtime
    runtime.stop()


def events_of(runtime: Runtime) -> list[str]:
    return sorted(runtime.records.pending("events")[0]["event_id"])


def test_rows_go_where_they_belong_and_twice_is_once(runtime: Runtime) -> None:
    count = {"observed_at": AT, "warehouse_id": "DE1", "product_id": "tea", "on_hand": 4}
    bodies = [
        ("events", [event(1), event(2)]),
        ("events", event(2)),
        ("stock", count),
        ("stock", count | {"on_hand": 3}),
    ]
    messages = [
        StreamMessage(stream, tag, json.dumps(body).encode())  # type: ignore[arg-type]
        for tag, (stream, body) in enumerate(bodies)
    ]
    memory = Memory(messages)
    counts = consume(runtime, memory.connect, is_over=is_idle)
    assert dict(counts.taken) == {"events": 2, "stock": 2}
    assert events_of(runtime) == ["e1", "e2"]
    assert list(runtime.lake.read("stock")["on_hand"]) == [3.0]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"not json", "no JSON"),
        (b'{"event_id": "e1"}', "occurred_at"),
        (json.dumps(event(1) | {"occurred_at": "2999-01-01T00:00:00Z"}).encode(), "future"),
        (json.dumps(event(1) | {"visitor_id": None}).encode(), "one of them"),
        (json.dumps([event(1), event(2) | {"kind": "stare"}]).encode(), "kind"),
    ],
)
def test_what_cannot_be_read_is_buried_with_the_reason(
    runtime: Runtime, body: bytes, why: str
) -> None:
    good = StreamMessage("events", 2, json.dumps(event(7)).encode())
    memory = Memory([StreamMessage("events", 1, body), good])
    assert consume(runtime, memory.connect, is_over=is_idle).dead == 1
    assert [why in reason for _, reason in memory.dead] == [True]
    assert events_of(runtime) == ["e7"]


def test_an_outcome_to_come_is_buried(runtime: Runtime) -> None:
    told = {"payment_id": "p", "outcome": "captured"}
    late = json.dumps(told | {"outcome_at": "2099-01-01T00:00:00Z"}).encode()
    memory = Memory([StreamMessage("outcomes", 1, late)])
    consume(runtime, memory.connect, is_over=is_idle)
    ((_, reason),) = memory.dead
    assert "outcome_at" in reason
    assert "future" in reason
    (row,) = rows_of(StreamMessage("outcomes", 2, json.dumps(told).encode()))
    assert row.outcome == "captured"


def test_nothing_is_lost_while_the_database_is_away(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, failures = runtime.records.add_events, iter([True, False])

    def failing(rows: Sequence[dict[str, Any]]) -> list[bool]:
        if next(failures, False):
            raise DatabaseError("away")
        return add(rows)

    monkeypatch.setattr(runtime.records, "add_events", failing)
    memory = Memory([StreamMessage("events", 1, json.dumps(event(1)).encode())])
    assert consume(runtime, memory.connect, is_over=is_idle).reconnects == 1
    assert (events_of(runtime), memory.connections) == (["e1"], 2)


def test_the_broker_must_be_named(settings: Settings) -> None:
    with pytest.raises(BrokerError, match="ARGOSY_BROKER_URL"):
        connector(settings, STREAMS, 10)


class _Rabbit:
    """A RabbitMQ with queues of this test's own."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url, self.prefix = url, prefix
        self.connections: list[RabbitBroker] = []

    def connect(self) -> Broker:
        self.connections.append(RabbitBroker(self.url, self.prefix, STREAMS, 200))
        return self.connections[-1]

    def send(self, queue: str, bodies: Sequence[bytes]) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        channel.queue_declare(f"{self.prefix}.{queue}", durable=True)
        for body in bodies:
            channel.basic_publish(
                "", f"{self.prefix}.{queue}", body, pika.BasicProperties(delivery_mode=2)
            )
        connection.close()

    def drop(self) -> None:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        for queue in (*STREAMS, "dead"):
            channel.queue_delete(f"{self.prefix}.{queue}")
        connection.close()


@pytest.fixture
def rabbit(rabbitmq_url: str, namespace: str) -> Iterator[_Rabbit]:
    rabbit = _Rabbit(rabbitmq_url, namespace)
    yield rabbit
    rabbit.drop()


def test_of_a_broker_whose_connections_are_cut_none_is_lost_or_doubled(
    rabbit: _Rabbit, runtime: Runtime
) -> None:
    count = 3_000
    rabbit.send("events", [json.dumps(event(number)).encode() for number in range(count)])
    rabbit.send("events", [b"broken"])
    looks = iter(range(10_000))

    def cut_now_and_then(counts: ConsumerCounts, idle: bool) -> bool:
        if next(looks) in {2, 5, 9}:  # handed out, not yet acknowledged: they come again
            rabbit.connections[-1]._connection.close()
        return idle and sum(counts.taken.values()) >= count and counts.dead >= 1

    counts = consume(runtime, rabbit.connect, batch=200, seconds=0.5, is_over=cut_now_and_then)
    assert counts.reconnects == 3
    assert events_of(runtime) == sorted(f"e{number}" for number in range(count))
    assert threading.active_count() < 50


def test_from_nats_each_message_comes_once_it_is_sent_and_bad_ones_are_buried(
    nats_url: str, namespace: str, runtime: Runtime
) -> None:
    settings = runtime.settings.model_copy(update={"broker_url": nats_url, "namespace": namespace})
    connect = connector(settings, STREAMS, 50)
    connect().close()  # makes the stream
    bodies = [json.dumps(event(number)).encode() for number in range(120)]
    asyncio.run(_publish(nats_url, namespace, [*bodies, b"broken"]))
    looks = iter(range(1_000))
    opened: list[Broker] = []

    def remembered() -> Broker:
        opened.append(connect())
        return opened[-1]

    def close_once(counts: ConsumerCounts, idle: bool) -> bool:
        if next(looks) == 1:
            opened[-1].close()
        return idle and counts.dead == 1

    consume(runtime, remembered, batch=50, seconds=0.6, is_over=close_once)
    assert events_of(runtime) == sorted(f"e{number}" for number in range(120))
    asyncio.run(_drop(nats_url, namespace))


async def _publish(url: str, prefix: str, bodies: Sequence[bytes]) -> None:
    client = await nats.connect(url)
    for body in bodies:
        await client.jetstream().publish(f"{prefix}.events", body)
    await client.close()


async def _drop(url: str, prefix: str) -> None:
    client = await nats.connect(url)
    await client.jetstream().delete_stream(prefix)
    await client.close()
