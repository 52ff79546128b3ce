"""Block, watch and allow lists: what an analyst knows of a card, device, address, customer."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, Self, get_args

from data.decisions import Note

ListName = Literal["allow", "watch", "block"]
Column = Literal["customer_id", "card_id", "device_id", "ip_address", "email_hash"]
COLUMNS: tuple[Column, ...] = get_args(Column)


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
        found = (self.entries.get((name, folded(str(value))), ()) for name, value in named)
        return tuple(entry for some in found for entry in some if entry.holds(now))

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
            place = (entry.column, folded(entry.value))
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
