"""The index in use: built once, rebuilt beside it when something changed, swapped whole."""

import threading
import time

import pandas as pd

from data.records import DatabaseError
from decisions.memory import trim
from decisions.recommendation.build_index import build
from decisions.recommendation.product_index import ProductIndex
from decisions.runtime import Runtime

USE_CASE = "recommendation"


class CurrentIndex:
    """Gives the index in use; never makes a request wait but the first one."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._shelf: ProductIndex | None = None
        self._state = ""
        self._looked_at = float("-inf")
        self._lock = threading.Lock()
        self._building = threading.Lock()

    def current(self) -> ProductIndex:
        """The index in use; looks for changes at most every `reload_seconds`, in the background."""
        index = self._shelf
        if index is None:
            with self._building:
                return self._shelf or self._rebuild()
        release = self._runtime.release(USE_CASE)
        overdue = time.monotonic() - self._looked_at > self._runtime.settings.reload_seconds
        if (overdue or index.release is not release) and self._lock.acquire(blocking=False):
            self._looked_at = time.monotonic()
            threading.Thread(target=self._look, name="index", daemon=True).start()
        return index

    def _look(self) -> None:
        try:
            if self._now() != self._state:
                self._rebuild()
                trim()
        finally:
            self._lock.release()

    def _now(self) -> str:
        release = self._runtime.release(USE_CASE)
        version = release.version if release else ""
        return f"{version} {self._runtime.lake.version()} {self._runtime.store.version()}"

    def _rebuild(self) -> ProductIndex:
        state = self._now()
        known = self._runtime.features_as_of()
        now = self._runtime.now()
        moment = max(now, known) if known else now
        release = self._runtime.release(USE_CASE)
        index = build(self._runtime, release, moment, self._shelf, self._told())
        index = index.reusing(self._shelf) if self._shelf is not None else index
        self._shelf, self._state = index, state
        self._looked_at = time.monotonic()
        return index

    def _told(self) -> pd.DataFrame | None:
        """Hides that came over HTTP: for answers that have no time to read a visit."""
        try:
            return self._runtime.records.storefront.hides()
        except DatabaseError:
            return None
