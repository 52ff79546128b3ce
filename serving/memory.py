"""What was freed goes back to the system."""

import ctypes


def trim() -> None:
    """Give back the free memory between what is in use; glibc would keep it, and a server that
    builds its tables anew would seem to grow. Nothing where there is another C library."""
    found = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if found is not None:
        found(0)
