"""What is asked at the same time is worked on at once: one round trip, one commit for all."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from data.errors import ArgosyError

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


@dataclass(frozen=True)
class _Waiting(Generic[Asked, Answered]):
    """One who asks. context: of the asking; a go belongs to the trace of its first."""

    asked: Asked
    answer: Future[Answered] | asyncio.Future[Answered]
    context: Context

    def is_wanted(self) -> bool:
        """Who gave up waiting is asked for no more."""
        if isinstance(self.answer, Future):
            return self.answer.set_running_or_notify_cancel()
        return not self.answer.cancelled()

    def settle(self, outcome: Answered | Exception) -> None:
        """The answer, or why there is none; who waits in an event loop is told by its thread."""
        if self.answer.done():  # cancelled
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


# How long after a go those who were in it, or came meanwhile, are waited for: who asked at the same
# time mostly asks again at the same time, and one go for all takes less than two.
GATHER_SECONDS = 0.002


class MicroBatcher(Generic[Asked, Answered]):
    """`work` takes all that waits, at most `most`, and gives an answer for each. One who asks alone
    waits for nobody. hands: how many goes there may be at a time, each in a thread of its own.

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
        self._enough = threading.Condition(self._lock)
        self._expected, self._until = 1, 0.0
        self._pool = ThreadPoolExecutor(hands, thread_name_prefix="together")

    def ask(self, asked: Asked) -> Future[Answered]:
        """The answer, when it is there."""
        answer: Future[Answered] = Future()
        self._wait(_Waiting(asked, answer, copy_context()))
        return answer

    async def answer(self, asked: Asked) -> Answered:
        """The answer, waited for in an event loop."""
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._wait(_Waiting(asked, answer, copy_context()))
        return await answer

    def _wait(self, waiting: _Waiting[Asked, Answered]) -> None:
        with self._lock:
            self._waiting.append(waiting)
            if len(self._waiting) >= self._expected:
                self._enough.notify()
            if not self._free:
                return
            self._free -= 1
        self._pool.submit(self._until_none_waits)

    def _until_none_waits(self) -> None:
        while taken := self._take():
            wanted = [each for each in taken if each.is_wanted()]
            outcomes = self._go(wanted) if wanted else []
            with self._lock:
                self._expected = min(len(taken) + len(self._waiting), self._most)
                self._until = time.monotonic() + GATHER_SECONDS
            _tell(outcomes)

    def _take(self) -> Sequence[_Waiting[Asked, Answered]]:
        """Those who are in the next go; nobody when nobody waits: the hand is free."""
        with self._lock:
            left = self._until - time.monotonic()
            if self._waiting and left > 0:
                self._enough.wait_for(lambda: len(self._waiting) >= self._expected, left)
            count = min(len(self._waiting), self._most)
            if not count:
                self._free += 1
            return [self._waiting.popleft() for _ in range(count)]

    def _go(self, taken: Sequence[_Waiting[Asked, Answered]]) -> list["_Outcome"]:
        try:
            answers = taken[0].context.run(self._work, [each.asked for each in taken])
        except Exception as error:  # told to whoever asked
            if len(taken) == 1 or isinstance(error, ArgosyError):
                return [(each, error) for each in taken]
            return [outcome for each in taken for outcome in self._go([each])]
        return list(zip(taken, answers, strict=True))


# Who waited, and the answer or why there is none.
_Outcome = tuple[_Waiting[Any, Any], Any]


def _tell(outcomes: Sequence[_Outcome]) -> None:
    """Tell everybody: a loop once for all who wait in it, for each call wakes it anew."""
    loops: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for waiting, outcome in outcomes:
        if isinstance(waiting.answer, Future):
            waiting.settle(outcome)
        else:
            loops.setdefault(waiting.answer.get_loop(), []).append((waiting, outcome))
    for loop, own in loops.items():
        with suppress(RuntimeError):  # it was closed: nobody waits
            loop.call_soon_threadsafe(_settle, own)


def _settle(outcomes: Sequence[_Outcome]) -> None:
    for waiting, outcome in outcomes:
        waiting.settle(outcome)
