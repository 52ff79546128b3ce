"""Work side by side: order, progress, and a process that is killed."""

import os
import signal
import time
from collections.abc import Callable

from training.processes import EarlyEnd, run_side_by_side


def work(name: str, tell: Callable[[str], None]) -> tuple[str, float, float]:
    """Answers when it started and ended; "killed" never answers."""
    started = time.monotonic()
    tell(f"{name} goes")
    if name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.3)
    return name, started, time.monotonic()


def test_each_name_is_answered_and_what_others_need_has_ended_before() -> None:
    heard: list[str] = []
    answers = run_side_by_side(work, ["a", "b", "c"], {"c": ("a",)}, 2, heard.append)
    assert {name: told[0] for name, told in answers.items()} == {"a": "a", "b": "b", "c": "c"}  # type: ignore[index]  # none ended early
    assert sorted(heard) == ["a goes", "b goes", "c goes"]
    (_, a_started, a_ended), (_, b_started, _), (_, c_started, _) = (answers[n] for n in "abc")  # type: ignore[misc]
    assert c_started >= a_ended
    assert abs(a_started - b_started) < a_ended - a_started + 5


def test_a_killed_process_is_told_and_the_others_answer() -> None:
    answers = run_side_by_side(work, ["killed", "other"], {}, 2, lambda text: None)
    assert answers["killed"] == EarlyEnd(-signal.SIGKILL)
    assert "memory" in str(answers["killed"])
    assert answers["other"][0] == "other"  # type: ignore[index]
