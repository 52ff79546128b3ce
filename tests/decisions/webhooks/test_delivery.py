"""Webhooks against a real receiver that fails a third of the time."""

import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from data.messages import MessageDelivery, OutgoingMessage, Subscription
from data.records import Records
from data.settings import Settings
from decisions.webhooks.delivery import RetryPolicy, deliver_due
from decisions.webhooks.sending import SendError, check_address, sender
from decisions.webhooks.signing import SignatureError, make_secret, sign, verify

AT_ONCE = RetryPolicy(first_seconds=0.0, attempts=60)


class Receiver:
    """An HTTP server that takes two messages of three; every second failure took it all the same,
    as a receiver does whose answer is lost."""

    def __init__(self, secret: str, share: float = 1 / 3) -> None:
        self.taken: list[tuple[str, str, int]] = []
        self.lock = threading.Lock()
        draw = random.Random(3)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                message_id, at = self.headers["webhook-id"], int(self.headers["webhook-timestamp"])
                signature = self.headers["webhook-signature"]
                verify(secret, message_id, at, body, signature=signature, now=time.time())
                told = json.loads(body)
                with receiver.lock:
                    fails, silent = draw.random() < share, draw.random() < 0.5
                    if not fails or silent:
                        entry = (told["id"], told["key"], told["data"]["number"])
                        receiver.taken.append(entry)
                self.send_response(503 if fails else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def private(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_private_addresses": True})


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    records = Records(settings.database)
    records.migrate()
    yield records
    records.close()


def subscribe(records: Records, url: str, *kinds: str, name: str = "erp") -> str:
    secret = make_secret()
    records.outbox.subscribe(Subscription(name, url, kinds, secret, datetime.now(UTC)))
    return secret


def numbered(count: int, keys: int) -> list[OutgoingMessage]:
    return [
        OutgoingMessage("order.exported", f"po{n % keys}", {"number": n // keys})
        for n in range(count)
    ]


def test_none_is_lost_and_each_key_keeps_its_order(records: Records, private: Settings) -> None:
    secret = subscribe(records, "http://127.0.0.1:1/")
    receiver = Receiver(secret)
    now = datetime.now(UTC)
    records.outbox.subscribe(Subscription("erp", receiver.url, (), secret, now))
    assert records.outbox.send(numbered(600, 40)) == 600
    client = httpx.Client(timeout=10.0)
    send = sender(private, client)
    report = deliver_due(records, send, policy=AT_ONCE)
    client.close()
    receiver.server.shutdown()
    receiver.server.server_close()
    assert (report.delivered, report.dead) == (600, 0)
    assert report.failed > 100
    first: dict[str, dict[str, int]] = defaultdict(dict)
    for message_id, key, number in receiver.taken:
        first[key].setdefault(message_id, number)
    assert sum(map(len, first.values())) == 600  # a duplicate has the id of the first
    assert len(receiver.taken) > 600
    for order in first.values():
        assert list(order.values()) == list(range(15))


def refuse(_: Subscription, __: MessageDelivery) -> None:
    raise SendError("answered 500")


def test_a_failure_holds_back_its_key_only_and_ends_as_a_dead_letter(records: Records) -> None:
    subscribe(records, "http://127.0.0.1:1/")
    records.outbox.send(numbered(4, 2))
    report = deliver_due(records, refuse, policy=RetryPolicy(first_seconds=60.0, attempts=2))
    assert (report.delivered, report.failed) == (0, 2)
    assert deliver_due(records, refuse).failed == 0  # both keys wait
    sent: list[str] = []
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert [one.key for one in records.outbox.due("erp", later, 10)] == ["po0", "po1"] * 2
    policy = RetryPolicy(first_seconds=0.0, attempts=1)
    records.outbox.replay("erp", since=later - timedelta(days=1))
    assert deliver_due(records, refuse, policy=policy).dead == 4
    dead = records.outbox.deliveries("erp", "dead")
    assert [one.error for one in dead] == ["answered 500"] * 4
    assert records.outbox.replay("erp", since=later - timedelta(days=1), only_dead=True) == 4
    deliver_due(records, lambda _, message: sent.append(message.message_id))
    assert sorted(sent) == sorted(one.message_id for one in dead)
    assert records.outbox.deliveries("erp", "dead") == []


def test_a_subscriber_gets_the_kinds_it_asked_for_and_later_ones_by_replay(
    records: Records,
) -> None:
    records.outbox.send([OutgoingMessage("order.received", "po9", {})])
    subscribe(records, "http://127.0.0.1:1/", "order.received", name="stock")
    records.outbox.send(
        [OutgoingMessage("order.exported", "po1", {}), OutgoingMessage("order.received", "po1", {})]
    )
    got: list[tuple[str, str]] = []
    deliver_due(records, lambda _, message: got.append((message.kind, message.key)))
    assert got == [("order.received", "po1")]
    assert records.outbox.replay("stock", since=datetime.now(UTC) - timedelta(days=1)) == 2
    deliver_due(records, lambda _, message: got.append((message.kind, message.key)))
    assert got[1:] == [("order.received", "po9"), ("order.received", "po1")]


def test_a_message_with_an_identity_is_written_once(records: Records) -> None:
    message = OutgoingMessage("segment.moved", "c1", {}, identity=("2026-01-01", "new", "loyal"))
    assert [records.outbox.send([message]) for _ in range(2)] == [1, 0]


def test_old_messages_are_dropped_unless_they_wait(records: Records) -> None:
    records.outbox.send(numbered(2, 2))
    subscribe(records, "http://127.0.0.1:1/")
    records.outbox.send(numbered(1, 1))
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert records.outbox.forget(later) == 2
    sent: list[str] = []
    deliver_due(records, lambda _, message: sent.append(message.key))
    assert sent == ["po0"]
    assert records.outbox.forget(later) == 1
    assert records.outbox.deliveries("erp", "delivered") == []


def test_a_signature_is_that_of_the_specification() -> None:
    """The example of the Standard Webhooks specification."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    found = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    given = (secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330)
    verify(*given, body, signature=f"v1,other {found}", now=1614265331.0)
    with pytest.raises(SignatureError, match="does not fit"):
        verify(*given, b"{}", signature=found, now=1614265331.0)
    with pytest.raises(SignatureError, match="5 minutes"):
        verify(*given, body, signature=found, now=1614265331.0 + 600)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://10.0.0.7/x", "http://[::1]/", "http://169.254.169.254/"]
)
def test_private_addresses_are_refused_unless_allowed(
    url: str, settings: Settings, private: Settings
) -> None:
    with pytest.raises(SendError, match="no public address"):
        check_address(url, settings)
    check_address(url, private)
    with pytest.raises(SendError, match="no such host"):
        check_address("https://hü..x/", settings)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/",
        "https://",
        "mailto:a@b.c",
        "x",
        "http://[",
        "http://a:99999/",
    ],
)
def test_what_cannot_be_sent_to_is_refused(url: str, private: Settings) -> None:
    with pytest.raises(SendError):
        check_address(url, private)
