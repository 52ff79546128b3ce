"""What the documents say is true: doctests run, README commands exist, files named are there."""

import ast
import doctest
import importlib
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from argosy import app

ROOT = Path(__file__).parent.parent
COLUMNS = ("data", "features", "models", "training", "decisions", "serving")
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for column in COLUMNS
    for path in (ROOT / column).rglob("*.py")
    if ">>>" in path.read_text()
)
README = (ROOT / "README.md").read_text() if (ROOT / "README.md").exists() else ""


@pytest.mark.parametrize("module", MODULES)
def test_doctests(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0


def test_every_command_of_the_readme_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    named = set(re.findall(r"^\s*(?:ARGOSY_\S+ )*argosy ([a-z]+)", README, flags=re.MULTILINE))
    assert named, "the README shows no command"
    assert named <= known


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets


def test_every_file_linked_in_the_readme_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_picture_of_the_house_is_drawn_from_todays_code() -> None:
    """Redraw it: python docs/house.py."""
    command = [sys.executable, "-c", "from docs.house import draw; print(draw(), end='')"]
    drawn = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert drawn == (ROOT / "docs" / "house.svg").read_text()


def test_the_readme_shows_the_console_on_its_first_screen() -> None:
    top = (ROOT / "README.md").read_text().partition("\n## ")[0]
    assert re.search(r'<img src="docs/console\.png" alt="[^"]{40,}"', top)
    picture = (ROOT / "docs" / "console.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) == (1280, 800)  # of its header
    assert len(picture) <= 250_000


def texts() -> Iterator[tuple[str, str]]:
    """Every text in the code and every line of the documents, with where it stands."""
    for column in COLUMNS:
        for path in (ROOT / column).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield path.relative_to(ROOT).as_posix(), " ".join(node.value.split())
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "ops/schedule.toml"):
        for line in path.read_text().splitlines():
            yield path.relative_to(ROOT).as_posix(), line


def commands() -> dict[tuple[str, ...], set[str]]:
    """Every command, as words, with its options."""
    found: dict[tuple[str, ...], set[str]] = {}

    def visit(command: Any, words: tuple[str, ...]) -> None:
        found[words] = {option for each in command.params for option in each.opts}
        for name, inner in getattr(command, "commands", {}).items():
            visit(inner, (*words, name))

    visit(get_command(app), ())
    return found


def test_every_command_named_in_a_message_or_document_exists() -> None:
    """A hint that cannot be followed is worse than none."""
    known = commands()
    wrong = []
    for place, text in texts():
        for hint in re.findall(r"(?<![\w./-])argosy ((?:[a-z]+ ?)+[^.;,`'\n)]*)", text):
            words = hint.split()
            path = tuple(words[:2]) if tuple(words[:2]) in known else tuple(words[:1])
            if path not in known:
                continue  # a sentence about argosy, not a command
            options = set(re.findall(r"(?<!\S)(--[a-z-]+)", hint))
            if missing := options - known[path] - {"--json", "--help"}:
                wrong.append(f"{place}: argosy {hint.strip()}: {', '.join(missing)}")
    assert wrong == []


def test_help_is_there_for_every_command() -> None:
    answer = CliRunner().invoke(app, ["--help"])
    assert answer.exit_code == 0
    for command in ("ingest", "train", "score", "promote", "rollback", "serve", "demo"):
        assert command in answer.output
