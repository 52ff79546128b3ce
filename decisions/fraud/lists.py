"""Block, watch and allow lists: what an analyst knows of a card, device, address, customer.

An IP address may be a network (`203.0.113.0/24`, `2001:db8::/48`), an e-mail domain stands for its
subdomains, too, and a card's first digits (BIN) for all that begin so.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Literal, Self, get_args

from data.decisions import Note
from data.errors import ArgosyError

ListName = Literal["allow", "watch", "block"]
Column = Literal[
    "customer_id",
    "card_id",
    "device_id",
    "ip_address",
    "email_hash",
    "email_domain",
    "card_bin",
    "billing_country",
    "shipping_country",
    "ip_country",
]
COLUMNS: tuple[Column, ...] = get_args(Column)
_COUNTRIES = frozenset({"billing_country", "shipping_country", "ip_country"})
# The widest networks that one entry may name: a wider one is a slip of the pen.
WIDEST_IPV4, WIDEST_IPV6 = 8, 19
MOST_ENTRIES = 100_000


class EntryValueError(ArgosyError):
    """A value is none that its column can have."""


@dataclass(frozen=True)
class ListEntry:
    """One entry. entry_id: of its list, column and value; expires_at: None is never."""

    entry_id: str
    list: ListName
    column: Column
    value: str
    reason: str
    author: str
    added_at: datetime
    expires_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether the entry has not expired by `now`."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True)
class Lists:
    """All entries, found by what they name. A value is found whatever its case and width."""

    entries: Mapping[tuple[str, str], tuple[ListEntry, ...]]

    def hit(self, payment: Mapping[str, Any], now: datetime) -> tuple[ListEntry, ...]:
        """The entries that name something of the payment.

        payment: its fields by name; now: the moment; an entry that has expired by then does not
        count.
        """
        if not self.entries:
            return ()
        named = ((name, payment[name]) for name in COLUMNS if payment.get(name) is not None)
        found = (
            self.entries.get((name, form), ())
            for name, value in named
            for form in self._forms(name, str(value))
        )
        return tuple(entry for some in found for entry in some if entry.holds(now))

    def _forms(self, column: Column, value: str) -> Iterator[str]:
        """What an entry that names this value may have as its own."""
        if column == "ip_address":
            yield from self._networks_of(value)
        elif column == "email_domain":
            parts = normal_form(column, value).split(".")
            yield from (".".join(parts[place:]) for place in range(len(parts)))
        elif column == "card_bin":
            digits = normal_form(column, value)
            yield from (digits[:length] for length in self._bin_lengths if length <= len(digits))
        else:
            yield folded(value)

    def _networks_of(self, value: str) -> Iterator[str]:
        try:
            address = ipaddress.ip_address(value.strip())
        except ValueError:  # no address: whatever the shop sends is compared as it is
            yield folded(value)
            return
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        yield str(address)
        for length in self._prefixes[address.version]:
            yield str(ipaddress.ip_network((address, length), strict=False))

    @cached_property
    def _prefixes(self) -> Mapping[int, tuple[int, ...]]:
        """The lengths of the prefixes that entries have, by the version of the address."""
        found: dict[int, set[int]] = {4: set(), 6: set()}
        for column, value in self.entries:
            if column == "ip_address" and "/" in value:
                network = ipaddress.ip_network(value)
                found[network.version].add(network.prefixlen)
        return {version: tuple(sorted(lengths)) for version, lengths in found.items()}

    @cached_property
    def _bin_lengths(self) -> tuple[int, ...]:
        return tuple(sorted({len(value) for column, value in self.entries if column == "card_bin"}))

    def all(self) -> list[ListEntry]:
        """Every entry, the newest first."""
        every = (entry for some in self.entries.values() for entry in some)
        return sorted(every, key=lambda entry: entry.added_at, reverse=True)

    @classmethod
    def of(cls, notes: Iterable[Note]) -> Self:
        """From the newest note of each entry; one that was removed is not there."""
        found: dict[tuple[str, str], tuple[ListEntry, ...]] = {}
        for note in notes:
            if note.body.get("removed"):
                continue
            entry = entry_of(note)
            place = (entry.column, _stored_form(entry))
            found[place] = (*found.get(place, ()), entry)
        return cls(found)


def entry_of(note: Note) -> ListEntry:
    """A note of the journal as an entry of a list."""
    body = note.body
    until = body.get("expires_at")
    return ListEntry(
        entry_id=note.key,
        list=body["list"],
        column=body["column"],
        value=body["value"],
        reason=body["reason"],
        author=note.author,
        added_at=note.at,
        expires_at=datetime.fromisoformat(until) if until else None,
    )


def _stored_form(entry: ListEntry) -> str:
    """The normal form of an entry; one kept by an older version, whose value is none any more,
    names what is written so."""
    try:
        return normal_form(entry.column, entry.value)
    except EntryValueError:
        return folded(entry.value)


def normal_form(column: Column, value: str) -> str:
    """The one form in which a value of a column is compared. Raises EntryValueError.

    column: what the value is of; value: as it was written.

    >>> normal_form("ip_address", "2001:DB8:0::1/48"), normal_form("email_domain", "@Mail.Example.")
    ('2001:db8::/48', 'mail.example')
    """
    text = folded(value)
    if column == "ip_address":
        return _network_form(text)
    if column == "email_domain":
        return text.strip("@.")
    if column == "card_bin":
        digits = re.sub(r"[ -]", "", text)
        if not re.fullmatch(r"\d{4,8}", digits):
            raise EntryValueError(f"{value!r}: a card's first digits are 4 to 8 figures")
        return digits
    if column in _COUNTRIES and not re.fullmatch("[a-z]{2}", text):
        raise EntryValueError(f"{value!r}: a country is two letters (ISO 3166-1), such as DE")
    return text


def _network_form(text: str) -> str:
    if "/" not in text:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return str(mapped or address)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise EntryValueError(
            f"{text!r} is no network; write one such as 203.0.113.0/24 or 2001:db8::/48"
        ) from None
    widest = WIDEST_IPV4 if network.version == 4 else WIDEST_IPV6
    if network.prefixlen < widest:
        raise EntryValueError(f"{text!r} names too many addresses; /{widest} is the widest")
    return str(network)


def folded(value: str) -> str:
    """One form for what looks alike: width, case, surrounding space (Unicode NFKC, casefold),
    characters that are not seen, and letters of other scripts that look like a Latin one (Unicode
    TS 39, confusables).

    >>> folded(" ＭＡＸ@Example.com") == folded("max@example.COM")
    True
    >>> folded("mаx@exаmple.com")  # with a Cyrillic а
    'max@example.com'
    """
    plain = unicodedata.normalize("NFKC", value).strip()
    if plain.isascii():
        return plain.casefold()
    # Before and after: a capital may look like a Latin one where the small letter does not.
    return "".join(map(_latin, "".join(map(_latin, plain)).casefold()))


@lru_cache(maxsize=4_096)
def _latin(letter: str) -> str:
    """The ASCII letter, figure or sign that it looks like; itself where there is none, and nothing
    for what is not seen."""
    if letter.isascii():
        return letter
    if unicodedata.category(letter) == "Cf":
        return ""
    from confusable_homoglyphs.confusables import confusables_data  # a megabyte, seldom needed

    alike = (each["c"] for each in confusables_data.get(letter, ()))
    return next((each for each in alike if len(each) == 1 and each.isascii()), letter)
