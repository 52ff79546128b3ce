"""Column names of an export, found in any language, letter case and punctuation."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from data.sources.places import fold

Translations = Mapping[str, Sequence[str]]
_CHILD = re.compile(r"(?P<column>.+) \((?P<parent>[^()]+)\)$")


@dataclass(frozen=True)
class Header:
    """The column names of one file, and what a mapping calls them.

    names: as the file has them, in order. translations: a mapping's name -> the same in other
    languages or versions; parts of a path (`Order Lines/Quantity`, `Quantity (Items)`) are
    translated one by one.
    """

    names: tuple[str, ...]
    translations: Translations = field(default_factory=dict)

    def find(self, wanted: str) -> str | None:
        """The file's own name of a column; None when the file lacks it.

        wanted: the mapping's name of the column.
        """
        if wanted in self.names:
            return wanted
        for spelling in (wanted, *self.translations.get(wanted, ())):
            if (found := self._folded.get(fold(spelling))) is not None:
                return found
        parts = _path(wanted)
        return self._by_path(parts) if len(parts) > 1 else None

    def nearest(self, wanted: str) -> str | None:
        """The file's column that looks most like the wanted one; None when none does."""
        spellings = [fold(name) for name in (wanted, *self.translations.get(wanted, ()))]
        for spelling in spellings:
            near = difflib.get_close_matches(spelling, list(self._folded), n=1, cutoff=0.75)
            if near:
                return self._folded[near[0]]
        return None

    @cached_property
    def _folded(self) -> Mapping[str, str]:
        return {fold(name): name for name in reversed(self.names) if fold(name)}

    def _by_path(self, parts: Sequence[str]) -> str | None:
        spellings = [self._spellings(part) for part in parts]
        for name in self.names:
            found = _path(name)
            if len(found) == len(parts) and all(
                fold(part) in known for part, known in zip(found, spellings, strict=True)
            ):
                return name
        return None

    def _spellings(self, part: str) -> set[str]:
        return {fold(name) for name in (part, *self.translations.get(part, ()))}


def _path(name: str) -> tuple[str, ...]:
    """`Order Lines/Quantity` and `Quantity (Items)` as parent and column."""
    child = _CHILD.match(name)
    if child:
        return (child["parent"], child["column"])
    return tuple(part.strip() for part in name.split("/"))
