"""The command itself: its groups, its version, and errors as one message."""

import pytest
from typer.testing import CliRunner

from serving.command.app import app, main


def test_it_tells_its_version_and_its_groups() -> None:
    assert CliRunner().invoke(app, ["--version"]).output.startswith("argosy 0.")
    told = CliRunner().invoke(app, ["--help"]).output
    for name in ("ingest", "train", "serve", "keys", "fraud", "experiment", "schedule"):
        assert name in told


def test_an_error_that_can_be_mended_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARGOSY_HOEM", "x")
    with pytest.raises(SystemExit) as ended:
        main(["keys", "list"])
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith("argosy: ")
    assert "ARGOSY_HOME" in told
    assert "Traceback" not in told
