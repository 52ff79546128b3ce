"""Catalogues: every text of the code is in every language, with the same places."""

import ast
import string
from pathlib import Path

import pytest

from serving.console import texts
from serving.console.texts import LANGUAGES, catalogue, language_of, tags_of, translate

FOLDER = Path(texts.__file__).parent
OTHERS = [language for language in LANGUAGES if language != "en"]
# Texts that reach `t` through a name: titles of pages, the sign-in form, labels kept in tuples.
_HOLDERS = {"Screen": 1}


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def texts_of_code() -> dict[str, str]:
    """Every text that the pages show, with the file it stands in."""
    found = {}
    for path in sorted(FOLDER.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            place = _HOLDERS.get(_called(node), 0 if _called(node) in {"t", "translate"} else None)
            if place is None or len(node.args) <= place:
                continue
            value = node.args[place]
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[value.value] = path.name
    return found


def test_there_are_texts():
    found = texts_of_code()
    assert len(found) > 200
    assert "Approve" in found
    assert "Today" in found


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_in_the_catalogue(language):
    missing = sorted(set(texts_of_code()) - set(catalogue(language)))
    assert missing == []


@pytest.mark.parametrize("language", OTHERS)
def test_places_are_the_same_in_both(language):
    def places(text):
        return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)

    wrong = {k: v for k, v in catalogue(language).items() if places(k) != places(v)}
    assert wrong == {}


def test_translate():
    assert translate("Approve", "zh-CN") == "批准"
    assert translate("Approve", "en") == "Approve"
    assert translate("{count} lines", "en", count="1,000") == "1,000 lines"
    assert translate("no such text {x}", "zh-CN", x=1) == "no such text 1"


@pytest.mark.parametrize(
    ("accepted", "chosen", "language"),
    [
        ("", None, "en"),
        ("de-AT,de;q=0.9", None, "en"),
        ("zh-TW,zh;q=0.9,en;q=0.8", None, "zh-CN"),
        ("zh-CN", "en", "en"),
        ("en-GB", "zh-CN", "zh-CN"),
        ("en-GB", "../../etc", "en"),
    ],
)
def test_language_of(accepted, chosen, language):
    assert language_of(accepted, chosen) == language


def test_tags_of():
    assert tags_of("de-AT, de;q=0.9,,") == ["de-AT", "de"]
