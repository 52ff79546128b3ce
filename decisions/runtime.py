"""What the server answers from: the stores, and of each use case the one release in use."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from data.lake import open_lake
from data.lake.needs import training_steps
from data.records import DatabaseError, Records
from data.settings import Settings
from decisions.logs import log_defect
from decisions.memory import trim
from decisions.telemetry import Telemetry
from decisions.tracing import Tracer
from features.store import Store
from models.base import Release
from models.registry import Registry, RegistryError, open_registry

# A release that failed is tried again after this long (a disk may have been full); a new one
# at once.
_AGAIN_SECONDS = 60.0
_TIDY_SECONDS = 600.0
_LAST = "the last one used"


class Runtime:
    """The stores and the releases in use; a release is swapped by one assignment.

    registry: another one than the settings name, for tests.
    """

    def __init__(self, settings: Settings, registry: Registry | None = None) -> None:
        self.settings = settings
        self.lake = open_lake(settings)
        self.store = Store(settings, self.lake)
        self.records = Records(settings.database, settings.namespace)
        self.registry = registry or open_registry(settings)
        self.telemetry = Telemetry(Tracer() if settings.traces else None)
        self._releases: Mapping[str, Release] = MappingProxyType({})
        self._problems: Mapping[str, str] = MappingProxyType({})
        self._failed: dict[str, tuple[str, float]] = {}
        self.watched: list[Callable[[], None]] = []  # what a use case wants looked after, too
        self.migrated = False  # whether the database was reached since the start
        self._database_problem: str | None = None
        self._tidied = float("-inf")
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def release(self, use_case: str) -> Release | None:
        """The release in use; None when there is none, and `problem` says why."""
        return self._releases.get(use_case)

    def problem(self, use_case: str) -> str | None:
        """Why the use case has no release, or its newest is not in use; None when all is well."""
        return self._problems.get(use_case)

    def now(self) -> datetime:
        """The merchant's clock: the newest fact in the lake; the wall clock while it is empty."""
        return self.lake.clock() or datetime.now(UTC)

    def features_as_of(self) -> datetime | None:
        """The time the features in the store were last computed for; None when never."""
        return self.store.as_of()

    def database_problem(self) -> str | None:
        """Why the database cannot be used, as of the last look; None when it can."""
        return self._database_problem

    def start(self) -> None:
        """Open the stores, load the champions, watch for new ones.

        A store or a registry that is away is looked for again and again; what can be answered
        without it is.
        """
        self.look_at_database()
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
        """Take every use case's champion into use that is not yet."""
        with self._lock:
            self._look_at_registry()
            self.telemetry.facts(self.lake.clock(), self.features_as_of())

    def look_at_database(self) -> None:
        """Find out whether the database answers; bring it up to this version the first time."""
        try:
            if self.migrated:
                self.records.ping()
            else:
                self.records.migrate()
                self.migrated = True
            self._tidy()
        except DatabaseError as error:
            self._database_problem = str(error)
        else:
            self._database_problem = None
        self.telemetry.database.set(self._database_problem is None)

    def _tidy(self) -> None:
        """Once in a while, drop the answers to idempotency keys that are old."""
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self.records.forget_answers(timedelta(hours=self.settings.idempotency_hours))
            self._tidied = time.monotonic()

    def _look_at_registry(self) -> None:
        for use_case in self.settings.use_cases:
            try:
                version = self.registry.champion_version(use_case)
            except RegistryError as error:  # away for one, away for all: ask no more this time
                for each in self.settings.use_cases:
                    self._go_without(each, str(error))
                return
            self._refresh(use_case, version)

    def _watch(self) -> None:
        while not self._stopping.wait(self.settings.reload_seconds * random.uniform(0.8, 1.2)):  # noqa: S311  # jitter, so that workers do not ask at the same moment
            try:
                self.look_at_database()
                self.refresh()
                for look in self.watched:
                    look()
            except Exception as error:  # the watch goes on, whatever one look met
                log_defect(error, "watch")

    def _refresh(self, use_case: str, version: str | None) -> None:
        former = self._releases.get(use_case)
        if version is None:
            steps = training_steps(self.lake, use_case)
            self._note(use_case, f"{use_case} has no model in use: {steps}")
        elif former is not None and former.version == version:
            self._note(use_case, None)
        elif not self._failed_lately(use_case, version):
            self._swap(use_case, version, former)

    def _go_without(self, use_case: str, reason: str) -> None:
        """The registry is away: what is in use stays; at a start what was in use last serves."""
        if self._releases.get(use_case) is None and not self._failed_lately(use_case, _LAST):
            try:
                release = self.registry.last(use_case)
                if release is not None:
                    release.trial()
                    self._use(release, None)
            except Exception as error:  # whatever a model throws: there is none then
                log_defect(error, "release")
                self._failed[use_case] = (_LAST, time.monotonic())
        self._note(use_case, reason)

    def _swap(self, use_case: str, version: str, former: Release | None) -> None:
        """Load beside the old one, try it, put it in its place; else keep the old one."""
        try:
            release = self.registry.load(use_case, version)
            release.trial()
        except Exception as error:  # whatever a model throws, the old one stays
            self._failed[use_case] = (version, time.monotonic())
            self.telemetry.not_loaded(use_case)
            stays = f"version {former.version} stays in use" if former else "nothing is in use"
            self._note(use_case, f"version {version} is not in use, {stays}: {_short(error)}")
            return
        self._use(release, former)
        trim()
        self._failed.pop(use_case, None)
        self._note(use_case, None)

    def _use(self, release: Release, former: Release | None) -> None:
        self._releases = MappingProxyType({**self._releases, release.use_case: release})
        self.telemetry.loaded(release, former)

    def _failed_lately(self, use_case: str, version: str) -> bool:
        failed, at = self._failed.get(use_case, ("", 0.0))
        return failed == version and time.monotonic() - at < _AGAIN_SECONDS

    def _note(self, use_case: str, problem: str | None) -> None:
        problems = {name: text for name, text in self._problems.items() if name != use_case}
        if problem is not None:
            problems[use_case] = problem
        self._problems = MappingProxyType(problems)
        self.telemetry.told(use_case, problem=problem is not None)


def open_runtime(settings: Settings) -> Runtime:
    """A runtime with its database brought up to this version, for a command; nothing is watched."""
    runtime = Runtime(settings)
    runtime.records.migrate()
    return runtime


def _short(error: Exception) -> str:
    """The first line: the rest of a trial's message is the sample's values."""
    text = str(error).strip() or repr(error)
    return text.splitlines()[0][:500]
