"""Signatures of messages: what fits is taken, all else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.webhooks.signing import (
    TOLERANCE_SECONDS,
    SignatureError,
    make_secret,
    sign,
    verify,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_example_of_standard_webhooks() -> None:
    body = b'{"test": 2432232314}'
    found = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=50), st.text("abc_", min_size=1), st.integers(0, 2_000_000_000))
def test_what_was_signed_is_taken_among_others_within_the_time(
    body: bytes, message_id: str, timestamp: int
) -> None:
    signature = f"v1,other {sign(SECRET, message_id, timestamp, body)}"
    for late in (-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS):
        verify(SECRET, message_id, timestamp, body, signature=signature, now=timestamp + late)


@pytest.mark.parametrize(
    "changed",
    [
        {"body": b"other"},
        {"message_id": "msg_2"},
        {"secret": make_secret()},
        {"now": 1_000.0 + TOLERANCE_SECONDS + 1},
        {"signature": ""},
    ],
)
def test_whatever_is_changed_is_refused(changed: dict[str, object]) -> None:
    given_: dict[str, object] = {
        "secret": SECRET,
        "message_id": "msg_1",
        "timestamp": 1_000,
        "body": b"body",
        "signature": sign(SECRET, "msg_1", 1_000, b"body"),
        "now": 1_000.0,
    }
    given_ |= changed
    first = [given_.pop(name) for name in ("secret", "message_id", "timestamp", "body")]
    with pytest.raises(SignatureError):
        verify(*first, **given_)  # type: ignore[arg-type]


def test_secrets_are_never_the_same() -> None:
    assert make_secret() != make_secret()
    assert make_secret().startswith("whsec_")
