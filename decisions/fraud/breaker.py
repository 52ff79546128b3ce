"""The circuit breaker: where too many payments are blocked or reviewed, a rule or a model is wrong.

It looks at the last decisions of all workers, however fast they come, so that it works at fifty
payments a day as at fifty a second. Attacks do not open it: what the shipped rules on velocity
block, and what stands on a list, is no mistake, and is not counted.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LAST, FEWEST = 200, 20  # decisions looked at; with fewer the breaker stays shut
_KEPT_SECONDS = 0.5  # for which one look at the records serves


@dataclass(frozen=True)
class RecentShares:
    """Of the last decisions: how many there are, and how many were blocked and reviewed by what may
    be mistaken."""

    decisions: int
    blocked: int
    reviewed: int


class Breaker:
    """Holds the shares of blocked and of reviewed payments at `most` each.

    most: a share, in (0, 1]. recent: the last LAST decisions, of all workers. clock: seconds, for
    tests.
    """

    def __init__(
        self,
        most: float,
        recent: Callable[[int], Sequence[tuple[str, bool]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._recent = recent
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._shares = RecentShares(0, 0, 0)

    def passes(self, action: str) -> bool:
        """True if a block or review that may be mistaken can stand; False: there are too many.

        action: what was decided; `allow` and `challenge` always stand.
        """
        if action not in {"block", "review"}:
            return True
        with self._lock:
            shares = self._look()
            stands = self._has_room(shares, action)
            # What this worker lets stand until the next look counts, too.
            mine = (stands and action == "block", stands and action == "review")
            self._shares = RecentShares(
                shares.decisions + 1, shares.blocked + mine[0], shares.reviewed + mine[1]
            )
            return stands

    def is_shut(self, action: str) -> bool:
        """True while one more block or review that may be mistaken could stand; nothing is counted.

        action: what was decided; `allow` and `challenge` always stand.
        """
        if action not in {"block", "review"}:
            return True
        with self._lock:
            return self._has_room(self._look(), action)

    def _look(self) -> RecentShares:
        now = self._clock()
        if now - self._looked > _KEPT_SECONDS:
            self._shares, self._looked = recent_shares(self._recent(LAST)), now
        return self._shares

    def _has_room(self, shares: RecentShares, action: str) -> bool:
        same = shares.blocked if action == "block" else shares.reviewed
        return shares.decisions < FEWEST or same + 1 <= self._most * (shares.decisions + 1)


def recent_shares(decisions: Sequence[tuple[str, bool]]) -> RecentShares:
    """decisions: the action of each, and whether it may be mistaken."""
    mistakable = [action for action, may_err in decisions if may_err]
    return RecentShares(len(decisions), mistakable.count("block"), mistakable.count("review"))
