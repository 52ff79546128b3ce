"""The command `argosy`: its entry point."""

import os

# Before numpy loads: implicit recalculates a user 50 times slower with a threaded BLAS.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from serving.command.app import app, main

__all__ = ["app", "main"]

if __name__ == "__main__":
    main()
