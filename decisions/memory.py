"""What was freed goes back to the system."""

import ctypes

_ARENA_MAX = -8  # of glibc's malloc.h


def trim() -> None:
    """Give back the free memory between what is in use; a server that builds its tables anew would
    grow."""
    _call("malloc_trim", 0)


def one_heap() -> None:
    """One heap for all threads, called before there are any: each would keep what is freed in a
    heap of its own. Of another C library than glibc: nothing."""
    _call("mallopt", _ARENA_MAX, 1)


def _call(name: str, *given: int) -> None:
    found = getattr(ctypes.CDLL(None), name, None)
    if found is not None:
        found(*given)
