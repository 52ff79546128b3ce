"""What is wrong with how a mapping is written, in plain sentences."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from data.sources.mapping import Into, Join, MappingExpression, MappingItems, Sheet, SourceMapping
from data.tables import TABLES

_SOURCE = "a column's name in quotes, a list of them, or { from = … }"
_CONDITION = '"filled", "empty", "negative", "positive", or a list of texts such as ["Draft"]'
# What each kind of fault wants instead, by the checker's name for it.
_WANTED: Mapping[str, str] = {
    "string_type": "a text in quotes",
    "dict_type": "a section or { … }",
    "model_type": "a section or { … }",
    "tuple_type": 'a list such as ["X"]',
    "list_type": 'a list such as ["X"]',
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
}
_PARTS: Mapping[str, type[BaseModel]] = {
    "sheets": Sheet,
    "into": Into,
    "joins": Join,
    "items": MappingItems,
}
_BRANCHES = ("str", "float", "MappingExpression", "list[", "tuple[", "literal[")
Location = tuple[int | str, ...]


def fault_sentences(error: ValidationError, content: Mapping[str, Any]) -> list[str]:
    """One sentence a fault, with the place and the nearest key where there is one.

    error: of the check. content: what was checked.
    """
    faults = {fault["loc"]: fault for fault in error.errors()}
    found: dict[str, None] = {}
    for location, fault in faults.items():
        is_branch = _is_branch(location[-1])
        parent = location[:-1] if is_branch else location
        # Of several things that a value may be, only the one it nearly is has a fault inside.
        if is_branch and any(
            len(other) > len(location) and other[: len(parent)] == parent for other in faults
        ):
            continue
        place, keys = _place(parent, content)
        told = _told(
            fault["type"], parent, fault["input"], place, keys, is_one_of_several=is_branch
        )
        found[told] = None
    return list(found)


def _told(
    kind: str, location: Location, value: Any, place: str, keys: str, *, is_one_of_several: bool
) -> str:
    """place: the sheet and table, with a colon, or empty. keys: those that lead to the value."""
    above, _, key = keys.rpartition(".")
    at = f"{place}{above}: " if above else place
    if kind == "extra_forbidden" and key in TABLES:
        return f"{place}{key} takes a section: [{key}] and, below it, what it is made of"
    if kind == "extra_forbidden":
        return f"{at}there is no key {key}{nearest(key, _keys_of(_part_of(location[:-1])))}"
    if kind == "missing":
        return f"{at}says nothing of {key}, which it needs"
    wanted = _WANTED.get(kind, "something else")
    if is_one_of_several:
        wanted = _CONDITION if {"only", "skip"} & set(location) else _SOURCE
        if key in ("plus", "minus", "times", "over"):
            wanted = "a column's name in quotes or a number"
    elif kind == "dict_type" and keys == "words":
        wanted = 'a section: [words] and, below it, cancelled = ["X"]'
    elif kind in ("tuple_type", "list_type") and isinstance(value, str):
        wanted = f'a list such as ["{value}"]'
    elif isinstance(location[-1], int):
        wanted = "a list of texts in quotes" if kind == "string_type" else "a list of sections"
    return f"{place}{keys} takes {wanted}, not {_written(value)}"


def nearest(name: str, known: Sequence[str], sign: str = "") -> str:
    """`; is it …?` with the nearest known name; empty where none is near.

    name: as it was written. known: names that there are. sign: what stands before a name.
    """
    near = difflib.get_close_matches(name, known, n=1)
    return f"; is it {sign}{near[0]}?" if near else ""


def _is_branch(part: int | str) -> bool:
    return isinstance(part, str) and part.startswith(_BRANCHES)


def _part_of(location: Location) -> type[BaseModel]:
    """Which part of a mapping stands at a place."""
    if "MappingExpression" in location:
        return MappingExpression
    names = [part for part in location if part in _PARTS]
    return _PARTS[str(names[-1])] if names else SourceMapping


def _keys_of(part: type[BaseModel]) -> list[str]:
    """The keys of a part; a section named for a table has those of a sheet and of its table."""
    keys = [field.alias or name for name, field in part.model_fields.items()]
    return [*keys, *(_keys_of(Into) if part is Sheet else TABLES if part is SourceMapping else [])]


def _place(location: Location, content: Mapping[str, Any]) -> tuple[str, str]:
    """The sheet and the table in which something stands, and the keys below that lead to it."""
    place: list[str] = []
    keys: list[str] = []
    here: Any = content
    for part in (part for part in location if not _is_branch(part)):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        if part in ("sheets", "into") and part != location[-1]:
            continue
        if isinstance(part, str):
            keys += [] if part == "columns" and part != location[-1] else [part]
        elif len(keys) == 0 and isinstance(here, dict):
            is_sheet = not place
            name = here.get("name" if is_sheet else "table", part + 1)
            place.append(f"{'sheet' if is_sheet else 'into'} {name}")
    return (f"{' '.join(place)}: " if place else ""), ".".join(keys) or "sheets"


def _written(value: Any) -> str:
    """A value as TOML has it, not too long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value[:60]}"'
    return "a section" if isinstance(value, dict) else str(value)[:60]
