"""How it is asked: the HTTP API and batch scoring, from the same live releases."""

import os

from serving.memory import one_heap

# Read by Arrow when it is loaded, which is after this.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
one_heap()
