"""One holder at a time; a lease that nobody renews runs out."""

import json
import threading
import time

import pytest

from data import bucket_lease
from data.bucket import Bucket
from data.bucket_lease import hold_lease


def test_one_at_a_time(bucket: str) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(2):
            with hold_lease(Bucket(bucket), "lease"):
                inside += 1
                most = max(most, inside)
                time.sleep(0.02)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == 1


def test_the_lease_of_a_dead_holder_runs_out(bucket: str) -> None:
    dead = json.dumps({"owner": "dead", "until": time.time() + 0.6}).encode()
    Bucket(bucket).replace("lease", dead, of=None)
    began = time.monotonic()
    with hold_lease(Bucket(bucket), "lease"):
        assert 0.3 < time.monotonic() - began < 5.0


def test_a_lease_is_renewed_while_it_is_held(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_lease, "HELD_SECONDS", 0.5)
    monkeypatch.setattr(bucket_lease, "_RENEWED_EVERY", 0.1)
    with hold_lease(Bucket(bucket), "lease"):
        time.sleep(0.9)
        found = Bucket(bucket).read("lease")
        assert found is not None
        assert json.loads(found.content)["until"] > time.time()
