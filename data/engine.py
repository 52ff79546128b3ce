"""Where heavy jobs run: in this process, or on a Spark cluster through Fugue, with equal answers.

A job is a pure function of a frame whose answers for a key rest on that key's rows alone, and on
small things given to the function beforehand. The frame is cut between keys, never within one. Each
piece travels whole, as one value, so that a function sees the rows, types and order that it sees
here. Argosy, in one version, must be installed where the workers run.
"""

import os
import pickle
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data.errors import ArgosyError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PartitionFunction = Callable[[pd.DataFrame], pd.DataFrame]

LOCAL, SPARK = "local", "spark://"
# Pieces a core: a slow one then keeps few cores waiting.
_PIECES_A_CORE = 3
_ANSWER_SECONDS = 5.0  # for a master to take a connection
_EXECUTOR_SECONDS = 120.0  # for the cluster to give the first executor
_SPARK_PORT = 7077
# Workers are processes of one core each: a thread pool in each of them would only wait.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_OPTIONS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    **{f"spark.executorEnv.{name}": "1" for name in _ONE_THREAD},
}


class EngineError(ArgosyError):
    """The engine is unknown, is not installed, cannot be reached, or could not do a job."""


@dataclass(frozen=True)
class EngineState:
    """Whether the engine can be used. found: what is there; remedy: "" where nothing is wrong."""

    found: str
    remedy: str = ""


def map_partitions(
    frame: pd.DataFrame,
    function: PartitionFunction,
    *,
    by: Sequence[str],
    schema: Mapping[str, str],
    engine: str = LOCAL,
) -> pd.DataFrame:
    """The answers of a function to all keys of a frame, wherever they are computed.

    frame: n rows; function: gets the rows of some keys, all rows of each, in the order of the
    frame, numbered anew, and answers a frame with the columns of `by` and `schema`; what it needs
    besides is bound to it (`functools.partial`) and sent along. by: the columns that make a key;
    none is missing. schema: column -> pandas type of the answers. engine: `local`, or
    `spark://host:7077`. Returns the columns of `schema`, keys in the order in which they first
    stand in the frame, the rows of a key in the order of the function.

    Raises EngineError, and whatever ArgosyError the function raises.
    """
    frame = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index(drop=True)
    place, keys = _numbered(frame, by)
    if engine == LOCAL or not len(frame):
        answer = function(frame)
    else:
        session = _spark_session(engine)
        cores = int(session.sparkContext.defaultParallelism)
        pieces = _cut(frame, place, cores * _PIECES_A_CORE)
        answer = pd.concat(_on_spark(session, engine, pieces, function, schema), ignore_index=True)
    return _in_order_of_keys(answer, by, keys).astype(dict(schema))[list(schema)]


def engine_state(engine: str) -> EngineState:
    """Whether an engine is installed and answers; nothing is started.

    engine: `local`, or `spark://host:7077`.
    """
    if engine == LOCAL:
        return EngineState("this machine")
    try:
        _require_spark()
        _require_master(engine)
    except EngineError as error:
        found, _, remedy = str(error).partition("; ")
        return EngineState(found, remedy or "see the settings of the engine")
    return EngineState(f"{engine} answers, PySpark {version('pyspark')}")


def _numbered(frame: pd.DataFrame, by: Sequence[str]) -> tuple["np.ndarray", pd.Index]:
    """The number of each row's key, in order of the keys' first rows, and the keys."""
    if len(by) == 1:
        place, keys = pd.factorize(frame[by[0]])
        return place, pd.Index(keys)
    place, tuples = pd.factorize(pd.MultiIndex.from_frame(frame[list(by)]))
    return place, pd.Index(tuples)


def _in_order_of_keys(answer: pd.DataFrame, by: Sequence[str], keys: pd.Index) -> pd.DataFrame:
    """The answers sorted by the place of their keys. Raises EngineError for an unknown key."""
    own = pd.Index(answer[by[0]]) if len(by) == 1 else pd.MultiIndex.from_frame(answer[list(by)])
    place = keys.get_indexer(own)
    if (place < 0).any():
        raise EngineError(f"a job answered for a key that it was not given, by {', '.join(by)}")
    if (np.diff(place) >= 0).all():
        return answer.reset_index(drop=True)
    return answer.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)


def _cut(frame: pd.DataFrame, place: "np.ndarray", most: int) -> list[pd.DataFrame]:
    """The frame as at most so many pieces of about as many rows, all rows of a key in one of them.

    place: the number of each row's key. Neighbouring keys stay together, in the order of the frame.
    """
    size = np.bincount(place)
    rows_before = np.cumsum(size) - size
    piece_of_key = rows_before * min(most, len(size)) // len(frame)
    piece = piece_of_key[place]
    return [frame[piece == number].reset_index(drop=True) for number in np.unique(piece)]


def _on_spark(
    session: "SparkSession",
    engine: str,
    pieces: Sequence[pd.DataFrame],
    function: PartitionFunction,
    schema: Mapping[str, str],
) -> Iterator[pd.DataFrame]:
    """The answer to each piece, in order of the pieces."""
    import fugue.api as fugue
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    work = partial(_answer, function=function, schema=dict(schema), ours=version("argosy"))

    # Fugue reads the annotations: rows in, rows out.
    def answers(rows: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        for row in rows:
            yield {"piece": row["piece"], "answer": work(row["frame"])}

    sent = pd.DataFrame(
        {
            "piece": np.arange(len(pieces)),
            "frame": [pickle.dumps(each, protocol=5) for each in pieces],
        }
    )
    try:
        got: pd.DataFrame = fugue.transform(
            sent,
            answers,
            schema="piece:long,answer:bytes",
            partition={"num": len(pieces), "algo": "even"},
            engine=session,
            as_local=True,
        )
    except (PySparkException, Py4JError) as error:
        raise EngineError(
            f"{engine} did not finish a job: {_cause(error)}; see the log of its workers"
        ) from error
    if sorted(got["piece"]) != list(range(len(pieces))):
        raise EngineError(f"{engine} answered {len(got)} of {len(pieces)} pieces; try again")
    for sealed in got.sort_values("piece")["answer"]:
        answer = pickle.loads(sealed)  # noqa: S301  # made by our own function, on our own cluster
        if isinstance(answer, ArgosyError):
            raise answer
        yield answer


def _answer(
    sealed: bytes, *, function: PartitionFunction, schema: Mapping[str, str], ours: str
) -> bytes:
    """What a worker does with a piece. What it may raise for people is handed back, so that it is
    raised where they are, and Spark does not try again what would fail again."""
    try:
        if (theirs := version("argosy")) != ours:
            raise EngineError(
                f"a worker has argosy {theirs}, this is {ours}; install one version on all machines"
            )
        frame = pickle.loads(sealed)  # noqa: S301  # made by `_on_spark`
        answer: object = function(frame).astype(dict(schema))
    except ArgosyError as error:
        answer = error
    return pickle.dumps(answer, protocol=5)


def _cause(error: Exception) -> str:
    """The line of Spark's message that says what went wrong: the last of a worker's traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    wrong = [line for line in lines if "Error: " in line and not line.startswith(("at ", "File "))]
    found = wrong[0] if wrong else lines[0] if lines else repr(error)
    return found[:300]


def _require_spark() -> None:
    missing = [name for name in ("pyspark", "fugue") if find_spec(name) is None]
    if missing:
        raise EngineError(
            f"{' and '.join(missing)}: not installed; pip install 'argosy[spark]', "
            "or unset ARGOSY_ENGINE"
        )
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise EngineError(
            "Java: not found; install a Java 17 runtime (or set JAVA_HOME), or unset ARGOSY_ENGINE"
        )


def _require_master(engine: str) -> None:
    """EngineError unless a master takes a connection: Spark itself would wait for a minute."""
    for master in engine.removeprefix(SPARK).split(","):
        host, _, port = master.rpartition(":") if ":" in master else (master, "", "")
        try:
            address = (host.strip("[]"), int(port or _SPARK_PORT))
            socket.create_connection(address, _ANSWER_SECONDS).close()
        except (OSError, ValueError):
            continue
        return
    raise EngineError(f"{engine}: no Spark master answers there; start one, or unset ARGOSY_ENGINE")


def _spark_session(engine: str) -> "SparkSession":
    """The session of this process with the master; made once. Spark's own settings are read from
    SPARK_CONF_DIR."""
    _require_spark()
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    current = SparkSession.getActiveSession()
    if current is not None:
        context = current.sparkContext
        if context.master == engine and not context._jsc.sc().isStopped():
            return current
        current.stop()
    _require_master(engine)
    # The driver tells the workers which Python to run; PySpark reads it nowhere but here.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(engine).appName("argosy")
    for name, value in _OPTIONS.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except PySparkException as error:
        raise EngineError(f"{engine}: {_cause(error)}; see argosy doctor") from error
    _await_executor(session, engine)
    return session


def _await_executor(session: "SparkSession", engine: str) -> None:
    """Wait until the cluster has given an executor; EngineError where it gives none: Spark itself
    would wait for ever."""
    until = time.monotonic() + _EXECUTOR_SECONDS
    scala = session.sparkContext._jsc.sc()
    while int(scala.getExecutorMemoryStatus().size()) < 2:  # the driver is counted, too
        if time.monotonic() > until:
            session.stop()
            raise EngineError(
                f"{engine} gave no executor within {_EXECUTOR_SECONDS:.0f} s; "
                "start a worker, or see whether its cores and memory are free"
            )
        time.sleep(0.1)
