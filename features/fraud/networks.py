"""What a card's first digits and an address have in common with others': their BIN and network."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import pandas as pd

IPV4_PREFIX, IPV6_PREFIX = 24, 56  # what one customer of a provider is commonly given, at most
_APART = re.compile(r"[ -]")
_BIN = re.compile(r"\d{4,8}")


@lru_cache(maxsize=65_536)
def network_of(address: str) -> str | None:
    """The network of an IP address; None for a text that is none.

    >>> network_of("203.0.113.9"), network_of("2001:db8::1"), network_of("::ffff:203.0.113.9")
    ('203.0.113.0', '2001:db8::', '203.0.113.0')
    """
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    found = mapped or found
    length = IPV4_PREFIX if found.version == 4 else IPV6_PREFIX
    return str(ipaddress.ip_network((found, length), strict=False).network_address)


def bin_of(digits: str) -> str | None:
    """A card's first 4 to 8 digits in one form; None for a text that is none.

    >>> bin_of("4111 11"), bin_of("visa")
    ('411111', None)
    """
    plain = _APART.sub("", digits)
    return plain if _BIN.fullmatch(plain) else None


# Column of the plan -> the column of payments that it is made of, and how.
DERIVED: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    "ip_network": ("ip_address", network_of),
    "bin": ("card_bin", bin_of),
}


def derived_columns(payments: pd.DataFrame) -> pd.DataFrame:
    """Payments with the columns of DERIVED; those made of a column that is not there are empty."""
    made = {}
    for name, (source, form) in DERIVED.items():
        if source not in payments:
            made[name] = pd.Series(None, payments.index, dtype=object)
            continue
        known = payments[source].dropna().astype(str)
        forms = {value: form(value) for value in known.unique()}
        made[name] = known.map(forms).reindex(payments.index).astype(object)
    return payments.assign(**made)
