import sys
from pathlib import Path

import pytest

from decisions.memory import trim


def own() -> float:
    """Megabytes of this process's own."""
    return int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0]) / 1e3


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_what_is_freed_below_something_in_use_is_given_back() -> None:
    freed = [bytes(100_000) for _ in range(500)]  # too small for a mapping of its own
    kept = bytes(100_000)
    del freed
    before = own()
    trim()
    assert own() < before - 20
    assert len(kept) == 100_000
