"""Texts that may be the id of a person: a value alone, a value in JSON, or a word of prose."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

_WORD = re.compile(r"[\w-]+")


def texts_in(text: str) -> Iterator[str]:
    """A text, every value and name in it where it is JSON, and the words of each.

    >>> sorted(set(texts_in('{"customer_id": "c-1", "note": "ask c-1"}')) & {"c-1", "ask c-1"})
    ['ask c-1', 'c-1']
    """
    try:
        values = list(_values(orjson.loads(text)))
    except orjson.JSONDecodeError:
        values = []
    for each in (text, *values):
        yield each
        yield from _WORD.findall(each)


def _values(value: Any) -> Iterator[str]:
    """Every text in JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for each in value.values():
            yield from _values(each)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each)
