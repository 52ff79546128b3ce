"""Feast's side of the store: what Feast is told, and the offline store it is given.

The offline store is Feast's plug-in interface over `features.store.asof`; Feast finds it by the
class path that `features.store.repository` names.
"""

import features.store.feast_import  # noqa: F401  # isort: skip  # before Feast is imported elsewhere

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from feast import (
    Entity,
    FeatureService,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    OnDemandFeatureView,
    RepoConfig,
    ValueType,
)
from feast.data_format import ParquetFormat
from feast.data_source import DataSource
from feast.infra.offline_stores.offline_store import OfflineStore, RetrievalJob, RetrievalMetadata
from feast.infra.offline_stores.offline_utils import infer_event_timestamp_from_entity_df
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import FeastConfigBaseModel
from feast.saved_dataset import SavedDatasetStorage
from feast.types import Array, Bool, Float64, Int64, String
from psycopg import sql

from data.settings import Settings
from data.views import View
from features.store.archive import engine, write_file
from features.store.asof import AsofPart, AsofSource, join, pull
from features.store.columns import TIME, StoreError
from features.store.repository import configuration

TYPES = {
    "float": Float64,
    "int": Int64,
    "str": String,
    "bool": Bool,
    "float[]": Array(Float64),
    "str[]": Array(String),
}


def open_feast(settings: Settings) -> FeatureStore:
    """Feast over our stores."""
    if settings.registry_url is None:
        with closing(sqlite3.connect(settings.feature_folder / "registry.db")) as connection:
            connection.execute("pragma journal_mode = wal")  # stays so; Feast commits often
    else:
        address = settings.registry_url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, autocommit=True) as connection:
            schema = sql.Identifier(settings.namespace)
            connection.execute(sql.SQL("create schema if not exists {}").format(schema))
    folder = settings.feature_folder.resolve()
    return FeatureStore(config=RepoConfig(**configuration(settings), repo_path=folder))


def declare(
    store: FeatureStore,
    views: Iterable[View],
    services: Mapping[str, tuple[str, ...]],
    definitions: str,
) -> None:
    """Tell Feast of the views and of the rows that read them, unless it knows these definitions.

    What Feast knows besides is removed.

    store: Feast's store; services: use case -> its views.
    """
    known = store.list_feature_services()
    if known and {service.tags.get("definitions") for service in known} == {definitions}:
        return
    keys = sorted({key for view in views for key in view.keys})
    entities = {key: Entity(name=key, join_keys=[key], value_type=ValueType.STRING) for key in keys}
    told = {view.name: _feature_view(view, entities) for view in views}
    readers = {
        row: FeatureService(
            name=row, features=[told[name] for name in names], tags={"definitions": definitions}
        )
        for row, names in services.items()
    }
    stale = [
        *(view for view in store.list_feature_views() if view.name not in told),
        *(service for service in known if service.name not in readers),
    ]
    objects = [*entities.values(), *told.values(), *readers.values()]
    store.apply(objects, objects_to_delete=stale, partial=False)


def _feature_view(view: View, entities: Mapping[str, Entity]) -> FeatureView:
    source = FileSource(
        name=view.name,
        path=f"{view.name}/rows.parquet",  # within the folder of feature_store.yaml
        file_format=ParquetFormat(),
        timestamp_field=TIME,
    )
    return FeatureView(
        name=view.name,
        entities=[entities[key] for key in view.keys],
        ttl=view.ttl or timedelta(0),
        schema=[
            *(Field(name=key, dtype=String) for key in view.keys),
            *(Field(name=name, dtype=TYPES[kind]) for name, kind in view.features.items()),
        ],
        online=view.online,
        source=source,
    )


class AsofOfflineStoreConfig(FeastConfigBaseModel):  # type: ignore[misc]  # feast has no types
    """What feature_store.yaml says under offline_store: just the type."""

    type: str = "features.store.offline.AsofOfflineStore"


class AsofRetrievalJob(RetrievalJob):  # type: ignore[misc]  # feast has no types
    """An answer that is computed when it is asked for."""

    def __init__(
        self,
        work: Callable[[], pa.Table],
        *,
        full_feature_names: bool = False,
        on_demand: Sequence[OnDemandFeatureView] = (),
        metadata: RetrievalMetadata | None = None,
    ) -> None:
        self._work = work
        self._full_feature_names = full_feature_names
        self._on_demand = list(on_demand)
        self._metadata = metadata

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        return self._work()

    def _to_df_internal(self, timeout: int | None = None) -> Any:
        return self._work().to_pandas()

    @property
    def full_feature_names(self) -> bool:
        """Whether feature names bear their view's name."""
        return self._full_feature_names

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        """Views computed from the answer."""
        return self._on_demand

    @property
    def metadata(self) -> RetrievalMetadata | None:
        """What was asked."""
        return self._metadata

    def persist(
        self,
        storage: SavedDatasetStorage,
        allow_overwrite: bool = False,
        timeout: int | None = None,
    ) -> None:
        """Write the answer to a Parquet file."""
        path = Path(storage.to_data_source().path)
        if path.exists() and not allow_overwrite:
            raise StoreError(f"{path} is already there; pass allow_overwrite=True to replace it")
        write_file(path, self.to_arrow())


class AsofOfflineStore(OfflineStore):  # type: ignore[misc]  # feast has no types
    """Feast's offline interface over Parquet files, joined by DuckDB."""

    @staticmethod
    def get_historical_features(
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | str | None,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        **unsupported: Any,
    ) -> RetrievalJob:
        """The entity rows, in order, with the features as of each row's time."""
        if entity_df is None or unsupported:
            raise StoreError(
                "this offline store joins features to entity rows; pass entity_df, a frame (or a "
                "DuckDB query) with the keys and the time of each row, and nothing else"
            )
        if isinstance(entity_df, str):
            with engine() as duck:
                entity_df = duck.sql(entity_df).df()
        time = infer_event_timestamp_from_entity_df(dict(entity_df.dtypes))
        times = pd.to_datetime(entity_df[time], utc=True)
        entities = pa.Table.from_pandas(entity_df.assign(**{time: times}), preserve_index=False)
        parts = [_part(config, view, feature_refs, full_feature_names) for view in feature_views]

        def work() -> pa.Table:
            found = join(entities, time, parts)
            return pa.table(
                [*entities.columns, *found.columns],
                names=[*entities.column_names, *found.column_names],
            )

        return AsofRetrievalJob(
            work,
            full_feature_names=full_feature_names,
            on_demand=OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry),
            metadata=RetrievalMetadata(
                features=feature_refs,
                keys=[name for name in entities.column_names if name != time],
                min_event_timestamp=times.min(),
                max_event_timestamp=times.max(),
            ),
        )

    @staticmethod
    def pull_latest_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,
        start_date: datetime,
        end_date: datetime,
    ) -> RetrievalJob:
        """The newest row of each key within the time range."""
        source = AsofSource(_path(config, data_source), timestamp_field, created_timestamp_column)
        columns = [*join_key_columns, *feature_name_columns, *_times(source)]
        return AsofRetrievalJob(
            lambda: pull(source, columns, (start_date, end_date), newest_of=join_key_columns)
        )

    @staticmethod
    def pull_all_from_table_or_query(
        config: RepoConfig,
        data_source: DataSource,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> RetrievalJob:
        """Every row within the time range."""
        source = AsofSource(_path(config, data_source), timestamp_field, created_timestamp_column)
        columns = [*join_key_columns, *feature_name_columns, *_times(source)]
        return AsofRetrievalJob(lambda: pull(source, columns, (start_date, end_date)))

    @staticmethod
    def offline_write_batch(
        config: RepoConfig,
        feature_view: FeatureView,
        table: pa.Table,
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Append rows to a view's file."""
        path = _path(config, feature_view.batch_source)
        columns = _file_columns(feature_view.batch_source)
        rows = table.rename_columns([columns.get(name, name) for name in table.column_names])
        if path.exists():
            stored = pq.read_table(path)
            rows = pa.concat_tables([stored, rows.select(stored.column_names).cast(stored.schema)])
        # The note that key and time are unique does not hold for what others append.
        write_file(path, rows.replace_schema_metadata(None))
        if progress:
            progress(table.num_rows)


def _part(
    config: RepoConfig, view: FeatureView, feature_refs: Iterable[str], full_names: bool
) -> AsofPart:
    batch = view.batch_source
    columns = _file_columns(batch)
    name = view.projection.name_to_use()
    wanted = [ref.split(":", 1)[1] for ref in feature_refs if ref.split(":", 1)[0] == name]
    keys = view.projection.join_key_map or {field.name: field.name for field in view.entity_columns}
    return AsofPart(
        source=AsofSource(
            _path(config, batch), batch.timestamp_field, batch.created_timestamp_column or None
        ),
        keys={columns.get(key, key): entity for key, entity in keys.items()},
        features={
            columns.get(feature, feature): f"{name}__{feature}" if full_names else feature
            for feature in wanted
        },
        ttl=view.ttl,
    )


def _file_columns(source: DataSource) -> dict[str, str]:
    """Names in Feast -> columns of the file, where they differ."""
    return {new: old for old, new in source.field_mapping.items()}


def _times(source: AsofSource) -> list[str]:
    return [source.time, *([source.created] if source.created else [])]


def _path(config: RepoConfig, source: DataSource) -> Path:
    if not isinstance(source, FileSource):
        raise StoreError(f"this offline store reads Parquet files, not {type(source).__name__}")
    return Path(FileSource.get_uri_for_file_path(config.repo_path, source.path))
