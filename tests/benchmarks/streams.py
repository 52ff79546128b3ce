"""50,000 events from a RabbitMQ that is killed and restarted, to a consumer that is killed, too.

    python tests/benchmarks/streams.py [DIR] [--count 50000]

Needs no data set, but `rabbitmq-server`: a node of its own is started on port 5679. Whoever sends
sends again what the broker did not confirm, under the same event_id.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pika
import pika.exceptions

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from data.records import Records
from data.settings import Settings

ROOT = Path(__file__).parent.parent.parent
PORT = 5679
URL = f"amqp://guest:guest@127.0.0.1:{PORT}/%2F"


class OwnBroker:
    """A RabbitMQ node of this benchmark's own."""

    def __init__(self, folder: Path) -> None:
        self._given = os.environ | {
            "RABBITMQ_NODENAME": "argosybench@localhost",
            "RABBITMQ_NODE_PORT": str(PORT),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(PORT + 20_000),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "HOME": str(folder),
        }
        (folder / "plugins").write_text("[].\n")
        self._binary = next(Path("/usr/lib/rabbitmq").glob("lib/*/sbin/rabbitmq-server"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(self._binary)],
            env=self._given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(240):
            try:
                pika.BlockingConnection(pika.URLParameters(URL)).close()
            except (pika.exceptions.AMQPError, OSError):
                time.sleep(0.5)
            else:
                return
        raise SystemExit("RabbitMQ did not start")

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def publish(count: int) -> int:
    """Send `count` durable events, each until it is confirmed; how many were sent again."""
    number = again = 0
    while number < count:
        try:
            channel = pika.BlockingConnection(pika.URLParameters(URL)).channel()
            channel.queue_declare("argosy.events", durable=True)
            channel.confirm_delivery()
            properties = pika.BasicProperties(delivery_mode=2)
            while number < count:
                rows = [event(each) for each in range(number, min(number + 10, count))]
                body = json.dumps(rows).encode()
                channel.basic_publish("", "argosy.events", body, properties)
                number += len(rows)
        except (pika.exceptions.AMQPError, OSError):
            again += 1
            time.sleep(0.5)
    return again


def event(number: int) -> dict[str, str]:
    return {
        "event_id": f"e{number}",
        "occurred_at": "2024-05-01T12:00:00Z",
        "kind": "view",
        "product_id": "tea",
        "visitor_id": f"v{number % 997}",
    }


def consumer(home: Path) -> "subprocess.Popen[bytes]":
    given = os.environ | {"ARGOSY_HOME": str(home), "ARGOSY_BROKER_URL": URL}
    command = [sys.executable, "-P", "-m", "argosy", "consume", "events", "--batch", "20"]
    return subprocess.Popen(command, env=given, cwd=ROOT, stderr=subprocess.DEVNULL)


def kept(records: Records) -> list[str]:
    return list(records.pending("events")[0]["event_id"])


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", nargs="?")
    asked.add_argument("--count", type=int, default=50_000)
    count = asked.parse_args().count
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        settings = Settings(home=folder / "home")
        records = Records(settings.database, settings.namespace)
        records.migrate()
        broker = OwnBroker(folder)
        broker.start()
        again: list[int] = []
        sending = threading.Thread(target=lambda: again.append(publish(count)))
        started = time.perf_counter()
        sending.start()
        taking = consumer(settings.home)
        kills = {"broker": 0, "consumer": 0}
        for share in (0.2, 0.5):
            while len(kept(records)) < share * count:
                time.sleep(0.5)
            broker.kill()
            broker.start()
            kills["broker"] += 1
            taking.kill()
            taking.wait()
            kills["consumer"] += 1
            taking = consumer(settings.home)
        sending.join()
        last = time.monotonic() + 120
        while len(set(kept(records))) < count and time.monotonic() < last:
            time.sleep(0.5)
        took = time.perf_counter() - started
        taking.kill()
        taking.wait()
        ids = kept(records)
        records.close()
        broker.kill()
    figures = {
        "events": count,
        "lost": count - len(set(ids)),
        "doubled": len(ids) - len(set(ids)),
        "broker_kills": kills["broker"],
        "consumer_kills": kills["consumer"],
        "sender_reconnects": sum(again),
        "seconds": round(took, 1),
    }
    for name, value in figures.items():
        print(f"{name:20} {value:>10,}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
