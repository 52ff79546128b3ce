"""What was freed goes back to the system."""

import ctypes
import gc

_ARENA_MAX = -8  # of glibc's malloc.h


def trim() -> None:
    """Collect what is no more in use, and give back the free memory between what is; a server that
    builds its tables anew would grow. What is left is frozen: the collector need not look at it
    again."""
    gc.unfreeze()  # a model that was frozen and is no more in use would never be collected
    gc.collect()
    gc.freeze()
    _call("malloc_trim", 0)


def one_heap() -> None:
    """One heap for all threads, called before there are any: each would keep what is freed in a
    heap of its own. Of another C library than glibc: nothing."""
    _call("mallopt", _ARENA_MAX, 1)


def _call(name: str, *given: int) -> None:
    found = getattr(ctypes.CDLL(None), name, None)
    if found is not None:
        found(*given)
