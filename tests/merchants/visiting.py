"""Through a shop by the doors its people use: the command line, then HTTP."""

import io
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from argosy import main
from tests.merchants.shops import Shop, Tables, deliveries, tables_of


@dataclass(frozen=True)
class Answer:
    """What a command said, and how it ended."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float


@dataclass
class Home:
    """A shop that has moved in: its folder, its settings, what it was told so far."""

    shop: Shop
    folder: Path
    tables: Tables
    answers: list[Answer] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The variables its people set."""
        usual = {"ARGOSY_HOME": str(self.folder / "home"), "ARGOSY_AUTH": "false"}
        return {**usual, **self.shop.settings}

    def argosy(self, *command: str) -> Answer:
        """Run the command; whatever it raises besides its exit goes on to the test."""
        out, err, started = io.StringIO(), io.StringIO(), time.perf_counter()
        with variables(self.environment), redirect_stdout(out), redirect_stderr(err):
            try:
                main(list(command))
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
        spent = time.perf_counter() - started
        answer = Answer(command, code, out.getvalue(), err.getvalue(), spent)
        self.answers.append(answer)
        return answer


def move_in(shop: Shop, folder: Path, seed: int = 7, empty_home: Path | None = None) -> Home:
    """Write the shop's tables and ingest them, delivery by delivery.

    empty_home: of a merchant without tables, to copy: databases need not be made again.
    """
    tables = tables_of(shop, seed)
    home = Home(shop, folder, tables)
    if empty_home is not None:
        shutil.copytree(empty_home, folder / "home")
    for delivery in deliveries(shop, tables, folder):
        home.argosy("ingest", str(delivery))
    return home


@contextmanager
def variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """The environment with these variables of ours and no other."""
    former = {name: text for name, text in os.environ.items() if name.startswith("ARGOSY_")}
    _replace_ours(wanted)
    try:
        yield
    finally:
        _replace_ours(former)


def _replace_ours(wanted: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("ARGOSY_")]:
        del os.environ[name]
    os.environ.update(wanted)
