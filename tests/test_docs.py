"""What the documents say is true: doctests run, README commands exist, files named are there."""

import doctest
import importlib
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from argosy import app

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for column in ("data", "features", "models", "training", "decisions", "serving")
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


def test_help_is_there_for_every_command() -> None:
    answer = CliRunner().invoke(app, ["--help"])
    assert answer.exit_code == 0
    for command in ("ingest", "train", "score", "promote", "rollback", "serve", "demo"):
        assert command in answer.output
