"""The store itself: what is materialized, written, joined and read."""

import hashlib
import json
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.redis_client import Circuit, open_redis
from data.settings import Settings
from data.shared_folder import open_shared
from data.use_cases import USE_CASES, UseCaseName, load_features
from data.views import FeatureType, View
from features.store.archive import Archive
from features.store.columns import TIME, StoreError, as_pandas, frame_of, to_arrow, to_pandas
from features.store.online import Online, look_up, serialize, serialize_keys
from features.store.online_redis import RedisOnline
from features.store.online_sqlite import SqliteOnline
from features.store.repository import write_configuration

if TYPE_CHECKING:
    from data.lake import Lake

Progress = Callable[[str, float], None]

_FOREVER = 1 << 62  # later than any event, in microseconds
_WRITE_SECONDS = 10.0  # how long a write waits for Redis


class OnlineStoreError(StoreError):
    """The online store does not answer."""


@dataclass(frozen=True)
class ViewReport:
    """What materializing did to one view: rows it has offline now, keys written online."""

    view: str
    rows: int
    online: int
    seconds: float


@dataclass(frozen=True)
class MaterializeReport:
    """What a materialize did, view by view."""

    as_of: datetime
    views: tuple[ViewReport, ...]


class Store:
    """Features of the use cases, offline and online."""

    def __init__(
        self,
        settings: Settings,
        lake: "Lake",
        *,
        views: Sequence[View] | None = None,
        services: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._settings = settings
        self._lake = lake
        if views is None or services is None:
            views, services = declared_views(settings.use_cases)
        self._views = {view.name: view for view in views}
        self._services = {
            use_case: tuple(map(self._view, names)) for use_case, names in services.items()
        }
        shared = open_shared(settings.bucket, settings.feature_folder, "features")
        self._archive = Archive(settings.feature_folder, shared)
        self._circuit = Circuit(lambda: self._failures)
        self._open = ExitStack()
        weakref.finalize(self, self._open.close)

    def close(self) -> None:
        """Let go of connections; the store may be used again."""
        self._open.close()
        for opened in ("_feast", "_online"):
            self.__dict__.pop(opened, None)

    def materialize(
        self, as_of: datetime, *, progress: Progress | None = None
    ) -> MaterializeReport:
        """Build every view as of a time; offline rows up to it are replaced, later ones kept.

        Afterwards the online store holds the newest row of each key. Raises StoreError.

        as_of: nothing known later is used; progress: called with the view's name and the share
        done.
        """
        done, views = self._state(as_of), list(self._views.values())
        tables = _Tables(self._lake, as_of, views)
        reports: list[ViewReport] = []
        with self._archive.lock(), self._reaching():
            self._declare()
            if former := self._done():  # readers go on with it; `ensure` no longer does
                self._note(former | {"lake": "under way"})
            for view in views:
                if progress:
                    progress(view.name, len(reports) / len(views))
                started = time.perf_counter()
                if view.build is not None:
                    frame = view.build(tables.take(view), as_of, self._settings.terms)
                    self._archive.replace(view, to_arrow(view, frame, as_of), as_of)
                online = self._publish_all(view, as_of) if view.online else 0
                rows = self._archive.count(view)
                reports.append(ViewReport(view.name, rows, online, time.perf_counter() - started))
            self._note(done)
        if progress:
            progress("done", 1.0)
        return MaterializeReport(as_of, tuple(reports))

    def ensure(self, as_of: datetime) -> None:
        """Materialize, unless that is done for what the lake holds now, as of then or later."""
        wanted = self._state(as_of)
        done = self._done()
        same = all(done.get(name) == wanted[name] for name in ("lake", "definitions"))
        if not same or done["as_of"] < wanted["as_of"] or self._is_emptied():
            self.materialize(as_of)

    def write(self, view: str, frame: pd.DataFrame) -> int:
        """Add rows to a view that a job writes; the same key and time takes the older one's place.

        The same call twice changes nothing. Returns the number of rows. Raises StoreError.

        frame: keys, event_timestamp and the view's features.
        """
        found = self._view(view)
        if found.build is not None:
            raise StoreError(
                f"view {view} is built from tables; rows written to it would be lost at the next "
                f"materialize. Ingest its tables instead: {', '.join(found.tables)}"
            )
        rows = to_arrow(found, frame)
        with self._archive.lock(), self._reaching():
            self._declare()
            self._archive.upsert(found, rows)
            if found.online:
                newest = self._archive.newest(found, rows.select(list(found.keys)))
                self._online.write(serialize(found, newest))
        return int(rows.num_rows)

    def training_frame(
        self, use_case: str, entities: pd.DataFrame, as_of: datetime
    ) -> pd.DataFrame:
        """The entities, in order, with the features of the use case as of each event_timestamp.

        Views whose keys are no columns of the entities are left out. Nothing later than `as_of`
        is used: a later event_timestamp (or none) means as of then. Raises StoreError.

        use_case: a name of USE_CASES.
        """
        views = self._views_for(use_case, entities)
        references = [f"{view.name}:{name}" for view in views for name in view.features]
        if not references:
            return entities.copy()
        keys = _asked(views, entities).items()
        asked = pd.DataFrame({key: pd.arrays.ArrowExtensionArray(texts) for key, texts in keys})
        asked[TIME] = _times(entities, as_of).array
        self._archive.refresh()
        found = self._feast.get_historical_features(asked, references).to_arrow()
        return _beside(entities, views, lambda name, kind: to_pandas(found[name], kind))

    def online_frame(self, use_case: str, entities: pd.DataFrame, now: datetime) -> pd.DataFrame:
        """The entities, in order, with the newest features of the use case, as of now.

        What `training_frame` gives for now, from the online store; views that are not kept online
        are left out. Raises StoreError.

        use_case: a name of USE_CASES.
        """
        views = [view for view in self._views_for(use_case, entities) if view.online]
        asked = {key: texts.to_pylist() for key, texts in _asked(views, entities).items()}
        with self._reaching():
            found = look_up(self._online, views, asked, now)
        return _beside(entities, views, lambda name, kind: as_pandas(found[name], kind))

    def online_values(
        self,
        use_case: str,
        entities: Sequence[Mapping[str, str | None]],
        now: datetime | Sequence[datetime],
    ) -> list[dict[str, Any]]:
        """`online_frame` without pandas, for a request: the features of each entity by name.

        now: one time for all, or one for each. All entities name the same keys; an unknown value
        is None. Raises StoreError.

        use_case: a name of USE_CASES.
        """
        given = set(entities[0]) if entities else set()
        views = [
            view for view in self._service(use_case) if view.online and set(view.keys) <= given
        ]
        keys = {key for view in views for key in view.keys}
        asked = {key: [entity[key] for entity in entities] for key in keys}
        with self._circuit.asking(self._away):
            found = look_up(self._online, views, asked, now)
        return [{name: values[i] for name, values in found.items()} for i in range(len(entities))]

    def of_customer(self, customer_id: str) -> dict[str, list[dict[str, Any]]]:
        """The offline rows kept under a customer's id, by view."""
        found = {}
        for view in self._customer_views():
            rows = self._archive.rows(view)
            found[view.name] = rows.filter(pc.field("customer_id") == customer_id).to_pylist()
        return {name: rows for name, rows in found.items() if rows}

    def erase_customer(self, customer_id: str) -> dict[str, int]:
        """Delete what is kept under a customer's id, offline and online; view -> rows."""
        counts = {}
        with self._archive.lock(), self._reaching():
            for view in self._customer_views():
                counts[view.name] = self._archive.erase(view, "customer_id", customer_id)
                gone = serialize_keys(view, self._archive.gone(view))
                if view.online and gone:
                    self._online.forget(view, sorted(set(gone)), _FOREVER)
                self._archive.settle(view)
        return {name: count for name, count in counts.items() if count}

    def _customer_views(self) -> list[View]:
        return [view for view in self._views.values() if "customer_id" in view.keys]

    def history(
        self,
        view: str,
        as_of: datetime,
        since: datetime | None = None,
        only: Mapping[str, str] | None = None,
        features: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Every offline row of a view with since <= event_timestamp <= as_of; `only`: of a key;
        features: these only, all when left out.
        """
        found = self._view(view)
        return frame_of(found, self._archive.history(found, as_of, since, only), features=features)

    def latest(self, view: str, as_of: datetime, *, arrow_text: bool = False) -> pd.DataFrame:
        """The newest offline row of each key at or before as_of, not older than the view's ttl.

        arrow_text: texts as Arrow keeps them, not each an object.
        """
        found = self._view(view)
        return frame_of(found, self._archive.latest(found, as_of), arrow_text=arrow_text)

    def has(self, view: str) -> bool:
        """Whether a view of this name is kept: whether a use case that is configured reads it."""
        return view in self._views

    def as_of(self) -> datetime | None:
        """The time the features were last materialized for; None when never."""
        done = self._done()
        return datetime.fromisoformat(done["as_of"]) if done else None

    def version(self) -> str:
        """Changes with every change of the offline files."""
        return _hash({name: self._archive.stamp(view) for name, view in self._views.items()})

    def _publish_all(self, view: View, as_of: datetime) -> int:
        """Bring the online store to the newest offline rows; returns how many keys were written.

        Whatever it holds up to as_of is replaced, even by older rows, or dropped: the offline
        rows up to then are the truth now. What it holds from later on is only replaced by later.
        """
        batch = serialize(view, self._archive.newest(view), as_of)
        gone = set(serialize_keys(view, self._archive.gone(view))) - set(batch.keys)
        self._online.forget(view, sorted(gone), batch.horizon)
        written = self._online.write(batch)
        self._archive.settle(view)
        return written

    def _is_emptied(self) -> bool:
        """Whether the online store lost its values: one key of each view is looked for."""
        with self._reaching():
            probes = [
                (view, serialize_keys(view, self._archive.first(view)))
                for view in self._views.values()
                if view.online and self._archive.count(view)
            ]
            return any(None in found for found in self._online.read(probes))

    def _done(self) -> dict[str, str]:
        """What the last materialize noted; empty when there was none."""
        noted: dict[str, str] = json.loads(self._archive.note() or "{}")
        return noted

    def _note(self, done: Mapping[str, str]) -> None:
        self._archive.keep_note(json.dumps(done))

    @cached_property
    def _definitions(self) -> str:
        """Changes whenever a view does, or where the store keeps things."""
        views = [
            (view.name, view.keys, list(view.features.items()), str(view.ttl), view.online)
            for view in self._views.values()
        ]
        services = {name: [view.name for view in views] for name, views in self._services.items()}
        settings = self._settings
        places = (settings.namespace, settings.online_store_url, settings.registry_url)
        return _hash([views, services, places, asdict(settings.terms)])

    def _state(self, as_of: datetime) -> dict[str, str]:
        return {
            "lake": self._lake.version(),
            "as_of": as_of.astimezone(UTC).isoformat(timespec="microseconds"),
            "definitions": self._definitions,
        }

    def _view(self, name: str) -> View:
        if name not in self._views:
            raise StoreError(f"there is no view {name!r}; there are: {', '.join(self._views)}")
        return self._views[name]

    def _service(self, use_case: str) -> tuple[View, ...]:
        if use_case not in self._services:
            raise StoreError(
                f"no views of {use_case!r}; there are those of {', '.join(self._services)} "
                "(ARGOSY_USE_CASES)"
            )
        return self._services[use_case]

    def _views_for(self, use_case: str, entities: pd.DataFrame) -> list[View]:
        views = [
            view for view in self._service(use_case) if set(view.keys) <= set(entities.columns)
        ]
        names = [name for view in views for name in view.features]
        if twice := {name for name in names if names.count(name) > 1 or name in entities.columns}:
            raise StoreError(
                f"{use_case}: the columns {', '.join(sorted(twice))} would be there twice; rename "
                "those of the entities or of one view"
            )
        return views

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            raise self._away(error) from error

    def _away(self, why: object) -> OnlineStoreError:
        place = (
            "Redis at ARGOSY_ONLINE_STORE_URL"
            if self._settings.online_store_url
            else (self._settings.feature_folder / "online.db")
        )
        return OnlineStoreError(f"the online store ({place}) does not answer: {why}")

    @cached_property
    def _failures(self) -> tuple[type[Exception], ...]:
        """What the online store raises when it does not answer."""
        if self._settings.online_store_url is None:
            return (sqlite3.Error,)
        import redis  # a second of a start that does not need it

        return (redis.RedisError,)

    @cached_property
    def _online(self) -> Online:
        settings = self._settings
        if settings.online_store_url is None:
            path = settings.feature_folder / "online.db"
            online: Online = SqliteOnline(path, settings.namespace)
        else:
            # A request waits a moment, a materialize as long as it takes.
            asked, written = (
                open_redis(settings.online_store_url, seconds)
                for seconds in (settings.store_seconds, _WRITE_SECONDS)
            )
            online = RedisOnline(asked, settings.namespace, written)
        self._open.callback(online.close)
        return online

    def _declare(self) -> None:
        """Tell Feast of the views, unless it was told before: then it is not even imported."""
        write_configuration(self._settings)
        file = self._settings.feature_folder / "declared"
        if not file.exists() or file.read_text() != self._definitions:
            _ = self._feast
            file.write_text(self._definitions)

    @cached_property
    def _feast(self) -> Any:
        """Feast's FeatureStore over our views."""
        from features.store.offline import declare, open_feast

        for view in self._views.values():
            self._archive.create(view)
        store = open_feast(self._settings)
        self._open.callback(store.registry.write_engine.dispose)
        names = {name: tuple(view.name for view in views) for name, views in self._services.items()}
        declare(store, list(self._views.values()), names, self._definitions)
        return store


class _Tables:
    """Tables of the lake as of a time: each read once, forgotten after its last view."""

    def __init__(self, lake: "Lake", as_of: datetime, views: Sequence[View]) -> None:
        self._lake = lake
        self._as_of = as_of
        self._waiting = [name for view in views for name in view.tables]
        self._read: dict[str, pd.DataFrame] = {}

    def take(self, view: View) -> dict[str, pd.DataFrame]:
        for name in view.tables:
            if name not in self._read:
                self._read[name] = self._lake.read(name, as_of=self._as_of)
            self._waiting.remove(name)
        taken = {name: self._read[name] for name in view.tables}
        for name in set(view.tables) - set(self._waiting):
            del self._read[name]
        return taken


def declared_views(
    use_cases: Sequence[UseCaseName],
) -> tuple[tuple[View, ...], dict[str, tuple[str, ...]]]:
    """The views that these use cases own or read, and of each use case those it answers from.

    use_cases: names of `data.use_cases.USE_CASES`. A view that none of them reads is left out.
    """
    parts = {name: load_features(name) for name in USE_CASES}
    asked = [parts[name] for name in use_cases]
    wanted = {name for part in asked for name in (*part.SERVICE, *part.HISTORY)}
    wanted |= {view.name for part in asked for view in part.VIEWS}
    views = tuple(view for part in parts.values() for view in part.VIEWS if view.name in wanted)
    return views, {name: parts[name].SERVICE for name in use_cases}


def _asked(views: Sequence[View], entities: pd.DataFrame) -> dict[str, pa.Array]:
    """The key columns the views want, as text."""
    asked = {}
    for key in sorted({key for view in views for key in view.keys}):
        try:
            asked[key] = pa.array(entities[key].astype(object), pa.string(), from_pandas=True)
        except pa.ArrowException as error:
            raise StoreError(f"{key} of the entities must be text: {error}") from error
    return asked


def _times(entities: pd.DataFrame, as_of: datetime) -> pd.Series:
    """The time of each row, none later than as_of."""
    limit = pd.Timestamp(as_of)
    if TIME not in entities.columns:
        return pd.Series(limit, index=entities.index, dtype="datetime64[us, UTC]")
    times = entities[TIME]
    if not isinstance(times.dtype, pd.DatetimeTZDtype) or times.isna().any():
        raise StoreError(f"{TIME} of the entities must be a time with zone in every row")
    return times.where(times <= limit, limit)


def _beside(
    entities: pd.DataFrame, views: Sequence[View], column: Callable[[str, FeatureType], Any]
) -> pd.DataFrame:
    """The entities with the views' features, a value a row, in their order."""
    features = {name: column(name, kind) for view in views for name, kind in view.features.items()}
    return pd.concat([entities, pd.DataFrame(features, index=entities.index)], axis=1)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
