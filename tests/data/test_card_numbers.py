"""Card numbers are found wherever they stand, and other numbers are let through."""

import pytest

from data.card_numbers import holds_card_number

CARD_NUMBER = "4111 1111-1111 1111"


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        CARD_NUMBER,
        "4111.1111.1111.1111 12/27",
        "pay with 5555 5555 5555 4444, please",
        "378282246310005",
        "6011000990139424",
        "PAN4111111111111111",
        "４１１１ １１１１ １１１１ １１１１",
        "4222222222222",
        "4111\u20101111\u20131111\u20141111",
        "4111\u200b1111\u200b1111\u2060111\u00ad1",
        "4111\u00a01111\u20091111\u202f1111",
        "٤١١١١١١١١١١١١١١١",
    ],
)
def test_card_numbers_are_found(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",
        "1700000000000",
        "tok_1N3kq2eZvKYlo2C",
        "550e8400-e29b-41d4-a716-446655440000",
        "4d186321c1a7f0f354b297e8914ab2404111111111111111",
        "2017-12-30T18:04:05.123456Z",
        "192.168.100.200",
        "+49 30 1234567",
        "",
    ],
)
def test_other_numbers_are_let_through(text: str) -> None:
    assert not holds_card_number(text)
