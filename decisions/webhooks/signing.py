"""Signatures of webhooks, as the Standard Webhooks specification has them.

`webhook-signature: v1,BASE64` of HMAC-SHA256 over `ID.TIMESTAMP.BODY` with the subscription's
secret, so that a receiver may use any of its libraries. https://www.standardwebhooks.com
"""

import base64
import hashlib
import hmac
import secrets

from data.errors import ArgosyError

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


class SignatureError(ArgosyError):
    """A message does not bear the signature of who it says it is from, or is too old."""


def make_secret() -> str:
    """A new secret of 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the `webhook-signature` header.

    secret: of the subscription, `whsec_…`; message_id: header `webhook-id`; timestamp: header
    `webhook-timestamp`, seconds since 1970; body: as sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(
    secret: str, message_id: str, timestamp: int, body: bytes, *, signature: str, now: float
) -> None:
    """What a receiver does. Raises SignatureError.

    secret, message_id, timestamp, body: as for `sign`; signature: as received, several parted by
    blanks; now: seconds since 1970.
    """
    if abs(now - timestamp) > TOLERANCE_SECONDS:
        raise SignatureError(f"the message is of {timestamp}, more than 5 minutes from now")
    expected = sign(secret, message_id, timestamp, body)
    if not any(hmac.compare_digest(each, expected) for each in signature.split()):
        raise SignatureError("the signature does not fit the message")
