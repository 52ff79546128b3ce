"""The circuit breaker: where too many payments are blocked, people look at the rest."""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS, FEWEST = 600.0, 50


class Breaker:
    """Holds the share of blocked payments of the last WINDOW_SECONDS at `share` at most.

    Under FEWEST payments in the window it stays shut. The window moves by whole seconds, so that
    it takes no more memory however many payments come. clock: seconds, for tests.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._seconds: deque[list[int]] = deque()  # [second, payments, blocks]
        self._seen = self._blocks = 0
        self._lock = threading.Lock()

    def passes(self, *, block: bool) -> bool:
        """Whether this decision may stand; False: a block too many, let people review it."""
        with self._lock:
            second = int(self._clock())
            while self._seconds and self._seconds[0][0] <= second - WINDOW_SECONDS:
                _, seen, blocks = self._seconds.popleft()
                self._seen -= seen
                self._blocks -= blocks
            many = self._seen >= FEWEST and self._blocks + 1 > self._share * (self._seen + 1)
            stands = not (block and many)
            if not self._seconds or self._seconds[-1][0] < second:
                self._seconds.append([second, 0, 0])
            self._seconds[-1][1] += 1
            self._seconds[-1][2] += block and stands
            self._seen += 1
            self._blocks += block and stands
            return stands
