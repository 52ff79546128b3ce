"""The lake of several machines: never partial, never doubled, whoever writes and whoever dies."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from data.bucket import Bucket
from data.lake import Lake, open_lake, people
from data.settings import Settings

INGEST = """
import sys
from pathlib import Path
from data.lake import open_lake
from data.settings import Settings
print("ready", flush=True)
sys.stdin.readline()
open_lake(Settings()).ingest(Path(sys.argv[1]))
print("done", flush=True)
"""
WHOLE, EACH = 400, 200  # orders of all files, and of one


def machine(bucket: str, cache: Path) -> Lake:
    return open_lake(Settings(home=bucket, cache=cache))  # type: ignore[arg-type]  # as in the environment


def orders(first: int, count: int = EACH) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(first, first + count)],
            "line_no": 1,
            "ordered_at": "2024-05-01T10:00:00Z",
            "customer_id": "c1",
            "product_id": "p1",
            "warehouse_id": "DE1",
            "quantity": 1,
            "unit_price": 2.0,
            "currency": "EUR",
        }
    )


def files(folder: Path) -> list[Path]:
    """A folder for each of two machines, with orders of its own."""
    made = []
    for number in range(WHOLE // EACH):
        (folder / f"m{number}").mkdir()
        orders(number * EACH).to_csv(folder / f"m{number}" / "orders.csv", index=False)
        made.append(folder / f"m{number}")
    return made


def ingesting(bucket: str, cache: Path, source: Path) -> "subprocess.Popen[str]":
    """A process that is ready to ingest, and does when it is told so."""
    environment = os.environ | {"ARGOSY_HOME": bucket, "ARGOSY_CACHE": str(cache)}
    process = subprocess.Popen(
        [sys.executable, "-c", INGEST, str(source)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: "subprocess.Popen[str]") -> int:
    """How it ended."""
    with process:
        return process.wait(120)


def begin(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_what_one_machine_takes_in_the_other_reads(bucket: str, tmp_path: Path) -> None:
    here, there = machine(bucket, tmp_path / "here"), machine(bucket, tmp_path / "there")
    assert there.read("orders").empty
    here.append("orders", orders(0, 3))
    time.sleep(1.1)  # as long as a reader takes its copy for the newest
    assert list(there.read("orders")["order_id"]) == ["o0", "o1", "o2"]
    there.append("orders", orders(2, 2))  # one is there already
    time.sleep(1.1)
    assert list(here.read("orders")["order_id"]) == ["o0", "o1", "o2", "o3"]
    assert here.clock() == there.clock()


def test_a_note_is_there_on_every_machine(bucket: str, tmp_path: Path) -> None:
    here, there = machine(bucket, tmp_path / "here"), machine(bucket, tmp_path / "there")
    assert there.note("marks.json") is None
    here.keep_note("marks.json", "7")
    time.sleep(1.1)
    assert there.note("marks.json") == "7"


def test_the_quarantine_goes_with_it(bucket: str, tmp_path: Path) -> None:
    here, there = machine(bucket, tmp_path / "here"), machine(bucket, tmp_path / "there")
    here.append("orders", orders(0, 30).assign(currency=["EUR"] * 29 + ["EURO"]))
    assert list(there.quarantine("orders")["value"]) == ["EURO"]


def test_who_is_erased_is_erased_in_the_bucket(bucket: str, tmp_path: Path) -> None:
    here, there = machine(bucket, tmp_path / "here"), machine(bucket, tmp_path / "there")
    here.append("orders", orders(0, 3).assign(customer_id=["customer-1", "c2", "c2"]))
    assert len(there.read("orders")) == 3
    assert people.erase(here, "customer-1", lambda text: "erased_1") == {"orders": 1}
    time.sleep(1.1)
    assert set(there.read("orders")["customer_id"]) == {"erased_1", "c2"}
    contents = Bucket(bucket)
    for name in contents.names("lake/contents"):
        found = contents.read(name)
        assert found is not None
        assert b"customer-1" not in found.content


@pytest.mark.slow
def test_two_machines_at_once_lose_and_double_nothing(bucket: str, tmp_path: Path) -> None:
    running = [
        ingesting(bucket, tmp_path / f"cache{number}", source)
        for number, source in enumerate(files(tmp_path))
    ]
    for each in running:
        begin(each)
    for each in running:
        assert ended(each) == 0
    found = machine(bucket, tmp_path / "reader").read("orders")
    assert sorted(found["order_id"]) == sorted(f"o{number}" for number in range(WHOLE))


@pytest.mark.slow
def test_killed_at_random_it_is_never_partial_and_never_doubled(
    bucket: str, tmp_path: Path
) -> None:
    """Every writer dies but the last of each file; what is read is always a number of whole
    files."""
    draw = random.Random(7)
    sources = files(tmp_path)
    reader = machine(bucket, tmp_path / "reader")
    for turn in range(8):
        running = ingesting(bucket, tmp_path / f"cache{turn % 2}", sources[turn % 2])
        begin(running)
        time.sleep(draw.uniform(0.0, 2.0))
        running.send_signal(signal.SIGKILL)
        ended(running)
        count = len(machine(bucket, tmp_path / f"reader{turn}").read("orders"))
        assert count in {0, EACH, WHOLE}
    for number, source in enumerate(sources):  # the leases of the dead run out
        last = ingesting(bucket, tmp_path / f"cache{number}", source)
        begin(last)
        assert ended(last) == 0
    time.sleep(1.1)
    found = reader.read("orders")
    assert sorted(found["order_id"]) == sorted(f"o{number}" for number in range(WHOLE))
