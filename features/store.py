"""The feature store: views in, training frames and online values out; rows in = rows out."""

import hashlib
import json
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pandas as pd
import pyarrow as pa
import redis

from features.archive import Archive
from features.columns import TIME, StoreError, as_pandas, frame_of, to_arrow, to_pandas
from features.contracts import View
from features.encoding import decode, encode, entity_key, key_prefix
from features.online import Batch, Online, RedisOnline, SqliteOnline, Stored
from features.settings import Settings

if TYPE_CHECKING:
    from feast import FeatureStore

    from features.lake import Lake

ROWS = ("recommendation", "forecasting", "replenishment", "fraud")
Progress = Callable[[str, float], None]


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
    """Features of all rows, offline and online; Feast is imported on first need of it."""

    def __init__(
        self,
        settings: Settings,
        lake: "Lake",
        *,
        views: Sequence[View] | None = None,
        services: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        declared, by_row = _collect() if views is None or services is None else ((), {})
        self._settings = settings
        self._lake = lake
        self._views = {view.name: view for view in (declared if views is None else views)}
        self._services = dict(by_row if services is None else services)
        self._archive = Archive(settings.feature_folder)
        self._open = ExitStack()
        weakref.finalize(self, self._open.close)

    def close(self) -> None:
        """Let go of connections; the store may be used again."""
        self._open.close()
        self.__dict__.pop("_feast", None)

    def materialize(
        self, as_of: datetime, *, progress: Progress | None = None
    ) -> MaterializeReport:
        """Build every view as of a time; offline rows up to it are replaced, later ones kept.

        Afterwards the online store holds the newest row of each key.
        """
        state = self._state(as_of)
        with self._archive.lock():
            self._declare()
            built = [view for view in self._views.values() if view.build is not None]
            tables = _Tables(self._lake, as_of, built)
            reports = []
            for view in self._views.values():
                if progress:
                    progress(view.name, len(reports) / len(self._views))
                started = time.perf_counter()
                if view.build is not None:
                    frame = view.build(tables.take(view), as_of)
                    self._archive.replace(view, to_arrow(view, frame, as_of), as_of)
                online = self._publish(view, self._archive.newest(view), as_of)
                rows = self._archive.count(view)
                reports.append(ViewReport(view.name, rows, online, time.perf_counter() - started))
            self._state_file.write_text(json.dumps(state))
        if progress:
            progress("done", 1.0)
        return MaterializeReport(as_of, tuple(reports))

    def ensure(self, as_of: datetime) -> None:
        """Materialize, unless that is done for what the lake holds now, as of then or later."""
        wanted = self._state(as_of)
        try:
            done = json.loads(self._state_file.read_text())
        except FileNotFoundError:
            done = {}
        same = all(done.get(name) == wanted[name] for name in ("lake", "definitions"))
        if not same or done["as_of"] < wanted["as_of"]:
            self.materialize(as_of)

    def write(self, view: str, frame: pd.DataFrame) -> int:
        """Add rows to a view that a job writes; the same key and time takes the older one's place.

        The same call twice changes nothing. Returns the number of rows.
        """
        found = self._view(view)
        if found.build is not None:
            raise StoreError(
                f"view {view} is built from tables; rows written to it would be replaced by the "
                f"next materialize. Ingest its tables instead: {', '.join(found.tables)}"
            )
        rows = to_arrow(found, frame)
        with self._archive.lock():
            self._declare()
            self._archive.upsert(found, rows)
            self._publish(found, self._archive.newest(found, rows.select(list(found.keys))))
        return rows.num_rows

    def training_frame(self, row: str, entities: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        """The entities, in order, with the features of the row as of each event_timestamp.

        Views whose keys are no columns of the entities are left out. Nothing later than `as_of`
        is used: a later event_timestamp (or none) means as of then. Raises StoreError.
        """
        views = self._views_for(row, entities)
        keys = sorted({key for view in views for key in view.keys})
        asked = pd.DataFrame({key: _texts(entities[key]) for key in keys}, dtype=object)
        asked[TIME] = _times(entities, as_of).array
        references = [f"{view.name}:{name}" for view in views for name in view.features]
        if not references:
            return entities.copy()
        found = self._feast.get_historical_features(asked, references).to_arrow()
        features = {
            name: to_pandas(found[name], kind)
            for view in views
            for name, kind in view.features.items()
        }
        return _beside(entities, features)

    def online_frame(self, row: str, entities: pd.DataFrame, now: datetime) -> pd.DataFrame:
        """The entities, in order, with the features of the row online, as of now.

        What `training_frame` gives for now, from the online store. Raises StoreError.
        """
        views = self._views_for(row, entities)
        asked = {key: _texts(entities[key]) for view in views for key in view.keys}
        columns = self._values(views, asked, now)
        features = {
            name: as_pandas(columns[name], kind)
            for view in views
            for name, kind in view.features.items()
        }
        return _beside(entities, features)

    def online_values(
        self, row: str, entities: Sequence[Mapping[str, str | None]], now: datetime
    ) -> list[dict[str, Any]]:
        """`online_frame` without pandas, for a request: the features of each entity by name.

        All entities name the same keys; an unknown value is None.
        """
        given = set(entities[0]) if entities else set()
        views = [view for view in self._service(row) if set(view.keys) <= given]
        asked = {key: [entity[key] for entity in entities] for key in given}
        columns = self._values(views, asked, now)
        return [{name: values[i] for name, values in columns.items()} for i in range(len(entities))]

    def history(self, view: str, as_of: datetime, since: datetime | None = None) -> pd.DataFrame:
        """Every offline row of a view with since <= event_timestamp <= as_of."""
        found = self._view(view)
        return frame_of(found, self._archive.history(found, as_of, since))

    def latest(self, view: str, as_of: datetime) -> pd.DataFrame:
        """The newest offline row of each key at or before as_of, not older than the view's ttl."""
        found = self._view(view)
        return frame_of(found, self._archive.latest(found, as_of))

    def version(self) -> str:
        """Changes with every change of the offline files."""
        stamps = {name: self._archive.stamp(view) for name, view in self._views.items()}
        return _hash(stamps)

    @property
    def _state_file(self) -> Any:
        return self._settings.feature_folder / "materialized.json"

    @property
    def _definitions(self) -> str:
        """Changes whenever a view or where the store keeps things does."""
        views = [
            (view.name, view.keys, list(view.features.items()), str(view.ttl), view.online)
            for view in self._views.values()
        ]
        settings = self._settings
        places = (settings.namespace, settings.online_store_url, settings.registry_url)
        return _hash([views, self._services, places, str(settings.feature_folder.resolve())])

    def _state(self, as_of: datetime) -> dict[str, str]:
        return {
            "lake": self._lake.version(),
            "as_of": as_of.astimezone(UTC).isoformat(),
            "definitions": self._definitions,
        }

    def _publish(self, view: View, newest: pa.Table, horizon: datetime | None = None) -> int:
        """Put the newest rows online, and drop the keys that are gone; returns keys written.

        Values online up to the horizon are replaced even where the new ones are older.
        """
        if not view.online:
            return 0
        until = 0 if horizon is None else _micros(horizon)
        gone = set(self._keys(view, self._archive.gone(view)))
        batch = Batch(
            view=view,
            keys=self._keys(view, newest),
            micros=newest[TIME].cast(pa.int64()).to_pylist(),
            columns=[encode(newest[name], kind) for name, kind in view.features.items()],
            horizon=until,
        )
        if horizon is not None:
            self._online.forget(view, sorted(gone - set(batch.keys)), until)
            self._archive.settle(view)
        return self._online.write(batch)

    def _keys(self, view: View, rows: pa.Table) -> list[bytes]:
        prefix, names = key_prefix(view.keys), sorted(view.keys)
        columns = [rows[name].to_pylist() for name in names]
        return [entity_key(prefix, values) for values in zip(*columns, strict=True)]

    def _view(self, name: str) -> View:
        try:
            return self._views[name]
        except KeyError:
            known = ", ".join(self._views)
            raise StoreError(f"there is no view {name!r}; there are: {known}") from None

    def _values(
        self,
        views: Sequence[View],
        asked: Mapping[str, Sequence[str | None]],
        now: datetime,
    ) -> dict[str, list[Any]]:
        """The columns of the views' features: a value for each entity, or None."""
        moment, plans = _micros(now), []
        for view in views:
            prefix = key_prefix(view.keys)
            rows = list(zip(*(asked[key] for key in sorted(view.keys)), strict=True))
            keys = {row: entity_key(prefix, row) for row in set(rows) if None not in row}
            plans.append((view, rows, keys))
        answers = self._online.read([(view, list(keys.values())) for view, _, keys in plans])
        columns: dict[str, list[Any]] = {}
        for (view, rows, keys), answer in zip(plans, answers, strict=True):
            stored = dict(zip(keys, answer, strict=True))
            known = {row: _decoded(view, found, moment) for row, found in stored.items()}
            nothing = (None,) * len(view.features)
            values = [known.get(row) or nothing for row in rows]
            columns |= {
                name: [value[i] for value in values] for i, name in enumerate(view.features)
            }
        return columns

    def _service(self, row: str) -> list[View]:
        if row not in self._services:
            raise StoreError(f"there is no row {row!r}; there are: {', '.join(self._services)}")
        return [self._view(name) for name in self._services[row]]

    def _views_for(self, row: str, entities: pd.DataFrame) -> list[View]:
        views = [view for view in self._service(row) if set(view.keys) <= set(entities.columns)]
        if taken := {name for view in views for name in view.features} & set(entities.columns):
            raise StoreError(f"the entities already have columns named {', '.join(sorted(taken))}")
        return views

    def _declare(self) -> None:
        """Tell Feast of the views, unless it was told before."""
        file = self._settings.feature_folder / "declared"
        if not file.exists() or file.read_text() != self._definitions:
            self._feast.refresh_registry()
            file.write_text(self._definitions)

    @cached_property
    def _online(self) -> Online:
        settings = self._settings
        if settings.online_store_url is None:
            path = settings.feature_folder / "online.db"
            online: Online = SqliteOnline(path, settings.namespace)
        else:
            client = redis.Redis.from_url(settings.online_store_url)
            online = RedisOnline(client, settings.namespace)
        self._open.callback(online.close)
        return online

    @cached_property
    def _feast(self) -> "FeatureStore":
        """Feast over our views, told of them if it was not."""
        for view in self._views.values():
            self._archive.create(view)
        store = _open_feast(self._settings)
        self._open.callback(_close_feast, store)
        told = {service.tags.get("definitions") for service in store.list_feature_services()}
        if told != {self._definitions}:
            _apply(store, self._archive, self._views, self._services, self._definitions)
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


def _collect() -> tuple[tuple[View, ...], Mapping[str, tuple[str, ...]]]:
    """The views of all rows, and the names of those each row reads."""
    modules = {}
    for row in ROWS:
        try:
            modules[row] = import_module(f"features.{row}")
        except ModuleNotFoundError:
            continue
    views = tuple(view for module in modules.values() for view in getattr(module, "VIEWS", ()))
    return views, {
        row: module.SERVICE for row, module in modules.items() if hasattr(module, "SERVICE")
    }


def _times(entities: pd.DataFrame, as_of: datetime) -> pd.Series:
    """The time of each row, none later than as_of."""
    limit = pd.Timestamp(as_of)
    if TIME not in entities.columns:
        return pd.Series(limit, index=entities.index, dtype="datetime64[us, UTC]")
    times = entities[TIME]
    if not isinstance(times.dtype, pd.DatetimeTZDtype) or times.isna().any():
        raise StoreError(f"{TIME} of the entities must be a time with zone in every row")
    return times.where(times <= limit, limit)


def _beside(entities: pd.DataFrame, features: Mapping[str, Any]) -> pd.DataFrame:
    """The entities with features, a value a row, in their order."""
    return pd.concat([entities, pd.DataFrame(features, index=entities.index)], axis=1)


def _texts(keys: pd.Series) -> list[str | None]:
    """Key values as they are asked for; None where there is none."""
    values = keys.astype(object).where(keys.notna(), None).tolist()
    if strange := next((value for value in values if not isinstance(value, str | None)), None):
        raise StoreError(f"{keys.name} of the entities must be text, found {strange!r}")
    return values


def _decoded(view: View, found: Stored | None, now: int) -> tuple[Any, ...] | None:
    """The values of a view, unless there are none or they are older than its ttl."""
    if found is None:
        return None
    micros, values = found
    if view.ttl is not None and now - micros > view.ttl // timedelta(microseconds=1):
        return None
    kinds = view.features.values()
    return tuple(decode(value, kind) for value, kind in zip(values, kinds, strict=True))


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _open_feast(settings: Settings) -> "FeatureStore":
    from feast import FeatureStore, RepoConfig

    config = RepoConfig(
        project=settings.namespace,
        provider="local",
        registry=_registry(settings),
        online_store=_online_store(settings),
        offline_store={"type": "features.offline.AsofOfflineStore"},
        entity_key_serialization_version=3,
    )
    return FeatureStore(config=config)


def _close_feast(store: "FeatureStore") -> None:
    store.registry.write_engine.dispose()


def _registry(settings: Settings) -> dict[str, object]:
    """Feast's registry: SQLite, or a PostgreSQL schema named by the namespace."""
    if settings.registry_url is None:
        path = f"sqlite:///{settings.feature_folder.resolve() / 'registry.db'}"
        return {"registry_type": "sql", "path": path}
    import psycopg
    from psycopg import sql

    address = settings.registry_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as connection:
        schema = sql.Identifier(settings.namespace)
        connection.execute(sql.SQL("create schema if not exists {}").format(schema))
    arguments = {"options": f"-csearch_path={settings.namespace}"}
    return {
        "registry_type": "sql",
        "path": settings.registry_url,
        "sqlalchemy_config_kwargs": {"echo": False, "connect_args": arguments},
    }


def _online_store(settings: Settings) -> dict[str, object]:
    """Feast's online store: SQLite or Redis."""
    if settings.online_store_url is None:
        return {"type": "sqlite", "path": str(settings.feature_folder.resolve() / "online.db")}
    url = urlsplit(settings.online_store_url)
    options = {
        "db": url.path.strip("/") or "0",
        "username": unquote(url.username or ""),
        "password": json.dumps(unquote(url.password)) if url.password else "",
        "ssl": "true" if url.scheme == "rediss" else "",
    }
    given = [f"{name}={value}" for name, value in options.items() if value]
    address = f"{url.hostname or 'localhost'}:{url.port or 6379}"
    return {"type": "redis", "connection_string": ",".join([address, *given])}


def _apply(
    store: "FeatureStore",
    archive: Archive,
    views: Mapping[str, View],
    services: Mapping[str, tuple[str, ...]],
    definitions: str,
) -> None:
    """Tell Feast of the views and services; what it knows besides is removed."""
    from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
    from feast.data_format import ParquetFormat
    from feast.types import Array, Bool, Float64, Int64, String

    types = {
        "float": Float64,
        "int": Int64,
        "str": String,
        "bool": Bool,
        "float[]": Array(Float64),
        "str[]": Array(String),
    }
    names = sorted({key for view in views.values() for key in view.keys})
    entities = {
        key: Entity(name=key, join_keys=[key], value_type=ValueType.STRING) for key in names
    }
    told = {
        view.name: FeatureView(
            name=view.name,
            entities=[entities[key] for key in view.keys],
            ttl=view.ttl or timedelta(0),
            schema=[
                *(Field(name=key, dtype=String) for key in view.keys),
                *(Field(name=name, dtype=types[kind]) for name, kind in view.features.items()),
            ],
            online=view.online,
            source=FileSource(
                name=view.name,
                path=str(archive.path(view).resolve()),
                file_format=ParquetFormat(),
                timestamp_field=TIME,
            ),
        )
        for view in views.values()
    }
    readers = [
        FeatureService(
            name=row,
            features=[told[name] for name in used],
            tags={"definitions": definitions},
        )
        for row, used in services.items()
    ]
    stale = [
        *(view for view in store.list_feature_views() if view.name not in told),
        *(reader for reader in store.list_feature_services() if reader.name not in services),
    ]
    store.apply(
        [*entities.values(), *told.values(), *readers], objects_to_delete=stale, partial=False
    )
