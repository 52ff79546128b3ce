"""What was freed goes back to the system."""

import ctypes
import gc

import pyarrow as pa


def trim() -> None:
    """Collect what is no more in use, and give back the free memory between what is; Arrow and
    glibc would keep it, and a server that builds its tables anew would grow. Of another C library,
    only Arrow's. What is left is frozen: the collector need not look at it again."""
    gc.unfreeze()  # a model that was frozen and is no more in use would never be collected
    gc.collect()
    gc.freeze()
    pa.default_memory_pool().release_unused()
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if found is not None:
        found(0)
