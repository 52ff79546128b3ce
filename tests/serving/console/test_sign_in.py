"""After signing in, people come back to a page of the console and nowhere else."""

import pytest

from serving.console.sign_in import safe_address


@pytest.mark.parametrize(
    ("asked", "safe"),
    [
        ("/orders?state=draft&urgency=week", "/orders?state=draft&urgency=week"),
        ("/orders/line?id=DE1~p1~S01", "/orders/line?id=DE1~p1~S01"),
        ("", "/today"),
        (None, "/today"),
        ("//evil.example/", "/today"),
        ("/\\evil.example", "/today"),
        ("https://evil.example/", "/today"),
        ("javascript:alert(1)", "/today"),
        ('/orders"><script>', "/orders%22%3E%3Cscript%3E"),
        ("/orders\r\nSet-Cookie: a=b", "/orders%0D%0ASet-Cookie:%20a=b"),
    ],
)
def test_safe_address(asked, safe):
    assert safe_address(asked) == safe
