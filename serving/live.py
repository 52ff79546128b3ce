"""What the server answers from: the stores, and of each row the one release in use."""

import json
import random
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from features.lake import Lake
from features.records import Records
from features.settings import Settings
from features.store import Store
from models.base import Release
from models.registry import ROWS, Registry, RegistryError
from serving.auth import KeyRing
from serving.idempotency import InFlight
from serving.telemetry import Telemetry

# A release that failed is tried again after this long (a disk may have been full); a new one
# at once.
_AGAIN_SECONDS = 60.0


class Live:
    """The stores and the releases in use; a release is swapped by one assignment.

    registry: another one than the settings name, for tests.
    """

    def __init__(self, settings: Settings, registry: Registry | None = None) -> None:
        self.settings = settings
        self.lake = Lake(settings.lake, max_bad_share=settings.max_bad_share)
        self.store = Store(settings, self.lake)
        self.records = Records(settings.database, settings.namespace)
        self.registry = registry or Registry(
            settings.mlflow, settings.artifacts, settings.namespace, settings.home / "cache"
        )
        self.telemetry = Telemetry()
        self.in_flight = InFlight()
        self.keys = KeyRing(self.records.keys, seconds=settings.reload_seconds)
        self._releases: Mapping[str, Release] = MappingProxyType({})
        self._problems: Mapping[str, str] = MappingProxyType({})
        self._failed: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def release(self, row: str) -> Release | None:
        """The release in use; None when there is none, and `problem` says why."""
        return self._releases.get(row)

    def problem(self, row: str) -> str | None:
        """Why the row has no release, or why its newest is not in use; None when all is well."""
        return self._problems.get(row)

    def now(self) -> datetime:
        """The merchant's clock: the newest fact in the lake; the wall clock while it is empty."""
        return self.lake.clock() or datetime.now(UTC)

    def features_as_of(self) -> datetime | None:
        """The time the features in the store were last computed for; None when never."""
        file = self.settings.feature_folder / "materialized.json"
        try:
            return datetime.fromisoformat(json.loads(file.read_text())["as_of"])
        except FileNotFoundError:
            return None

    def start(self) -> None:
        """Open the stores, load the champions, watch for new ones."""
        self.records.migrate()
        self.refresh()
        self._stopping.clear()
        self._watcher = threading.Thread(target=self._watch, name="releases", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop watching and close the stores."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join(timeout=30)
            self._watcher = None
        self.store.close()
        self.records.close()

    def refresh(self) -> None:
        """Take every row's champion into use that is not yet."""
        with self._lock:
            for row in ROWS:
                self._refresh(row)
            self.telemetry.facts(self.lake.clock(), self.features_as_of())

    def _watch(self) -> None:
        while not self._stopping.wait(self.settings.reload_seconds * random.uniform(0.8, 1.2)):  # noqa: S311  # jitter, so that workers do not ask at the same moment
            self.refresh()

    def _refresh(self, row: str) -> None:
        former = self._releases.get(row)
        try:
            version = self.registry.champion_version(row)
        except RegistryError as error:
            self._note(row, str(error))
            return
        if version is None:
            self._note(row, f"{row} has no model in use; train one: argosy train {row}")
        elif former is not None and former.version == version:
            self._note(row, None)
        elif not self._failed_lately(row, version):
            self._swap(row, version, former)

    def _swap(self, row: str, version: str, former: Release | None) -> None:
        """Load beside the old one, try it, put it in its place; else keep the old one."""
        try:
            release = self.registry.load(row, version)
            release.trial()
        except Exception as error:  # whatever a model throws, the old one stays
            self._failed[row] = (version, time.monotonic())
            self.telemetry.not_loaded(row)
            stays = f"version {former.version} stays in use" if former else "nothing is in use"
            self._note(row, f"version {version} is not in use, {stays}: {_short(error)}")
            return
        self._releases = MappingProxyType({**self._releases, row: release})
        self._failed.pop(row, None)
        self._note(row, None)
        self.telemetry.loaded(release, former)

    def _failed_lately(self, row: str, version: str) -> bool:
        failed, at = self._failed.get(row, ("", 0.0))
        return failed == version and time.monotonic() - at < _AGAIN_SECONDS

    def _note(self, row: str, problem: str | None) -> None:
        problems = {name: text for name, text in self._problems.items() if name != row}
        if problem is not None:
            problems[row] = problem
        self._problems = MappingProxyType(problems)
        self.telemetry.told(row, problem=problem is not None)


def _short(error: Exception) -> str:
    """The first line: the rest of a trial's message is the sample's values."""
    text = str(error).strip() or repr(error)
    return text.splitlines()[0][:500]
