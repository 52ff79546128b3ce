"""The tutorials, followed as a reader follows them: every line in order, against a real server.

A block of `bash` is run; the block after it shows what came, `…` standing for whatever came there.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.test_argosy import free_port, wait_until_ready

PAGES = sorted((Path(__file__).parent.parent / "docs" / "tutorials").glob("*.md"))
BLOCK = re.compile(r"^```(bash|json|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The only page whose reader brings a shop of their own, and starts its server.
OWN_SHOP = "engineer"


class Step(NamedTuple):
    """Commands of a page, and pieces of what they print, in order."""

    commands: str
    shown: list[str]


def steps(page: Path) -> list[Step]:
    found: list[Step] = []
    for kind, text in BLOCK.findall(page.read_text()):
        if kind == "bash":
            found.append(Step(text, []))
        else:
            found[-1].shown.extend(filter(None, map(_bare, text.split("…"))))
    return found


def _bare(text: str) -> str:
    """Without white space: a page shows an answer in lines of its own."""
    return re.sub(r"\s+", "", text)


def follow(page: Path, folder: Path, home: Path, port: int) -> Iterator[tuple[Step, str]]:
    """Run a page's commands in one shell; each step with what it printed."""
    whole = steps(page)
    script = "set -eu\n" + "".join(f"{step.commands}echo @@step@@\n" for step in whole)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script.replace("8000", str(port))],
        cwd=folder,
        env=os.environ | {"ARGOSY_HOME": str(home), "PATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    printed = done.stdout.split("@@step@@\n")
    assert done.returncode == 0, f"after step {len(printed)}: {done.stderr[-2000:]}"
    yield from zip(whole, printed, strict=False)


@pytest.fixture
def home(pristine_home: Path, tmp_path: Path) -> Path:
    """The sample merchant, a copy of its own."""
    return Path(shutil.copytree(pristine_home, tmp_path / "home"))


@pytest.fixture
def port(home: Path) -> Iterator[int]:
    """The port of a server that the demo would have left running."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "argosy", "serve", "--port", str(port)],
        env=os.environ | {"ARGOSY_HOME": str(home), "ARGOSY_AUTH": "false"},
        text=True,
    )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def assert_shown(followed: Iterator[tuple[Step, str]]) -> None:
    for step, printed in followed:
        rest = _bare(printed)
        for piece in step.shown:
            assert piece in rest, f"{step.commands}\nshows {piece!r}, but printed:\n{printed}"
            rest = rest.partition(piece)[2]


def test_every_page_shows_what_its_commands_print() -> None:
    assert {page.stem for page in PAGES} == {"storefront", "planner", "analyst", OWN_SHOP}
    for page in PAGES:
        assert len(steps(page)) >= 5
        assert sum(bool(step.shown) for step in steps(page)) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", [page.stem for page in PAGES if page.stem != OWN_SHOP])
def test_a_reader_of_the_sample_sees_what_the_page_shows(
    name: str, home: Path, port: int, tmp_path: Path
) -> None:
    page = next(page for page in PAGES if page.stem == name)
    assert_shown(follow(page, tmp_path, home, port))


@pytest.mark.slow
def test_an_engineer_gets_from_a_file_to_an_answer(tmp_path: Path) -> None:
    page = next(page for page in PAGES if page.stem == OWN_SHOP)
    assert_shown(follow(page, tmp_path, tmp_path / "home", free_port()))
