"""A writer killed at any moment leaves the lake as before or as after; two writers take turns."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from data.lake import Lake
from data.lake.manifest import load, writing

# Reads lines `lake<tab>step<tab>source…`: ingests each source in a process of its own, which is
# killed just before its step-th effect on the file system (never for step 0); says how they ended.
WRITER = """
import os, shutil, signal, sys
from pathlib import Path
import data.lake

def killing(function):
    def counted(*given, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return counted

print("ready", flush=True)
for line in sys.stdin:
    folder, step, *sources = line.rstrip("\\n").split("\\t")
    children = []
    for source in sources:
        child = os.fork()
        if child == 0:
            left = int(step)
            os.fsync = killing(os.fsync)
            shutil.rmtree = killing(shutil.rmtree)
            for name in ("mkdir", "replace", "unlink"):
                setattr(Path, name, killing(getattr(Path, name)))
            data.lake.Lake(Path(folder), max_bad_share=0.5).ingest(Path(source))
            os._exit(0)
        children.append(child)
    print(*children, flush=True)
    print(*(os.waitpid(child, 0)[1] for child in children), flush=True)
"""


class Writer:
    """Ingests in processes that may die."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready"

    def start(self, lake: Path, *sources: Path, step: int = 0) -> list[str]:
        """Begin; gives the processes."""
        assert self._process.stdin
        self._process.stdin.write("\t".join(map(str, (lake, step, *sources))) + "\n")
        self._process.stdin.flush()
        return self._answer().split()

    def finish(self) -> bool:
        """Whether all came to their end."""
        statuses = set(self._answer().split())
        assert statuses <= {"0", "9"}, statuses
        return statuses == {"0"}

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    made = Writer()
    yield made
    made.close()


def tables(folder: Path, *, first: int, price: float) -> Path:
    """Two tables: 300 orders from number `first`, one of them bad, and a customer."""
    folder.mkdir(parents=True)
    numbers = range(first, first + 300)
    orders = {
        "order_id": [f"{number:06}" for number in numbers],
        "line_no": 1,
        "ordered_at": [
            pd.Timestamp(datetime(2024, 5, 1, tzinfo=UTC) + timedelta(minutes=number))
            for number in numbers
        ],
        "customer_id": "c1",
        "product_id": "p1",
        "warehouse_id": "w1",
        "quantity": [1.0] * 299 + [-1.0],
        "unit_price": price,
        "currency": "EUR",
    }
    pd.DataFrame(orders).to_parquet(folder / "orders.parquet")
    customers = pd.DataFrame({"customer_id": [f"c{first}"], "segment": [str(price)]})
    customers.to_csv(folder / "customers.csv", index=False)
    return folder


def content(folder: Path) -> dict[str, pd.DataFrame]:
    lake = Lake(folder)
    found = {name: lake.read(name) for name in ("orders", "customers")}
    return found | {"bad orders": lake.quarantine("orders")}


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> bool:
    return all(one[name].equals(other[name]) for name in one)


class Scene:
    """A lake with a first ingest, a second one at hand, and the content before and after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.second = tables(folder / "second", first=150, price=2.0)
        self.clean = folder / "clean"
        Lake(self.clean, max_bad_share=0.5).ingest(tables(folder / "first", first=0, price=1.0))
        self.before = content(self.clean)
        shutil.copytree(self.clean, folder / "done")
        Lake(folder / "done", max_bad_share=0.5).ingest(self.second)
        self.after = content(folder / "done")
        assert not same(self.before, self.after)

    def copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.clean, self.folder / name))

    def judge(self, lake: Path) -> str:
        """`before` or `after`; the next ingest must mend everything."""
        found = content(lake)
        ended = "before" if same(found, self.before) else "after"
        for name in found if ended == "after" else ():
            assert_frame_equal(found[name], self.after[name])
        Lake(lake, max_bad_share=0.5).ingest(self.second)
        assert same(content(lake), self.after)
        with writing(lake):
            pass  # sweeps what was replaced
        kept = {str(path.relative_to(lake)) for path in lake.rglob("*") if path.is_file()}
        assert kept - {".lock", "manifest.json", "manifest.json.new"} == load(lake).files
        shutil.rmtree(lake)
        return ended


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("crash"))


@pytest.mark.slow
def test_killed_before_each_effect(scene: Scene, writer: Writer) -> None:
    ends: list[str] = []
    for step in range(1, 200):
        lake = scene.copy(f"step-{step}")
        writer.start(lake, scene.second, step=step)
        if writer.finish():
            break
        ends.append(scene.judge(lake))
    assert len(ends) > 12
    assert ends == sorted(ends, reverse=True)  # before, …, before, after, …, after
    assert set(ends) == {"before", "after"}


@pytest.mark.slow
def test_killed_at_any_time(scene: Scene, writer: Writer) -> None:
    chance = random.Random(7)
    start = time.perf_counter()
    writer.start(scene.copy("whole"), scene.second)
    assert writer.finish()
    whole = time.perf_counter() - start
    for number in range(10):
        lake = scene.copy(f"time-{number}")
        (process,) = writer.start(lake, scene.second)
        time.sleep(chance.uniform(0, whole))
        subprocess.run(["kill", "-9", process], check=False, capture_output=True)
        writer.finish()
        scene.judge(lake)


def test_two_writers_take_turns_and_readers_see_whole_states(
    tmp_path: Path, writer: Writer
) -> None:
    lake = Lake(tmp_path / "lake", max_bad_share=0.5)
    sources = [
        tables(tmp_path / f"in-{number}", first=number * 150, price=float(number))
        for number in range(2)
    ]
    writer.start(lake.folder, *sources)
    seen: set[int] = set()
    started = time.monotonic()
    while 449 not in seen:
        seen.add(len(lake.read("orders")))
        assert time.monotonic() - started < 60
    assert writer.finish()
    assert seen <= {0, 299, 449}
    assert lake.tables()["orders"].rows == 449
    assert lake.read("customers")["customer_id"].tolist() == ["c0", "c150"]
    kept = {str(path.relative_to(lake.folder)) for path in lake.folder.glob("quarantine/*/*")}
    assert kept == set(load(lake.folder).quarantine["orders"])
    assert len(kept) == 2
