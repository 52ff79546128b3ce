"""Names that no other has."""

import re

from decisions.ids import fresh_id


def test_names_are_32_hexadecimal_digits_and_never_the_same() -> None:
    names = [fresh_id() for _ in range(10_000)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
