"""An e-mail as a real SMTP server receives it."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from data.messages import OutgoingMessage, Subscription
from data.records import Records
from data.settings import Settings
from decisions.webhooks.delivery import RetryPolicy, deliver_due
from decisions.webhooks.sending import sender


class _Mailbox(Message):
    """Keeps what it receives."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[bytes] = []

    def handle_message(self, message: object) -> None:
        self.received.append(bytes(message))  # type: ignore[call-overload]


@pytest.fixture
def mailbox() -> Iterator[tuple[_Mailbox, str]]:
    box = _Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, f"smtp://127.0.0.1:{port}"
    controller.stop()


def test_an_alert_arrives_as_an_e_mail(settings: Settings, mailbox: tuple[_Mailbox, str]) -> None:
    box, url = mailbox
    records = Records(settings.database)
    records.migrate()
    ann = Subscription("ann", "mailto:ann@example.com", (), "whsec_", datetime.now(UTC))
    records.outbox.subscribe(ann)
    text = "sales went down by 100% in warehouse_id DE1"
    records.outbox.send([OutgoingMessage("alert.raised", "demand", {"text": text})])
    away = settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    at_once = RetryPolicy(first_seconds=0.0, attempts=2)
    assert deliver_due(records, sender(away), policy=at_once).dead == 1
    records.outbox.replay("ann", since=datetime(2024, 1, 1, tzinfo=UTC), only_dead=True)
    here = settings.model_copy(update={"smtp_url": url})
    assert deliver_due(records, sender(here)).delivered == 1
    (raw,) = box.received
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Subject"] == f"Argosy: {text}"
    assert mail["To"] == "ann@example.com"
    assert '"kind": "alert.raised"' in mail.get_content()
    records.close()
