"""The schedule: steps that are commands of argosy, each done once for each of its windows."""

import logging
import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.errors import ArgosyError
from data.records import Records
from data.records.steps import is_done, note_done, only_one

_LOG = logging.getLogger("argosy.schedule")
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_SECONDS = 30.0


class ScheduleError(ArgosyError):
    """The schedule cannot be read as written, or one of its steps failed."""


@dataclass(frozen=True)
class ScheduleStep:
    """One step: done once in every window of length `every`, `after` its start.

    optional: a failure does not keep the steps after it from being done.
    """

    name: str
    command: tuple[str, ...]
    every: timedelta
    after: timedelta = timedelta(0)
    optional: bool = False

    def window(self, now: datetime) -> datetime:
        """The start of the newest window that is due. Windows count from midnight UTC."""
        return _EPOCH + (now - self.after - _EPOCH) // self.every * self.every


Run = Callable[[Sequence[str]], int]


def read(path: Path) -> list[ScheduleStep]:
    """The steps of a schedule file, in its order. Raises ScheduleError, naming the step."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))["step"]
    except (OSError, ValueError, KeyError) as error:  # no file, no UTF-8, no TOML, no step
        raise ScheduleError(f"{path}: {error}; it needs [[step]] tables") from error
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ScheduleError(f"{path}: step is no table; it needs [[step]] tables")
    steps = [_step(path, place, each) for place, each in enumerate(given, start=1)]
    if len({step.name for step in steps}) < len(steps):
        raise ScheduleError(f"{path}: two steps have one name; a step is known by its name")
    return steps


def _step(path: Path, place: int, given: dict[str, object]) -> ScheduleStep:
    unknown = sorted(given.keys() - {"name", "command", "every", "after", "optional"})
    missing = sorted({"name", "command", "every"} - given.keys())
    if unknown or missing:
        raise ScheduleError(f"{path}: step {place}: unknown {unknown}, missing {missing}")
    return ScheduleStep(
        name=str(given["name"]),
        command=tuple(shlex.split(str(given["command"]))),
        every=duration(str(given["every"])),
        after=duration(str(given.get("after", "0s"))),
        optional=bool(given.get("optional", False)),
    )


def duration(text: str) -> timedelta:
    """A time such as 1d, 90m or 1h30m.

    >>> duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    parts = re.findall(r"(\d+)([dhms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ScheduleError(f"{text!r} is no duration; say 1d, 12h, 90m or 1h30m")
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


def once(steps: Sequence[ScheduleStep], records: Records, now: datetime, run: Run) -> list[str]:
    """Do what is due at `now`, in order; the names of what was done.

    A window that was missed is caught up by the newest one: steps are idempotent and look at all
    there is. A step that fails is due again at the next look, and what follows it waits; nothing
    is done while another process is at it. Raises ScheduleError for the step that failed.

    records: the database of the service; run: runs a command and returns its exit code.
    """
    done: list[str] = []
    with only_one(records) as mine:
        for step in steps if mine else ():
            window = step.window(now)
            if is_done(records, step.name, window):
                continue
            code = run(step.command)
            fields = {"step": step.name, "window": window.isoformat(), "exit_code": code}
            _LOG.info("a step ended", extra={"fields": fields})
            if code in {0, 3}:  # 3: done, with something to look at
                note_done(records, step.name, window)
                done.append(step.name)
            elif not step.optional:
                raise ScheduleError(
                    f"step {step.name} failed (exit code {code}): argosy {' '.join(step.command)}"
                )
    return done


def one_step(
    steps: Sequence[ScheduleStep], name: str, records: Records, at: datetime, run: Run
) -> bool:
    """Do one step for its newest window that is due at a time; False where that was done before.

    For an orchestrator that calls each step itself, once a window; a call that is repeated changes
    nothing. Raises ScheduleError where there is no such step, where it failed (whether or not it is
    optional), and while another process is at the schedule.

    steps: of the schedule; name: the step's; records: the database of the service; at: the time;
    run: runs a command and returns its exit code.
    """
    found = [replace(step, optional=False) for step in steps if step.name == name]
    if not found:
        named = ", ".join(step.name for step in steps)
        raise ScheduleError(f"the schedule has no step {name}; its steps are {named}")
    if once(found, records, at, run):
        return True
    if not is_done(records, name, found[0].window(at)):
        raise ScheduleError("another process is at the schedule; call the step again later")
    return False


def forever(path: Path, records: Records) -> None:
    """Look every half minute what is due, until stopped. The file is read anew each time.

    path: the schedule file; records: the database of the service.
    """
    while True:
        try:
            once(read(path), records, datetime.now(UTC), command)
        except ArgosyError as error:  # it is due again at the next look
            _LOG.error(str(error).splitlines()[0])
        time.sleep(_LOOK_SECONDS)


def command(arguments: Sequence[str]) -> int:
    """Run one command of argosy in a process of its own; its exit code."""
    ours = [sys.executable, "-P", "-m", "argosy", *arguments]  # -P: no folder here shadows argosy
    return subprocess.run(ours, check=False).returncode  # noqa: S603  # the merchant's own schedule
