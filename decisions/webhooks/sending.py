"""One message to one subscriber: by HTTP, or as an e-mail."""

import ipaddress
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import httpx
import orjson

from data.errors import ArgosyError
from data.messages import MessageDelivery, Subscription
from data.settings import Settings
from decisions.webhooks.signing import sign

TIMEOUT_SECONDS = 10.0
Send = Callable[[Subscription, MessageDelivery], None]


class SendError(ArgosyError):
    """A message was not taken; it is tried again later."""


def check_address(url: str, settings: Settings) -> None:
    """Raise SendError for an address that messages must not go to.

    url: https://, http:// or mailto:. settings: whether private addresses are allowed, and where
    e-mails go out. Names are looked up anew before each message.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise SendError(f"{url}: {error}") from error
    if parts.scheme == "mailto":
        if settings.smtp_url is None:
            raise SendError(f"{url}: ARGOSY_SMTP_URL is not set, so no e-mail can go out")
        if "@" not in parts.path:
            raise SendError(f"{url}: say mailto:name@example.com")
        return
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SendError(f"{url}: say https://host/path, or mailto:name@example.com")
    if settings.webhook_private_addresses:
        return
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(parts.hostname, port)}
    except (OSError, ValueError) as error:  # names that cannot be written in ASCII, too
        raise SendError(f"{url}: no such host ({error})") from error
    for address in sorted(found):
        if not ipaddress.ip_address(address.split("%")[0]).is_global:
            raise SendError(
                f"{url}: {address} is no public address; set ARGOSY_WEBHOOK_PRIVATE_ADDRESSES=true "
                "where receivers are within your own network"
            )


def body_of(delivery: MessageDelivery) -> bytes:
    """The JSON that a subscriber gets: id, kind, key, occurred_at, data."""
    return orjson.dumps(
        {
            "id": delivery.message_id,
            "kind": delivery.kind,
            "key": delivery.key,
            "occurred_at": delivery.occurred_at,
            "data": delivery.data,
        },
        option=orjson.OPT_UTC_Z,
    )


def sender(settings: Settings, client: httpx.Client | None = None) -> Send:
    """A function that sends one message and raises SendError where it is not taken.

    settings: for addresses and e-mail; client: of the connections; None: a new one. Any answer of
    200 to 299 takes the message; redirects are not followed.
    """
    connections = client or httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)

    def send(subscription: Subscription, delivery: MessageDelivery) -> None:
        check_address(subscription.url, settings)
        if subscription.url.startswith("mailto:"):
            _mail(settings, subscription, delivery)
        else:
            _post(connections, subscription, delivery)

    return send


def _post(client: httpx.Client, subscription: Subscription, delivery: MessageDelivery) -> None:
    body, at = body_of(delivery), int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "argosy-webhooks",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(subscription.secret, delivery.message_id, at, body),
    }
    try:
        answer = client.post(subscription.url, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise SendError(f"no answer: {error!r}") from error
    if not answer.is_success:
        raise SendError(f"answered {answer.status_code}")


def _mail(settings: Settings, subscription: Subscription, delivery: MessageDelivery) -> None:
    server = urlsplit(settings.smtp_url or "")
    message = EmailMessage()
    text = str(delivery.data.get("text", delivery.kind))
    message["Subject"] = f"Argosy: {text}"[:200].replace("\n", " ")
    message["From"] = settings.smtp_from
    message["To"] = unquote(urlsplit(subscription.url).path)
    message["Message-ID"] = f"<{delivery.message_id}@argosy>"
    pretty = orjson.dumps(orjson.loads(body_of(delivery)), option=orjson.OPT_INDENT_2)
    message.set_content(f"{text}\n\n{pretty.decode()}\n")
    try:
        context = ssl.create_default_context()
        host, port = server.hostname or "localhost", server.port or 25
        kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
        with kind(host, port, timeout=TIMEOUT_SECONDS) as connection:
            if server.scheme == "smtp" and connection.has_extn("starttls"):
                connection.starttls(context=context)
            if server.username:
                connection.login(unquote(server.username), unquote(server.password or ""))
            connection.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise SendError(f"the e-mail was not taken: {error}") from error
