"""Use cases trained side by side, each in a process of its own.

A process that ends early (killed, out of memory) is told as such, and the others go on.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
Heard = Callable[[str], None]
# Loaded once, in the process that all others are copies of; nothing that starts threads.
_LOADED_ONCE = [
    "training.run",
    "features.store.offline",
    "mlflow",
    "lightgbm",
    "statsforecast.models",
]


@dataclass(frozen=True)
class EarlyEnd:
    """A process that ended before it answered. exit_code: below 0, the signal that ended it."""

    exit_code: int

    def __str__(self) -> str:
        if self.exit_code == -9:
            return "its process was killed (-9), most often because the memory did not suffice"
        return f"its process ended early, with exit code {self.exit_code}"


@dataclass
class _Running(Generic[Answer]):
    """A process and the end of the pipe on which it is heard."""

    process: BaseProcess
    heard: Connection
    answer: Answer | None = None


def run_side_by_side(
    work: Callable[[str, Heard], Answer],
    names: Sequence[str],
    after: Mapping[str, Sequence[str]],
    processes: int,
    report: Heard,
) -> dict[str, Answer | EarlyEnd]:
    """Do the same work for each name, in processes of their own; what each answered, by name.

    work: called in the process with the name and a function that tells its progress; it must be
    importable, and raise nothing. names: in the order of starting; after: name -> the names that
    must have ended before it starts. processes: how many run at once. report: called here with
    what the processes tell.
    """
    waiting, running = list(names), dict[str, _Running[Answer]]()
    answers: dict[str, Answer | EarlyEnd] = {}
    try:
        with _one_share_of_the_cores(processes) as context:
            while waiting or running:
                ready = [n for n in waiting if not {*after.get(n, ())} & {*waiting, *running}]
                for name in ready[: processes - len(running)]:
                    waiting.remove(name)
                    running[name] = _start(context, work, name)
                _listen(running, answers, report)
    finally:
        for each in running.values():
            each.process.kill()
            each.process.join()
    return answers


def _start(
    context: ForkServerContext, work: Callable[[str, Heard], Answer], name: str
) -> _Running[Answer]:
    heard, tell = context.Pipe(duplex=False)
    process = context.Process(target=_do, args=(work, name, tell), daemon=True, name=name)
    process.start()
    tell.close()  # this process's copy, so that the pipe ends with the other's
    return _Running(process, heard)


def _do(work: Callable[[str, Heard], Answer], name: str, tell: Connection) -> None:
    """What a process does: the work; sent are pairs of whether it is progress, and what is told."""
    answer = work(name, lambda text: tell.send((True, text)))
    tell.send((False, answer))


def _listen(
    running: dict[str, _Running[Answer]],
    answers: dict[str, Answer | EarlyEnd],
    report: Heard,
) -> None:
    """Hear what the processes say next; those that ended go from `running` to `answers`."""
    heard = {each.heard: name for name, each in running.items()}
    for connection in wait([*heard]):
        name = heard[connection]  # type: ignore[index]  # only these were waited for
        each = running[name]
        try:
            is_progress, told = each.heard.recv()
        except EOFError:
            each.process.join()
            del running[name]
            code = each.process.exitcode or 0
            answers[name] = EarlyEnd(code) if each.answer is None else each.answer
            continue
        if is_progress:
            report(told)
        else:
            each.answer = told


@contextmanager
def _one_share_of_the_cores(
    processes: int,
) -> Iterator[ForkServerContext]:
    """The server of forks, whose processes use their share of the cores and no more."""
    share = max((os.cpu_count() or 1) // processes, 1)
    given = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = given or str(share)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED_ONCE)
    try:
        yield context
    finally:
        if given is None:
            del os.environ["OMP_NUM_THREADS"]
