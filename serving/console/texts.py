"""What the screens say, by language: English in the code, others in gettext catalogues beside."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent / "texts"
# Language tag as the browser sends it -> how the language calls itself.
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "zh-CN": "简体中文"}


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The texts of a language by their English ones; empty for English and what is not known.

    language: a tag such as `zh-CN`; its file is `texts/zh_CN.po`.
    """
    file = FOLDER / f"{language.replace('-', '_')}.po"
    if language not in LANGUAGES or not file.exists():
        return {}
    with file.open("rb") as lines:
        found = read_po(lines, locale=language.replace("-", "_"))
    return {str(entry.id): str(entry.string) for entry in found if entry.id and entry.string}


def translate(text: str, language: str, **values: object) -> str:
    """The text in a language, English where the catalogue lacks it.

    text: the English text, with places such as `{count}`; language: a tag of LANGUAGES;
    values: what stands in the places.
    """
    found = catalogue(language).get(text, text)
    return found.format(**values) if values else found


def language_of(accepted: str, chosen: str | None = None) -> str:
    """The language to show: the one chosen, else the first accepted one that there is.

    accepted: an Accept-Language header; chosen: a tag, None when nothing was chosen.
    """
    if chosen in LANGUAGES:
        return str(chosen)
    for tag in tags_of(accepted):
        for language in LANGUAGES:
            if tag.split("-")[0].lower() == language.split("-")[0].lower():
                return language
    return "en"


def tags_of(accepted: str) -> list[str]:
    """The tags of an Accept-Language header, as the browser orders them.

    >>> tags_of("de-AT,de;q=0.9,en;q=0.8")
    ['de-AT', 'de', 'en']
    """
    return [part.split(";")[0].strip() for part in accepted.split(",") if part.strip()]
