"""What the server answers from: the stores, and of each row the one release in use."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from data.lake import Lake
from data.records import DatabaseError, Records
from data.settings import Settings
from decisions.logs import log_defect
from decisions.memory import trim
from decisions.telemetry import Telemetry
from decisions.tracing import Tracer
from features.store import Store
from models.base import Release
from models.registry import Registry, RegistryError

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
        self.lake = Lake(settings.lake, max_bad_share=settings.max_bad_share)
        self.store = Store(settings, self.lake)
        self.records = Records(settings.database, settings.namespace)
        self.registry = registry or Registry(
            settings.mlflow, settings.artifacts, settings.namespace, settings.home / "cache"
        )
        self.telemetry = Telemetry(Tracer() if settings.traces else None)
        self._releases: Mapping[str, Release] = MappingProxyType({})
        self._problems: Mapping[str, str] = MappingProxyType({})
        self._failed: dict[str, tuple[str, float]] = {}
        self.watched: list[Callable[[], None]] = []  # what a row wants looked after, too
        self.migrated = False  # whether the database was reached since the start
        self._database_problem: str | None = None
        self._tidied = float("-inf")
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
        """Take every row's champion into use that is not yet."""
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
        for row in self.settings.rows:
            try:
                version = self.registry.champion_version(row)
            except RegistryError as error:  # away for one, away for all: ask no more this time
                for each in self.settings.rows:
                    self._go_without(each, str(error))
                return
            self._refresh(row, version)

    def _watch(self) -> None:
        while not self._stopping.wait(self.settings.reload_seconds * random.uniform(0.8, 1.2)):  # noqa: S311  # jitter, so that workers do not ask at the same moment
            try:
                self.look_at_database()
                self.refresh()
                for look in self.watched:
                    look()
            except Exception as error:  # the watch goes on, whatever one look met
                log_defect(error, "watch")

    def _refresh(self, row: str, version: str | None) -> None:
        former = self._releases.get(row)
        if version is None:
            self._note(row, f"{row} has no model in use; train one: argosy train {row}")
        elif former is not None and former.version == version:
            self._note(row, None)
        elif not self._failed_lately(row, version):
            self._swap(row, version, former)

    def _go_without(self, row: str, reason: str) -> None:
        """The registry is away: what is in use stays; at a start what was in use last serves."""
        if self._releases.get(row) is None and not self._failed_lately(row, _LAST):
            try:
                release = self.registry.last(row)
                if release is not None:
                    release.trial()
                    self._use(release, None)
            except Exception as error:  # whatever a model throws: there is none then
                log_defect(error, "release")
                self._failed[row] = (_LAST, time.monotonic())
        self._note(row, reason)

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
        self._use(release, former)
        trim()
        self._failed.pop(row, None)
        self._note(row, None)

    def _use(self, release: Release, former: Release | None) -> None:
        self._releases = MappingProxyType({**self._releases, release.row: release})
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
