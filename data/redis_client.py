"""Servers elsewhere: how Redis is connected to, and how one that does not answer is left alone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data.errors import ArgosyError

PAUSE_SECONDS = 1.0


def open_redis(url: str, seconds: float) -> Any:
    """A redis.Redis that waits so long to connect, and so long for each answer.

    A connection that died while it lay idle is opened again at once; nothing else is tried twice.

    url: redis://…; seconds: how long.
    """
    import redis  # a second of a start that may not need it
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    again = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(
        url, socket_connect_timeout=seconds, socket_timeout=seconds, retry=again
    )


class Circuit:
    """Spares the callers of a server that is away: who fails opens it, and for `pause` seconds all
    others fail at once; then one of them tries, while the others go on without.

    kinds: the exceptions that mean it is away.
    """

    def __init__(
        self,
        kinds: Callable[[], tuple[type[Exception], ...]],
        *,
        pause: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kinds = kinds
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._again_at: float | None = None  # None: closed, all is well
        self._why = ""

    @contextmanager
    def asking(self, failed: Callable[[str], ArgosyError]) -> Iterator[None]:
        """Ask within; what `failed` makes of the reason is raised when there is no answer."""
        if not self._may_ask():
            raise failed(self._why)
        try:
            yield
        except self._kinds() as error:
            with self._lock:
                self._why = str(error)
                self._again_at = self._clock() + self._pause
            raise failed(self._why) from error
        if self._again_at is not None:
            with self._lock:
                self._again_at = None

    def _may_ask(self) -> bool:
        if self._again_at is None:
            return True
        with self._lock:
            now = self._clock()
            if self._again_at is not None and now < self._again_at:
                return False
            self._again_at = now + self._pause  # this one tries, those who come meanwhile do not
            return True


@dataclass(frozen=True)
class RedisFacts:
    """What a Redis says of itself."""

    version: str
    policy: str
    now: datetime


def redis_facts(url: str) -> RedisFacts:
    """Ask a Redis what it is; ArgosyError when it does not answer."""
    import redis

    with open_redis(url, 2.0) as client:
        try:
            seconds, micros = client.time()
            memory = client.info("memory")
            found = client.info("server")["redis_version"]
        except redis.RedisError as error:
            raise ArgosyError(f"Redis does not answer: {error}") from error
    moment = datetime.fromtimestamp(seconds + micros / 1e6, UTC)
    return RedisFacts(str(found), str(memory.get("maxmemory_policy", "unknown")), moment)
