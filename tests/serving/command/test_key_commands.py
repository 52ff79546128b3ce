"""Keys by the command line: shown once, listed without their secret, dropped at once."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.command.key_commands import commands


@pytest.fixture
def run(tmp_path: Path):
    def command(*words: str):
        return CliRunner().invoke(commands, list(words), env={"ARGOSY_HOME": str(tmp_path)})

    return command


def test_a_key_is_made_rotated_listed_and_dropped(run) -> None:
    made = run("add", "shop", "--scopes", "recommend, events", "--per-minute", "60")
    assert made.exit_code == 0, made.output
    first = made.output.strip()
    second = run("rotate", "shop").output.strip()
    assert first != second
    (known,) = json.loads(run("list", "--json").output)
    assert sorted(known["scopes"].split()) == ["events", "recommend"]
    assert known["per_minute"] == 60
    assert first not in json.dumps(known)
    assert run("drop", "shop").exit_code == 0
    assert json.loads(run("list", "--json").output) == []


def test_a_name_that_is_taken_is_refused(run) -> None:
    run("add", "shop")
    again = run("add", "shop")
    assert again.exit_code != 0
    assert "shop" in str(again.exception)
