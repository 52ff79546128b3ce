"""One writer at a time, on any machine: a lease that its holder renews, kept in the bucket.

A holder that dies lets the lease run out. One that slept through it may think that it still holds
it: what is written under a lease must therefore be put in force by `Bucket.replace`, which refuses
whoever came too late.
"""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from data.bucket import Bucket, BucketError, ChangedObjectError, MissingObjectError

HELD_SECONDS = 20.0  # without a renewal
_RENEWED_EVERY, _ASKED_EVERY = HELD_SECONDS / 4, 0.25


@contextmanager
def hold_lease(bucket: Bucket, name: str) -> Iterator[None]:
    """Hold the lease of this name while the block runs; waits until it is free.

    bucket: where it is kept; name: of its object. Clocks of two machines may differ by seconds; a
    block that is done after its lease ran out may find that another was quicker.
    """
    owner = uuid.uuid4().hex
    tag = _acquired(bucket, name, owner)
    ended = threading.Event()
    lease = _Renewal(bucket, name, owner, tag)
    renewing = threading.Thread(target=lease.keep, args=(ended,), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        lease.give_back()


class _Renewal:
    """Puts off the end of a lease until it is given back. tag: of the lease as it was put."""

    def __init__(self, bucket: Bucket, name: str, owner: str, tag: str) -> None:
        self._bucket = bucket
        self._name = name
        self._owner = owner
        self._tag = tag

    def keep(self, ended: threading.Event) -> None:
        while not ended.wait(_RENEWED_EVERY):
            with suppress(BucketError):  # a store that is away now may answer before the end
                self._put(time.time() + HELD_SECONDS)

    def give_back(self) -> None:
        with suppress(BucketError):
            self._put(0.0)

    def _put(self, until: float) -> None:
        content = _lease(self._owner, until)
        self._tag = self._bucket.replace(self._name, content, of=self._tag)


def _acquired(bucket: Bucket, name: str, owner: str) -> str:
    """The tag of the lease, once it is ours."""
    while True:
        former = _held(bucket, name)
        if former is None or former[1] < time.time():
            with suppress(ChangedObjectError):  # another was quicker
                content = _lease(owner, time.time() + HELD_SECONDS)
                return bucket.replace(name, content, of=former and former[0])
        time.sleep(_ASKED_EVERY)


def _held(bucket: Bucket, name: str) -> tuple[str, float] | None:
    """The tag of the lease and when it runs out; None where nobody ever held it."""
    try:
        found = bucket.read(name)
    except MissingObjectError:
        return None
    assert found is not None
    return found.tag, float(json.loads(found.content)["until"])


def _lease(owner: str, until: float) -> bytes:
    return json.dumps({"owner": owner, "until": until}).encode()
