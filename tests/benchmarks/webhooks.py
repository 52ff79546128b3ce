"""100,000 webhooks to a receiver that fails a third of the time: lost, out of order, doubled?

    python tests/benchmarks/webhooks.py [DIR] [--count 100000]

Needs no data set. Every second failure took the message and its answer was lost, so duplicates
come; they bear the id of the first.
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from data.messages import MessageDelivery, OutgoingMessage, Subscription
from data.records import Records
from decisions.webhooks.delivery import RetryPolicy, deliver_due
from decisions.webhooks.sending import SendError
from decisions.webhooks.signing import make_secret, sign

KEYS = 2_000
_taken: list[tuple[str, str, int]] = []
_lock = threading.Lock()
_draw = random.Random(1)


def send(subscription: Subscription, delivery: MessageDelivery) -> None:
    """A receiver within the process: what is measured is the outbox, not HTTP."""
    sign(subscription.secret, delivery.message_id, int(time.time()), b"{}")
    with _lock:
        fails, silent = _draw.random() < 1 / 3, _draw.random() < 0.5
        if not fails or silent:
            _taken.append((delivery.message_id, delivery.key, delivery.data["number"]))
    if fails:
        raise SendError("answered 503")


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", nargs="?")
    asked.add_argument("--count", type=int, default=100_000)
    count = asked.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        records = Records(f"sqlite:///{folder}/argosy.db")
        records.migrate()
        secret = make_secret()
        now = datetime.now(UTC)
        records.outbox.subscribe(Subscription("erp", "http://receiver", (), secret, now))
        started = time.perf_counter()
        for first in range(0, count, 1_000):
            records.outbox.send(
                [
                    OutgoingMessage("order.exported", f"po{n % KEYS}", {"number": n // KEYS})
                    for n in range(first, min(first + 1_000, count))
                ]
            )
        written = time.perf_counter() - started
        started = time.perf_counter()
        policy = RetryPolicy(first_seconds=0.0, attempts=1_000)
        report = deliver_due(records, send, policy=policy)
        took = time.perf_counter() - started
        records.close()
    order: dict[str, dict[str, int]] = defaultdict(dict)
    for message_id, key, number in _taken:
        order[key].setdefault(message_id, number)
    unique = sum(map(len, order.values()))
    figures = {
        "messages": count,
        "lost": count - unique,
        "keys_out_of_order": sum(
            list(one.values()) != sorted(one.values()) for one in order.values()
        ),
        "duplicates": len(_taken) - unique,
        "failed_attempts": report.failed,
        "dead": report.dead,
        "written_per_second": round(count / written),
        "delivered_per_second": round(count / took),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    for name, value in figures.items():
        print(f"{name:22} {value:>12,}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
