"""The examples for orchestrators name commands that exist, and run where the library is there."""

import ast
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from typer.main import get_command

from argosy import app
from data.settings import Settings

ROOT = Path(__file__).parent.parent
AIRFLOW, DAGSTER = ROOT / "ops/airflow/argosy_dag.py", ROOT / "ops/dagster/argosy_job.py"
SCHEDULE = """
    [[step]]
    name = "absent"
    command = "ingest /nowhere"
    every = "1d"
    optional = true

    [[step]]
    name = "which version"
    command = "version"
    every = "1d"
"""


def command_of(*words: str) -> Any:
    """A command of `argosy`."""
    found: Any = get_command(app)
    for word in words:
        found = found.commands[word]
    return found


@pytest.mark.parametrize("example", [AIRFLOW, DAGSTER], ids=lambda path: path.parent.name)
def test_every_command_and_option_of_an_example_exists(example: Path) -> None:
    text = example.read_text()
    ast.parse(text)
    code = re.sub(r'[",\[\]]|str\(FILE\)', " ", text)
    assert re.search(r"argosy\s+schedule\s+run\b", code)
    known = {option for each in command_of("schedule", "run").params for option in each.opts}
    assert {"--step", "--at"} == set(re.findall(r"(?<!\S)--[a-z-]+", code)) & known
    assert set(re.findall(r"(?<!\S)--[a-z-]+", code)) <= known


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    file = tmp_path / "schedule.toml"
    file.write_text(dedent(SCHEDULE))
    return file


def environment(schedule: Path, home: Path) -> dict[str, str]:
    ours = {"SCHEDULE_FILE": str(schedule), "ARGOSY_HOME": str(home), "HOME": str(home)}
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | ours | {"PATH": tools}


def run(*command: str, schedule: Path, home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command],
        env=environment(schedule, home),
        cwd=schedule.parent,
        capture_output=True,
        text=True,
    )


def test_a_step_called_twice_for_a_window_is_done_once(schedule: Path, settings: Settings) -> None:
    settings.home.mkdir()
    call = ("-m", "argosy", "schedule", "run", str(schedule), "--step", "which version")
    told = [
        run(*call, "--at", at, schedule=schedule, home=settings.home)
        for at in ("2026-03-01T07:00:00Z", "2026-03-01T08:00:00Z", "2026-03-02T07:00:00Z")
    ]
    assert [each.returncode for each in told] == [0, 0, 0], told[0].stderr
    assert ["before" in each.stdout for each in told] == [False, True, False]
    failed = run(*call[:-1], "absent", schedule=schedule, home=settings.home)
    assert failed.returncode == 1
    assert "step absent failed (exit code 1): argosy ingest /nowhere" in failed.stderr


@pytest.mark.skipif(find_spec("dagster") is None, reason="dagster is not installed")
def test_the_job_for_dagster_runs(schedule: Path, settings: Settings) -> None:
    settings.home.mkdir()
    script = """
        import runpy, sys
        found = runpy.run_path(sys.argv[1])
        job = found["definitions"].resolve_job_def("argosy")
        done = job.execute_in_process(tags={"argosy/at": "2026-03-01T07:00:00Z"})
        print([event.step_key for event in done.all_events if event.is_step_success])
    """
    done = run("-c", dedent(script), str(DAGSTER), schedule=schedule, home=settings.home)
    assert "['absent', 'which_version']" in done.stdout, done.stderr


@pytest.mark.skipif(find_spec("airflow") is None, reason="airflow is not installed")
def test_the_dag_for_airflow_is_read(schedule: Path, settings: Settings) -> None:
    settings.home.mkdir()
    script = """
        import runpy, sys
        dag = runpy.run_path(sys.argv[1])["dag"]
        print([task.task_id for task in dag.topological_sort()])
    """
    done = run("-c", dedent(script), str(AIRFLOW), schedule=schedule, home=settings.home)
    assert "['absent', 'which_version']" in done.stdout, done.stderr
