"""Numbers as a reason tells them: never so short that the digits that matter are lost."""

import math
import re

_FIXED = re.compile(r"(\+?,?)\.(\d)([f%])")
_MOST_PLACES = 10
_SPANS = ((120.0, 1.0, "seconds"), (7_200.0, 60.0, "minutes"), (172_800.0, 3_600.0, "hours"))
DAY = 86_400.0  # seconds


class Figure(float):
    """A number that is printed with more places than asked for where it would lose its first two
    digits.

    >>> f"{Figure(0.0042):.2f} {Figure(0.00042):.1%} {Figure(1234.5):,.2f} {Figure(0.0):.1f}"
    '0.0042 0.042% 1,234.50 0.0'
    """

    def __format__(self, spec: str) -> str:
        """The number by a format of fixed places; other formats are as of any number."""
        found = _FIXED.fullmatch(spec)
        if found is None or not math.isfinite(self) or float(self).is_integer():
            return float.__format__(self, spec)
        head, places, kind = found.groups()
        shown = abs(self) * (100.0 if kind == "%" else 1.0)
        needed = 1 - math.floor(math.log10(shown))
        most = min(max(int(places), needed), _MOST_PLACES)
        return float.__format__(self, f"{head}.{most}{kind}")


def duration(seconds: float) -> str:
    """A length of time in the unit that suits it.

    >>> duration(45.0), duration(600.0), duration(86_400.0), duration(864_000.0)
    ('45 seconds', '10 minutes', '24 hours', '10 days')
    """
    for most, size, name in _SPANS:
        if abs(seconds) < most:
            return _counted(seconds / size, name)
    return _counted(seconds / DAY, "days")


def _counted(value: float, name: str) -> str:
    told = f"{value:,.1f}".removesuffix(".0")
    return f"{told} {name.removesuffix('s') if told == '1' else name}"


_PLURALS = {
    "payments": "payment",
    "declined payments": "declined payment",
    "frauds": "fraud",
    "cards": "card",
    "customers": "customer",
    "devices": "device",
    "IP addresses": "IP address",
    "delivery countries": "delivery country",
    "times": "time",
    "lines": "line",
}
_ONE = re.compile(rf"(?<![\w.,])1 ({'|'.join(sorted(_PLURALS, key=len, reverse=True))})(?!\w)")


def with_singulars(text: str) -> str:
    """A sentence in which one of something is not many.

    >>> with_singulars("1 payments with this card, 1.1 times the usual")
    '1 payment with this card, 1.1 times the usual'
    """
    return _ONE.sub(lambda found: f"1 {_PLURALS[found[1]]}", text)
