"""What was freed goes back to the system."""

import ctypes

import pyarrow as pa


def trim() -> None:
    """Give back the free memory between what is in use; Arrow and glibc would keep it, and a server
    that builds its tables anew would grow. Of another C library, only Arrow's."""
    pa.default_memory_pool().release_unused()
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if found is not None:
        found(0)
