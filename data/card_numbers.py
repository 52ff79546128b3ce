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
# How card numbers of each brand begin, and how long they are (ISO/IEC 7812, the brands' tables).
_BRANDS: tuple[tuple[range, tuple[int, ...]], ...] = (
    (range(400_000, 500_000), (13, 16, 19)),  # Visa
    (range(222_100, 272_100), (16,)),  # Mastercard
    (range(510_000, 560_000), (16,)),
    (range(340_000, 350_000), (15,)),  # American Express
    (range(370_000, 380_000), (15,)),
    (range(300_000, 306_000), (14, 16, 17, 18, 19)),  # Diners Club
    (range(360_000, 370_000), (14, 16, 17, 18, 19)),
    (range(380_000, 400_000), (14, 16, 17, 18, 19)),
    (range(352_800, 359_000), (16, 17, 18, 19)),  # JCB
    (range(500_000, 510_000), (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    (range(560_000, 700_000), (13, 14, 15, 16, 17, 18, 19)),  # Maestro, Discover, UnionPay
)
# YYMMDD of 2015 to 2035; with the century no brand's numbers begin so.
_DATE = re.compile(r"(1[5-9]|2\d|3[0-5])(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
# Ids that a shop gives: they may bear a date, or be an article number (GTIN-13).
_OWN_IDS = frozenset(
    column.name
    for table in TABLES.values()
    for column in table.columns
    if column.kind == "id" and column.name != "card_id"
) | {"return_id"}
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
            if _is_own_id(name, inner) or (name in _PLAIN and _is_short(inner)):
                continue
            if name in _PLAIN:
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


def _is_own_id(name: str, value: Any) -> bool:
    """True if a field is an id of the shop's own whose digits are a date and a number, or one of
    the 13 digits of an article number."""
    if name not in _OWN_IDS or not isinstance(value, str):
        return False
    digits = re.sub(r"\D", "", value)
    return len(digits) == _LENGTHS.start or _DATE.match(digits) is not None


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
    """Whether digits that begin and end as a card number of some brand does (the last is the Luhn
    check) are in it.

    Digits may be grouped by spaces, dashes of any kind, dots or slashes, parted by signs that are
    not seen, and of any script. UUIDs and hashes are no card numbers.

    >>> holds_card_number("card 4111-1111 1111 1111"), holds_card_number("4111111111111112")
    (True, False)
    """
    if len(text) < _LENGTHS.start or (text.isascii() and _RUN.search(text) is None):
        return False
    plain = _HEX.sub(" ", text if text.isascii() else _plain(text))
    return any(_is_card(digits) for run in _RUN.findall(plain) for digits in _candidates(run))


def _plain(text: str) -> str:
    """The text with every dash and space as ASCII has it, without signs that are not seen."""
    seen = {"Pd": "-", "Zs": " ", "Cf": "", "Mn": "", "Me": ""}
    letters = unicodedata.normalize("NFKC", text)
    return "".join(seen.get(unicodedata.category(letter), letter) for letter in letters)


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
    if len(digits) not in _LENGTHS or not _is_of_brand(digits):
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _is_of_brand(digits: str) -> bool:
    first = int(digits[:6])
    return any(first in begins and len(digits) in lengths for begins, lengths in _BRANDS)
