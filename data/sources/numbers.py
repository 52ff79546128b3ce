"""Numbers and amounts as people and shop systems write them: `1.234,56 €`, `£12.00`, `1'234.50`."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

DecimalMark = Literal[".", ","]

# Between digits, what parts thousands and is no mark: blanks and apostrophes before three digits.
_THIN = re.compile(r"(?<=\d)[\s'’`´\u066c_](?=\d{3}(?!\d))")
_MINUS = dict.fromkeys(map(ord, "−–‒﹣－"), "-")
_AMOUNT = re.compile(
    r"(?P<before>\D{0,8}?)(?P<number>(?:\d[\d.,]*|(?<![^\W\d])[.,]\d+)(?:[eE][+-]?\d+)?)(?P<after>\D{0,12})$"
)
_GROUPED = re.compile(r"-?\d{1,3}(?P<mark>[.,])\d{3}$")


def bare_number(text: str) -> str | None:
    """Only digits, marks and sign of an amount; None when there is no number in it.

    >>> bare_number("1 234,56 €")
    '1234,56'
    >>> bare_number("(£12.00)")
    '-12.00'
    """
    plain = unicodedata.normalize("NFKC", text).translate(_MINUS).strip()
    plain = "".join(_digit(letter) for letter in plain.replace("\u066b", ","))
    found = _AMOUNT.match(_THIN.sub("", plain))
    if found is None:
        return None
    before, after = found["before"], found["after"]
    negative = "-" in before or "(" in before or after.endswith("-")
    return ("-" if negative else "") + found["number"].rstrip(".,")


def decimal_mark(texts: Iterable[str], *, is_whole_money: bool = False) -> DecimalMark | None:
    """The decimal mark that the texts of one file show; None when nothing shows it.

    `1,234` shows nothing: it may be a thousand or one and a bit. A file whose texts show both marks
    has None too. is_whole_money: its currencies have no minor units, as yen: a mark before three
    digits parts thousands then.
    """
    shown: set[DecimalMark] = set()
    grouping: set[str] = set()
    for text in texts:
        bare = bare_number(text) or ""
        found = _mark_shown(bare)
        if found is not None:
            shown.add(found)
        elif grouped := _GROUPED.match(bare):
            grouping.add(grouped["mark"])
    if not shown and is_whole_money and len(grouping) == 1:
        return "." if grouping == {","} else ","
    return shown.pop() if len(shown) == 1 else None


def canonical_number(text: str, mark: DecimalMark | None) -> str | None:
    """The number as `-1234.56`; None when it cannot be read without guessing.

    text: the amount as written, with or without currency. mark: the file's decimal mark; None
    when nothing shows it (`1,234` cannot be read then, `1.234` has a decimal point).
    """
    bare = bare_number(text)
    if bare is None:
        return None
    decimal = _mark_shown(bare) or mark
    if decimal is None:
        if _GROUPED.match(bare) and "," in bare:
            return None
        decimal = "."
    grouping = "," if decimal == "." else "."
    plain = bare.replace(grouping, "").replace(decimal, ".")
    return plain if plain.count(".") <= 1 else None


def _mark_shown(bare: str) -> DecimalMark | None:
    """The decimal mark that one bare number proves."""
    point, comma = bare.rfind("."), bare.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    if bare.count(".") > 1:
        return ","
    if bare.count(",") > 1:
        return "."
    if point < 0 and comma < 0:
        return None
    if _GROUPED.match(bare) and not bare.lstrip("-").startswith("0"):  # 0,250 is no thousand
        return None
    return "." if point >= 0 else ","


def _digit(letter: str) -> str:
    """Digits of any script as 0–9."""
    if letter.isdecimal() and not letter.isascii():
        return str(unicodedata.decimal(letter))
    return letter
