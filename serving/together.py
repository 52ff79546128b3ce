"""What is asked at the same time is worked on at once: one round trip, one commit for all."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Generic, TypeVar

from features.contracts import ArgosyError

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


@dataclass(frozen=True)
class _Waiting(Generic[Asked, Answered]):
    """One who asks. context: of the asking; a go belongs to the trace of its first."""

    asked: Asked
    answer: Future[Answered]
    context: Context


class Together(Generic[Asked, Answered]):
    """`work` takes all that waits, at most `most`, and gives an answer for each; nobody waits for
    others to come. hands: how many goes there may be at a time, each in a thread of its own.

    An ArgosyError is the answer to all of a go: a server is away. After any other exception each
    is tried alone, to find out whose fault it is: `work` must be safe to be done again.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Sequence[Answered]],
        *,
        most: int = 32,
        hands: int = 1,
    ) -> None:
        self._work = work
        self._most = most
        self._free = hands
        self._waiting: deque[_Waiting[Asked, Answered]] = deque()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(hands, thread_name_prefix="together")

    def ask(self, asked: Asked) -> Future[Answered]:
        """The answer, when it is there."""
        answer: Future[Answered] = Future()
        with self._lock:
            self._waiting.append(_Waiting(asked, answer, copy_context()))
            if not self._free:
                return answer
            self._free -= 1
        self._pool.submit(self._until_none_waits)
        return answer

    def _until_none_waits(self) -> None:
        while True:
            with self._lock:
                count = min(len(self._waiting), self._most)
                if not count:
                    self._free += 1
                    return
                taken = [self._waiting.popleft() for _ in range(count)]
            # Who gave up waiting is asked for no more.
            if wanted := [each for each in taken if each.answer.set_running_or_notify_cancel()]:
                self._go(wanted)

    def _go(self, taken: Sequence["_Waiting[Asked, Answered]"]) -> None:
        try:
            answers = taken[0].context.run(self._work, [each.asked for each in taken])
        except Exception as error:  # told to whoever asked
            if len(taken) == 1 or isinstance(error, ArgosyError):
                for each in taken:
                    each.answer.set_exception(error)
            else:
                for each in taken:
                    self._go([each])
            return
        for each, found in zip(taken, answers, strict=True):
            each.answer.set_result(found)
