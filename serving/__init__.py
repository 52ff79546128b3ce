"""What is asked and answered: over HTTP, and in batch by the same code."""

import os

from serving.memory import one_heap

# Read by Arrow when it is loaded, which is after this.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
one_heap()
