"""A Spark cluster of processes on this machine: batch answers equal those made without it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from data.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed"),
]
_WORKERS = 2
_MOST_SECONDS = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class SparkCluster:
    """A standalone master and workers of one core each, on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = f"spark://127.0.0.1:{free_port()}"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        port = self.engine.rpartition(":")[2]
        self._launch("master.Master", "--host", "127.0.0.1", "--port", port, "--webui-port", "0")
        self._await("master", "I have been elected leader", 1)
        for number in range(_WORKERS):
            place = str(self.folder / f"worker{number}")
            size = ("--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", place)
            self._launch("worker.Worker", "--host", "127.0.0.1", *size, self.engine)
        self._await("master", "Registering worker", _WORKERS)

    def stop(self) -> None:
        """Each process with its executors, which are of its group."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> str:
        return "".join(path.read_text() for path in self.folder.glob(f"{name}*.log"))

    def executors(self) -> list[int]:
        """Ids of the executors that have started to compute: they have Python below them."""
        return [
            child
            for process in self.processes[1:]
            for child in children(process.pid)
            if children(child)
        ]

    def _launch(self, name: str, *arguments: str) -> None:
        import pyspark

        home = Path(pyspark.__file__).parent
        log = self.folder / f"{name.split('.')[0]}{len(self.processes)}.log"
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", *arguments]
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(home)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)

    def _await(self, name: str, text: str, times: int) -> None:
        until = time.monotonic() + _MOST_SECONDS
        while self.log(name).count(text) < times:
            assert time.monotonic() < until, self.log("")
            time.sleep(0.1)


def children(pid: int) -> list[int]:
    """Ids of the processes that a process started."""
    with suppress(OSError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return [int(each) for task in tasks for each in (task / "children").read_text().split()]
    return []


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    started = SparkCluster(tmp_path_factory.mktemp("spark"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


def environment(**settings: str) -> dict[str, str]:
    return os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "ARGOSY_AUTH": "false", **settings}


@contextmanager
def score(use_case: str, out: Path, home: Path, engine: str) -> Iterator["subprocess.Popen[str]"]:
    """`argosy score` under way; ended after the block, whatever happens in it."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "argosy", "score", use_case, "--out", str(out)],
        env=environment(ARGOSY_HOME=str(home), ARGOSY_ENGINE=engine),
        cwd=out.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def scored(process: "subprocess.Popen[str]", out: Path) -> pd.DataFrame:
    _, told = process.communicate(timeout=_MOST_SECONDS)
    assert process.returncode == 0, told
    return pd.read_parquet(out)


@pytest.mark.parametrize("use_case", ["customers", "recommendation", "replenishment"])
def test_spark_answers_as_this_process_does_even_when_an_executor_is_killed(
    merchant: Settings, cluster: SparkCluster, tmp_path: Path, use_case: str
) -> None:
    here, there = tmp_path / "local.parquet", tmp_path / "spark.parquet"
    with score(use_case, here, merchant.home, "local") as running:
        local = scored(running, here)
    with score(use_case, there, merchant.home, cluster.engine) as running:
        if use_case == "recommendation":
            kill_an_executor(cluster, running)
        assert_frame_equal(scored(running, there), local, rtol=1e-9, atol=1e-9)
    assert len(local) > 100


def kill_an_executor(cluster: SparkCluster, running: "subprocess.Popen[str]") -> None:
    """End an executor with -9 as soon as it computes; the job is under way then."""
    until = time.monotonic() + _MOST_SECONDS
    while not (found := cluster.executors()):
        assert time.monotonic() < until, cluster.log("")
        assert running.poll() is None, "the job ended before it was disturbed"
        time.sleep(0.02)
    os.kill(found[0], signal.SIGKILL)
    assert running.poll() is None
    while "because it is EXITED" not in cluster.log("master"):
        assert time.monotonic() < until, cluster.log("master")
        time.sleep(0.1)


SCRIPT = """
    import sys
    import pandas as pd
    from data.engine import EngineError, map_partitions
    from data.errors import ArgosyError

    def refuse(frame):
        raise ArgosyError("this shop sells nothing")

    def fail(frame):
        return frame.assign(y=1 / 0)

    frame = pd.DataFrame({"x": ["a", "b"]})
    for function in (refuse, fail):
        try:
            map_partitions(frame, function, by=["x"], schema={"x": "object"}, engine=sys.argv[1])
        except ArgosyError as error:
            print(type(error).__name__, error)
"""


def test_spark_tells_a_refusal_as_it_is_and_a_defect_with_its_cause(
    cluster: SparkCluster, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", dedent(SCRIPT), cluster.engine],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_MOST_SECONDS,
    )
    refused, failed = done.stdout.splitlines()
    assert refused == "ArgosyError this shop sells nothing", done.stderr
    assert failed.startswith(f"EngineError {cluster.engine} did not finish a job: ")
    assert "ZeroDivisionError" in failed
