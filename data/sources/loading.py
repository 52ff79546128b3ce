"""Mappings from TOML files, checked as a whole against our tables before anything is read."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from data.errors import ArgosyError
from data.sources.mapping import (
    Into,
    MappingExpression,
    Sheet,
    SourceMapping,
    Specification,
)
from data.sources.mapping_faults import fault_sentences, nearest
from data.sources.places import country_code, currency_code, fold
from data.tables import TABLES

# Values that any mapping may use as `$name`; --set and [defaults] change them.
KNOWN_DEFAULTS: Mapping[str, str] = {
    "time_zone": "UTC",
    "currency": "",
    "country": "",
    "warehouse": "",
    "counted_at": "",
    "decimal": "",
    "date_order": "",
}


class MappingError(ArgosyError):
    """A mapping says something that cannot be; all such faults at once."""


def preset_names() -> tuple[str, ...]:
    """The names of the mappings that ship with Argosy."""
    folder = resources.files("data.sources") / "presets"
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir()))


def load_mapping(name: str, values: Mapping[str, str] | None = None) -> SourceMapping:
    """A mapping by the name of a preset or the path of a TOML file.

    name: such as `shopify` or `shop/mapping.toml`. values: what --set says; goes over `defaults`.
    Raises MappingError with every fault.
    """
    content, label = _content(name)
    words: Mapping[str, list[str]] = content["words"]
    if faults := list(dict.fromkeys(_word_faults(content["sheets"], words))):
        raise MappingError("\n".join(f"{label}: {fault}" for fault in faults))
    del content["shipped"]
    mapping = SourceMapping.model_validate(_spelled_out(content, words))
    return with_values(mapping, values or {}, label=label)


def with_values(mapping: SourceMapping, values: Mapping[str, str], *, label: str) -> SourceMapping:
    """The mapping with values for its `$name`s.

    values: go over its `defaults`; label: names the mapping in a fault. Raises MappingError with
    every fault.
    """
    defaults = {**KNOWN_DEFAULTS, **mapping.defaults, **values}
    mapping = mapping.model_copy(update={"defaults": defaults})
    faults = [*_value_faults(defaults, mapping), *_faults(mapping)]
    if faults:
        raise MappingError("\n".join(f"{label}: {fault}" for fault in faults))
    return mapping


def _read(name: str, beside: Path | None) -> tuple[str, str, Path]:
    """The text of a mapping, its name for faults and where it is.

    name: of a preset, or a path: first from the folder of the mapping that names it (`beside`),
    then from the working directory.
    """
    if name in preset_names():
        preset = resources.files("data.sources") / "presets" / f"{name}.toml"
        return preset.read_text("utf-8"), name, Path(name)
    places = [beside / name, Path(name)] if beside else [Path(name)]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        near = difflib.get_close_matches(name.lower(), preset_names(), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise MappingError(
            f"there is no mapping {name!r}: {hint}name one of {', '.join(preset_names())}, "
            "or a TOML file"
        )
    try:
        return path.read_text("utf-8"), path.name, path.resolve()
    except UnicodeDecodeError as error:
        raise MappingError(f"{path.name} is not UTF-8 ({error}); save it as UTF-8") from error


def _content(
    name: str, beside: Path | None = None, above: Mapping[Path, str] | None = None
) -> tuple[dict[str, Any], str]:
    """What a mapping says, with what it extends and all its words, and its name for faults.

    above: the mappings that led here by `extends`, with their names.
    """
    text, label, path = _read(name, beside)
    chain = {**(above or {}), path: label}
    if above and path in above:
        circle = [*list(above.values())[list(above).index(path) :], label]
        raise MappingError(f"extends goes round in a circle: {' → '.join(circle)}")
    content: dict[str, Any] = {}
    try:
        content = _without_shorthand(tomllib.loads(text))
        own = SourceMapping.model_validate(content)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{label} is no TOML: {error}") from error
    except ValidationError as error:
        told = fault_sentences(error, content)
        raise MappingError("\n".join(f"{label}: {fault}" for fault in told)) from error
    if own.extends:
        base, _ = _content(own.extends, path.parent, chain)
    else:
        shipped = resources.files("data.sources") / "words.toml"
        base = {"words": tomllib.loads(shipped.read_text("utf-8"))}
        base["shipped"] = list(base["words"])
    for part in ("defaults", "headers"):
        content[part] = {**base.get(part, {}), **content.get(part, {})}
    content["sheets"] = [*content.get("sheets", []), *base.get("sheets", [])]
    names = dict.fromkeys([*base["words"], *own.words])
    content["words"] = {
        key: [*base["words"].get(key, ()), *own.words.get(key, ())] for key in names
    }
    used = set(_named_words(content["sheets"]))
    for key in own.words:
        if key not in used and key not in base["shipped"]:
            known = list(dict.fromkeys([*base["shipped"], *used]))
            hint = nearest(key, known) or f"; there are {', '.join(known)}"
            raise MappingError(f"{label}: no part of the mapping names @{key}{hint}")
    return {**content, "shipped": base["shipped"]}, label


def _named_words(part: Any) -> Iterator[str]:
    """Every `@name` in maps and conditions, without the sign."""
    if isinstance(part, list):
        for one in part:
            yield from _named_words(one)
    elif isinstance(part, dict):
        for value in part.values():
            yield from _named_words(value)
        texts = [*part["map"]] if isinstance(part.get("map"), dict) else []
        for name in ("only", "skip"):
            if isinstance(conditions := part.get(name), dict):
                lists = (each for each in conditions.values() if isinstance(each, list))
                texts += [text for each in lists for text in each]
        yield from (text[1:] for text in texts if text.startswith("@"))


def _word_faults(part: Any, words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Words that there are not, and texts that one map has in two words of another meaning."""
    for name in dict.fromkeys(_named_words(part)):
        if name not in words:
            known = ", ".join(f"@{key}" for key in words)
            yield f"there are no words @{name}{nearest(name, list(words), '@')}; there are {known}"
    for pairs in _maps(part):
        meant: dict[str, tuple[str, str]] = {}
        for key, new in pairs.items():
            for text in words.get(key[1:], ()) if key.startswith("@") else ():
                other, old = meant.setdefault(fold(text), (key, new))
                if old != new:
                    yield f"{text!r} is both in {other} and in {key}, which one map names"


def _maps(part: Any) -> Iterator[Mapping[str, str]]:
    if isinstance(part, list):
        for one in part:
            yield from _maps(one)
    elif isinstance(part, dict):
        if isinstance(pairs := part.get("map"), dict):
            yield pairs
        for value in part.values():
            yield from _maps(value)


def _spelled_out(part: Any, words: Mapping[str, Sequence[str]]) -> Any:
    """The part with all words in place of `@name`, in maps and conditions."""
    if isinstance(part, list):
        return [_spelled_out(one, words) for one in part]
    if not isinstance(part, dict):
        return part
    answer = {key: _spelled_out(value, words) for key, value in part.items()}
    if isinstance(pairs := part.get("map"), dict):
        answer["map"] = {old: new for key, new in pairs.items() for old in _any_of(key, words)}
    for name in ("only", "skip"):
        if isinstance(conditions := part.get(name), dict):
            answer[name] = {
                column: [one for text in texts for one in _any_of(text, words)]
                if isinstance(texts, list)
                else texts
                for column, texts in conditions.items()
            }
    return answer


def _any_of(text: Any, words: Mapping[str, Sequence[str]]) -> Sequence[Any]:
    """The words that `@name` stands for; of any other text itself."""
    return words[text[1:]] if isinstance(text, str) and text.startswith("@") else [text]


def _without_shorthand(content: dict[str, Any]) -> dict[str, Any]:
    """`[orders]` with `from`, `columns` … is a sheet that gives to that one table."""
    sheets = content.get("sheets", [])
    if not isinstance(sheets, list):
        return content
    sheets = [*sheets]
    for name in [key for key, said in content.items() if key in TABLES and isinstance(said, dict)]:
        said = dict(content.pop(name))
        into = {
            key: said.pop(key)
            for key in ("columns", "only", "skip", "once", "stand_in")
            if key in said
        }
        sheets.append({"name": name, **said, "into": [{"table": name, **into}]})
    return {**content, "sheets": sheets}


def _value_faults(defaults: Mapping[str, str], mapping: SourceMapping) -> Iterator[str]:
    from zoneinfo import available_timezones

    if defaults["time_zone"] not in available_timezones():
        yield f"time_zone {defaults['time_zone']!r} is no zone; say one such as Europe/Berlin"
    if defaults["currency"] and currency_code(defaults["currency"]) != defaults["currency"]:
        yield f"currency {defaults['currency']!r} is no ISO 4217 code; say one such as EUR"
    if defaults["country"] and country_code(defaults["country"]) != defaults["country"]:
        yield f"country {defaults['country']!r} is no ISO 3166-1 code; say one such as DE"
    if defaults["decimal"] not in ("", ".", ","):
        yield f'decimal {defaults["decimal"]!r}: say "." or ","'
    if defaults["date_order"] not in ("", "dmy", "mdy", "ymd"):
        yield f"date_order {defaults['date_order']!r}: say dmy, mdy or ymd"
    for name in defaults:
        if name not in KNOWN_DEFAULTS and name not in _used_values(mapping):
            near = difflib.get_close_matches(name, list(KNOWN_DEFAULTS), n=1)
            hint = f"; is it {near[0]}?" if near else ""
            yield f"there is no value {name!r}{hint}; there are {', '.join(KNOWN_DEFAULTS)}"


def _faults(mapping: SourceMapping) -> Iterator[str]:
    if not mapping.sheets:
        yield "it maps nothing; give it a [[sheets]] or a section named for a table"
    for sheet in mapping.sheets:
        for into in sheet.into:
            yield from _into_faults(sheet, into)
        if not (sheet.has or sheet.from_ or sheet.query):
            yield f"sheet {sheet.name}: say by which columns (has) or names (from) it is known"
    for name in _used_values(mapping):
        if name not in mapping.defaults:
            yield f"${name} is used and not given; put it into [defaults] or say --set {name}=…"


def _into_faults(sheet: Sheet, into: Into) -> Iterator[str]:
    place = f"sheet {sheet.name} into {into.table}"
    if into.table not in TABLES:
        near = difflib.get_close_matches(into.table, list(TABLES), n=1)
        yield f"{place}: there is no such table{f'; is it {near[0]}?' if near else ''}"
        return
    table = TABLES[into.table]
    for name, specification in into.columns.items():
        if name not in table.names and not (
            table.open_prefix and name.startswith(table.open_prefix)
        ):
            near = difflib.get_close_matches(name, table.names, n=1)
            hint = f"; is it {near[0]}?" if near else ""
            yield f"{place}: {into.table} has no column {name}{hint}"
        yield from (f"{place}: {name}: {fault}" for fault in _pattern_faults(specification))
    missing = [name for name in table.required if name not in into.columns]
    if missing and not into.patch:
        yield f"{place}: says nothing of {', '.join(missing)}, which {into.table} needs"


def _pattern_faults(specification: Specification) -> Iterator[str]:
    for expression in expressions(specification):
        if expression.pattern:
            try:
                if re.compile(expression.pattern).groups < 1:
                    yield f"the pattern {expression.pattern!r} has no group (…)"
            except re.error as error:
                yield f"the pattern {expression.pattern!r} is wrong: {error}"


def expressions(specification: Specification) -> Iterator[MappingExpression]:
    """Every expression in a specification, outer ones first."""
    if isinstance(specification, MappingExpression):
        yield specification
        for source in (*specification.from_, *specification.join):
            yield from expressions(source)
    elif isinstance(specification, list):
        for source in specification:
            yield from expressions(source)


def _used_values(mapping: SourceMapping) -> set[str]:
    """Names of all `$name` in it."""
    return {
        text[1:]
        for sheet in mapping.sheets
        for into in sheet.into
        for specification in into.columns.values()
        for text in _texts(specification)
        if text.startswith("$")
    }


def _texts(specification: Specification) -> Iterator[str]:
    if isinstance(specification, str):
        yield specification
    elif isinstance(specification, list):
        for source in specification:
            yield from _texts(source)
    else:
        for source in (*specification.from_, *specification.join):
            yield from _texts(source)
