"""The circuit breaker: where too many payments are blocked, people look at the rest."""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS, FEWEST = 600.0, 50


class Breaker:
    """Holds the share of blocked payments of the last WINDOW_SECONDS at `share` at most.

    Under FEWEST payments in the window it stays shut. clock: seconds, for tests.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._seen: deque[tuple[float, bool]] = deque()
        self._blocks = 0
        self._lock = threading.Lock()

    def passes(self, *, block: bool) -> bool:
        """Whether this decision may stand; False: a block too many, let people review it."""
        with self._lock:
            now = self._clock()
            while self._seen and self._seen[0][0] <= now - WINDOW_SECONDS:
                self._blocks -= self._seen.popleft()[1]
            known = len(self._seen)
            many = known >= FEWEST and self._blocks + 1 > self._share * (known + 1)
            stands = not (block and many)
            self._seen.append((now, block and stands))
            self._blocks += block and stands
            return stands
