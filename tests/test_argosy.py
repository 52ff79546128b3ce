"""The command, end to end: tables in, four trained rows, batch answers, a server, a swap."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from argosy import main
from data.lake import Lake
from data.settings import Settings
from data.use_cases import USE_CASES
from serving.command.tour import questions


def argosy(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """The installed command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "argosy", *arguments],
        env=os.environ | {"ARGOSY_HOME": str(home), "ARGOSY_AUTH": "false"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def answer_of(*arguments: str, home: Path) -> Any:
    done = argosy(*arguments, "--json", home=home)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def test_help_costs_little_more_than_typer_itself() -> None:
    bare = [sys.executable, "-c", "import typer, typing, json, pathlib"]
    ours = [sys.executable, "-m", "argosy", "--help"]
    ratios = [seconds(ours) / seconds(bare) for _ in range(3)]
    assert min(ratios) < 4


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("products.csv", "", "products"),
        ("products.csv", "title\nShoe\n", "product_id"),
        ("orders.csv", "order_id,line_no\n1,1\n", "ordered_at"),
        ("notes.csv", "a\n1\n", "no table"),
        ("warehouses.csv", "warehouse_id,country\nW1,Germany\n", "Germany"),
        ("fx_rates.csv", "rate_date,currency,rate\n2024-01-01,EUX,1\n", "EUX"),
        (
            "events.csv",
            "event_id,occurred_at,kind,product_id,visitor_id\n1,2024-01-01T10:00:00,view,p,v\n",
            "zone",
        ),
        ("products.csv", f"product_id,{'x' * 100_000}\n1,2\n", "column"),
    ],
    ids=["empty", "column", "columns", "no table", "country", "currency", "zone", "name"],
)
def test_bad_tables_get_words_a_failing_exit_and_an_unchanged_lake(
    tmp_path: Path,
    name: str,
    content: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, home = tmp_path / "tables", tmp_path / "home"
    folder.mkdir()
    (folder / name).write_text(content)
    monkeypatch.setenv("ARGOSY_HOME", str(home))
    with pytest.raises(SystemExit) as ended:
        main(["ingest", str(folder)])
    message = capsys.readouterr().err
    assert ended.value.code == 1
    assert words in message
    assert len(message) < 5_000
    assert all(status.rows == 0 for status in Lake(home / "lake").tables().values())


def test_training_on_nothing_says_what_to_do(tmp_path: Path) -> None:
    done = argosy("train", "all", home=tmp_path)
    assert done.returncode != 0
    assert "argosy ingest" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_every_row_beats_its_baselines_and_serves(merchant: Settings) -> None:
    versions = answer_of("models", home=merchant.home)
    assert {version["use_case"] for version in versions if version["champion"]} == set(USE_CASES)


@pytest.mark.slow
def test_status_shows_tables_and_champions(merchant: Settings) -> None:
    status = answer_of("status", home=merchant.home)
    assert status["tables"]["orders"]["rows"] > 10_000
    assert set(status["models"]) == set(USE_CASES)


COLUMNS = {
    "recommendation": ["customer_id", "product_id", "rank", "score", "reason"],
    "forecasting": ["warehouse_id", "product_id", "period_start", "mean", "q10", "q50", "q90"],
    "replenishment": ["warehouse_id", "product_id", "supplier_id", "order_quantity"],
    "fraud": ["payment_id", "probability", "score", "decision", "reasons"],
    "customers": ["customer_id", "horizon_days", "expected_orders"],
}


@pytest.mark.slow
@pytest.mark.parametrize("use_case", USE_CASES)
def test_batch_answers_have_the_columns_of_the_design(
    merchant: Settings, tmp_path: Path, use_case: str
) -> None:
    options: list[str] = []
    if use_case == "fraud":
        payments = Lake(merchant.lake).read("payments").tail(200)
        payments.to_parquet(tmp_path / "payments.parquet")
        options = ["--payments", str(tmp_path)]
    suffix = "csv" if use_case == "replenishment" else "parquet"
    out = tmp_path / f"out.{suffix}"
    done = argosy("score", use_case, "--out", str(out), *options, home=merchant.home)
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(out) if suffix == "csv" else pd.read_parquet(out)
    assert len(frame) > 0
    assert list(frame.columns)[: len(COLUMNS[use_case])] == COLUMNS[use_case]
    assert not list(tmp_path.glob(".*.part"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return json.loads(answer.read())


def wait_until_ready(address: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended before it was ready"
        try:
            get(f"{address}/readyz")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.3)
        else:
            return
    pytest.fail("not ready within 120 s")


@pytest.fixture
def server(merchant: Settings) -> Iterator[str]:
    """The real server over the trained merchant, ended by Ctrl-C."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "argosy", "serve", "--port", str(port)],
        env=os.environ
        | {"ARGOSY_HOME": str(merchant.home), "ARGOSY_AUTH": "false", "ARGOSY_RELOAD_SECONDS": "1"},
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) in {0, -signal.SIGINT, 130}


@pytest.mark.slow
def test_the_server_answers_the_four_questions_and_swaps_without_a_restart(
    server: str, merchant: Settings
) -> None:
    lake = Lake(merchant.lake)
    now = lake.clock()
    assert now is not None
    recommended, forecast, plan, decision = (
        question.ask(server) for question in questions(lake, now)
    )
    assert len(recommended["items"]) == 3
    assert len({item["product_id"] for item in recommended["items"]}) == 3
    assert not recommended["degraded"]
    assert forecast["model_version"]
    assert plan["data"]
    assert decision["decision"] in {"allow", "challenge", "review", "block"}
    assert decision["reasons"]

    first = {model["use_case"]: model["version"] for model in get(f"{server}/v1/models")["data"]}
    again = answer_of("train", "fraud", "--set", "learning_rate=0.04", home=merchant.home)
    assert again["trained"][0]["version"] not in {None, first["fraud"]}
    served = ""
    for _ in range(60):
        time.sleep(0.5)
        models = {
            model["use_case"]: model["version"] for model in get(f"{server}/v1/models")["data"]
        }
        served = models["fraud"]
        if served == again["trained"][0]["version"]:
            break
    assert served == again["trained"][0]["version"]
    assert answer_of("rollback", "fraud", home=merchant.home)["champion"] == first["fraud"]
