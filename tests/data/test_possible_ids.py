"""An id is found wherever an erasure would look for it."""

import pytest

from data.possible_ids import texts_in


@pytest.mark.parametrize(
    "text",
    [
        "c-ann-1",
        '{"unit": "c-ann-1"}',
        '{"c-ann-1": {"hides": 3}}',
        '[{"notes": ["customer c-ann-1 rang, twice"]}]',
        "customer c-ann-1, says (c-ann-1)",
    ],
)
def test_an_id_is_among_the_texts(text: str) -> None:
    assert "c-ann-1" in set(texts_in(text))


def test_numbers_and_other_words_are_no_ids() -> None:
    assert "c-ann-1" not in set(texts_in('{"a": 1, "b": [true, null], "c": "c-ann-12"}'))
