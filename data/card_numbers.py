"""Card numbers and verification codes are refused: never stored, never logged, never repeated."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from data.tables import TABLES

_RUN = re.compile(r"\d(?:[ \-._/]{0,2}\d){12,}")
_HEX = re.compile(r"(?=[0-9a-f-]*[a-f])[0-9a-f-]{20,}", re.IGNORECASE)
_CODE_NAMES = re.compile(
    r"(card_?|x_)*(cvv|cvc|cvn|cid|csc|cav)[0-9]?(_?(code|value))?"
    r"|(x_)?(card_?)?(security|verification)_?(code|value)|(x_)?(card_?number|pan)",
    re.IGNORECASE,
)
_LENGTHS = range(13, 20)
# Names that are known to be none of those.
_PLAIN = frozenset(column.name for column in TABLES["payments"].columns)


def find_card_data(body: Any) -> list[tuple[str, str]]:
    """Every field of a JSON body that holds a card number or is named for a card's code.

    Returns (JSON pointer, what it is) a field; a value is never repeated.
    """
    return list(_found(body, ""))


def _found(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in _PLAIN:
                if not _is_short(inner):
                    yield from _found(inner, f"{pointer}/{name}")
            elif holds_card_number(name):
                yield f"{pointer}/(a name)", "a card number"
            elif _CODE_NAMES.fullmatch(name) and inner is not None:
                yield f"{pointer}/{name}", "a field for card data"
            else:
                yield from _found(inner, f"{pointer}/{name[:128]}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _found(item, f"{pointer}/{place}")
    elif holds_card_number(_text_of(value)):
        yield pointer, "a card number"


def _is_short(value: Any) -> bool:
    """Most values are too short to be a card number."""
    if isinstance(value, str):
        return len(value) < _LENGTHS.start
    return isinstance(value, int | float) and abs(value) < 10 ** (_LENGTHS.start - 1)


def _text_of(value: Any) -> str:
    """A text, or a whole number's digits; anything else holds no card number."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and abs(value) < 1e20 and value == int(value):
        return str(int(value))
    return ""


def holds_card_number(text: str) -> bool:
    """Whether 13 to 19 digits that pass the Luhn check, as card numbers begin (2 to 6), are in it.

    Digits may be grouped by spaces, dashes, dots or slashes, and of any script. UUIDs and hashes
    are no card numbers.

    >>> holds_card_number("card 4111-1111 1111 1111"), holds_card_number("4111111111111112")
    (True, False)
    """
    if len(text) < _LENGTHS.start or (text.isascii() and _RUN.search(text) is None):
        return False
    plain = _HEX.sub(" ", unicodedata.normalize("NFKC", text))
    return any(_is_card(digits) for run in _RUN.findall(plain) for digits in _candidates(run))


def _candidates(run: str) -> Iterator[str]:
    """The digits of a run, and of every row of whole groups in it (an expiry date may follow)."""
    groups = re.split(r"\D+", run)
    for first in range(len(groups)):
        digits = ""
        for group in groups[first:]:
            digits += group
            if len(digits) >= _LENGTHS.stop:
                break
            yield digits


def _is_card(digits: str) -> bool:
    if len(digits) not in _LENGTHS or not "2" <= str(int(digits[0])) <= "6":
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
