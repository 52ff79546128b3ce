"""What a command prints: tables for people, JSON for machines."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.command.output import progress, show


@dataclass(frozen=True)
class Row:
    name: str
    rows: int
    share: float
    at: datetime


ROW = Row("orders", 12_345, math.nan, datetime(2024, 5, 1, 12, tzinfo=UTC))


def test_machines_get_json_in_which_the_unknown_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    show({"tables": [ROW], "home": Path("/x"), "none": []}, True)
    found = json.loads(capsys.readouterr().out)
    assert found["tables"] == [
        {"name": "orders", "rows": 12_345, "share": None, "at": "2024-05-01T12:00:00Z"}
    ]
    assert (found["home"], found["none"]) == ("/x", [])


def test_people_get_a_table_with_figures_they_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    show({"tables": [ROW], "lacking": [], "version": 3}, False)
    out = capsys.readouterr().out
    assert "12,345" in out
    assert "2024-05-01 12:00" in out
    assert "nan" not in out
    assert "lacking: none" in out
    assert "version: 3" in out


def test_sentences_are_printed_one_a_line_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = f"name them under [words] :smile: {'x' * 200}"
    show({"not_given": [sentence, "second"], "tables": [{"note": "[bold]"}]}, False)
    out = capsys.readouterr().out
    assert f"not given:\n  {sentence}\n  second\n" in out
    assert "[bold]" in out


def test_a_mapping_of_rows_is_a_table_named_by_its_keys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show({"tables": {"orders": {"rows": 1}, "stock": {"rows": 2}}}, False)
    out = capsys.readouterr().out
    assert "orders" in out
    assert "stock" in out


def test_away_from_a_terminal_progress_is_a_line_a_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress() as report:
        for share in (0.1, 0.5):
            report("training", share)
        report("done", None)
    captured = capsys.readouterr()
    assert [line.split("] ")[1] for line in captured.err.splitlines()] == ["training", "done"]
    assert captured.out == ""
