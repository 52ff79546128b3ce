"""Which part answers which address, and that no other site may ask in a person's name."""

import pytest

from serving.console.mount import is_same_origin


def scope(**headers):
    return {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"host": "shop.example"}, True),
        ({"host": "shop.example", "origin": "https://shop.example"}, True),
        ({"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"}, True),
        ({"host": "shop.example", "origin": "https://evil.example"}, False),
        ({"host": "shop.example", "origin": "https://shop.example.evil.example"}, False),
        ({"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:9000"}, False),
        ({"host": "shop.example", "origin": "null"}, False),
        ({"origin": ""}, True),
        (
            {"host": "inner", "x-forwarded-host": "shop.example", "origin": "https://shop.example"},
            True,
        ),
    ],
)
def test_is_same_origin(headers, same):
    assert is_same_origin(scope(**headers)) is same
