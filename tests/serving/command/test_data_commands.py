"""What a merchant reads in the first minutes: wrong settings, other currencies, what is missing."""

import json
from pathlib import Path

import pandas as pd
import pytest

from argosy import main
from data.settings import Settings
from models.registry import Registry

Read = pytest.CaptureFixture[str]


def run(read: Read, *command: str) -> tuple[int, str, str]:
    """Exit code, output and messages of a command."""
    try:
        main(list(command))
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, err = read.readouterr()
    return code, out, err


@pytest.fixture
def pounds(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two payments in British pounds; the home is empty, the settings untouched."""
    monkeypatch.setenv("ARGOSY_HOME", str(settings.home))
    folder = tmp_path / "tables"
    folder.mkdir()
    pd.DataFrame(
        {
            "payment_id": ["1", "2"],
            "attempted_at": "2024-05-01T10:00:00Z",
            "customer_id": "c",
            "amount": 10.0,
            "currency": "GBP",
        }
    ).to_csv(folder / "payments.csv", index=False)
    return folder


@pytest.mark.parametrize("command", ["status", "doctor", "materialize", "models", "serve"])
def test_a_mistyped_variable_stops_every_command_and_names_the_right_one(
    pounds: Path, monkeypatch: pytest.MonkeyPatch, capsys: Read, command: str
) -> None:
    monkeypatch.setenv("ARGOSY_DATABASE_URI", "postgresql://db/argosy")
    code, _, err = run(capsys, command)
    assert code == 1
    assert "ARGOSY_DATABASE_URI is no setting; did you mean ARGOSY_DATABASE_URL?" in err
    assert len(err.splitlines()) == 1


def test_ingest_asks_for_the_base_currency_and_status_says_what_is_missing(
    pounds: Path, registry: Registry, capsys: Read
) -> None:
    code, _, err = run(capsys, "ingest", str(pounds))
    assert code == 0
    assert "set ARGOSY_BASE_CURRENCY=GBP" in err
    _, out, _ = run(capsys, "status", "--json")
    lacks = {each["use_case"]: each["lacks"] for each in json.loads(out)["missing"]}
    assert "fraud" not in lacks
    assert lacks["forecasting"].startswith("`orders` (order_id, line_no, ordered_at")


def test_a_file_of_a_header_alone_is_told(pounds: Path, capsys: Read) -> None:
    file = pounds / "payments.csv"
    file.write_text(file.read_text().splitlines()[0] + "\n")
    code, _, said = run(capsys, "ingest", str(pounds))
    assert code == 0
    assert "payments: no row was read; what the lake holds of it stays." in said
