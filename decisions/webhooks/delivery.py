"""The delivery worker: what waits in the outbox goes out, in order by key, until it is taken."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data.messages import MessageDelivery, Subscription
from data.records import DatabaseError, Records
from data.records.outbox import attempted
from data.records.steps import only_one
from decisions.logs import log_defect
from decisions.webhooks.sending import Send, SendError

ROUND = 2_000  # deliveries read at once
KEPT = timedelta(days=90)  # messages, for replay
_TIDY_SECONDS = 3_600.0
_LOCK = "webhooks"


@dataclass(frozen=True)
class RetryPolicy:
    """When a message that was not taken is tried again: after first_seconds, each time twice as
    long, up to longest_seconds; after `attempts` it is a dead letter."""

    first_seconds: float = 5.0
    longest_seconds: float = 3_600.0
    attempts: int = 15

    def wait(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts, give or take a tenth."""
        seconds = min(self.first_seconds * 2.0 ** (attempts - 1), self.longest_seconds)
        return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311  # jitter


@dataclass(frozen=True)
class DeliveryReport:
    """What one look at the outbox did."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0


def deliver_due(
    records: Records, send: Send, *, policy: RetryPolicy = RetryPolicy(), threads: int = 8
) -> DeliveryReport:
    """Send all that is due, until nothing is; messages of one key in order, those of different
    keys side by side. One process at a time does; the others return at once.

    records: the database of the service; send: sends one message or raises SendError; policy: when
    it is tried again; threads: how many messages are under way.

    A message is kept as delivered after the receiver took it: where the process dies between the
    two, it is sent again with the same id. After a dead letter its key goes on with the next.
    """
    delivered = failed = dead = 0
    with only_one(records, _LOCK) as mine, ThreadPoolExecutor(threads) as pool:
        for subscription in records.outbox.subscriptions() if mine else ():
            while due := records.outbox.due(subscription.name, datetime.now(UTC), ROUND):
                by_key: dict[str, list[MessageDelivery]] = defaultdict(list)
                for each in due:
                    by_key[each.key].append(each)
                chains = pool.map(
                    lambda chain, to=subscription: _send_chain(to, chain, send, policy),
                    by_key.values(),
                )
                done = [each for chain in chains for each in chain]
                records.outbox.settle(done)
                delivered += sum(each.state == "delivered" for each in done)
                failed += sum(each.state == "waiting" for each in done)
                dead += sum(each.state == "dead" for each in done)
    return DeliveryReport(delivered, failed, dead)


def _send_chain(
    subscription: Subscription,
    chain: Sequence[MessageDelivery],
    send: Send,
    policy: RetryPolicy,
) -> list[MessageDelivery]:
    """Messages of one key, one after the other, until one is not taken."""
    done = []
    for each in chain:
        now = datetime.now(UTC)
        try:
            send(subscription, each)
        except SendError as error:
            if each.attempts + 1 < policy.attempts:
                later = now + policy.wait(each.attempts + 1)
                done.append(attempted(each, state="waiting", due_at=later, error=str(error)))
                return done
            done.append(attempted(each, state="dead", due_at=now, error=str(error)))
        else:
            done.append(attempted(each, state="delivered", due_at=now, error=""))
    return done


class DeliveryWorker:
    """A thread that looks at the outbox every few seconds while the server runs."""

    def __init__(self, records: Records, send: Send, *, seconds: float) -> None:
        self._records, self._send, self._seconds = records, send, seconds
        self._tidied = float("-inf")
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what is under way ends."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
            self._thread = None

    def _tidy(self) -> None:
        """Once an hour, drop what is older than KEPT and waits for nobody."""
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._records.outbox.forget(datetime.now(UTC) - KEPT)
            self._tidied = time.monotonic()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                deliver_due(self._records, self._send)
                self._tidy()
            except DatabaseError:  # it is looked at again; `readyz` says that the database is away
                continue
            except Exception as error:  # the worker goes on, whatever one look met
                log_defect(error, "webhooks")
