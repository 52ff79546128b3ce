"""A Feast offline store that joins by DuckDB's ASOF join over Parquet files.

Feast finds it by its class path, `features.offline.AsofOfflineStore`. A row in is a row out, in
order; a value older than its view's ttl is unknown (one exactly that old still counts); of rows
with the same key and time the newest created wins, then the last in the file.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from feast import FeatureView, OnDemandFeatureView, RepoConfig
from feast.data_source import DataSource
from feast.infra.offline_stores.file_source import FileSource
from feast.infra.offline_stores.offline_store import (
    OfflineStore,
    RetrievalJob,
    RetrievalMetadata,
)
from feast.infra.offline_stores.offline_utils import infer_event_timestamp_from_entity_df
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import FeastConfigBaseModel
from feast.saved_dataset import SavedDatasetStorage

from features.archive import UNIQUE_BY, engine, write_file
from features.columns import StoreError


class AsofOfflineStoreConfig(FeastConfigBaseModel):  # type: ignore[misc]  # feast has no types
    """What feature_store.yaml says under offline_store: the type, and how many threads."""

    type: str = "features.offline.AsofOfflineStore"
    threads: int | None = None


@dataclass(frozen=True)
class Source:
    """One view's part in a join: where its rows are and what is wanted of them.

    keys: the view's key columns -> the entity columns they meet.
    features: columns of the file -> names in the answer.
    """

    path: str
    time: str
    created: str | None
    ttl: timedelta | None
    keys: Mapping[str, str]
    features: Mapping[str, str]


def join(entities: pa.Table, time: str, sources: list[Source], threads: int | None) -> pa.Table:
    """The features of every source as of each entity row's time, in the entities' order."""
    keys = sorted({name for source in sources for name in source.keys.values()})
    asked = pa.table(
        {
            "row": pa.array(range(entities.num_rows), pa.int64()),
            "moment": entities[time],
            **{f"k{i}": entities[name] for i, name in enumerate(keys)},
        }
    )
    with engine(threads) as duck:
        duck.register("asked", asked)
        duck.execute(
            "create temp table entities as"
            " select * replace (epoch_us(moment::timestamptz) as moment) from asked"
        )
        columns = [
            f"{_alive(f'v{i}', source, column)} as {_name(name)}"
            for i, source in enumerate(sources)
            for column, name in source.features.items()
        ]
        joins = [_asof(f"v{i}", source, keys) for i, source in enumerate(sources)]
        return duck.sql(
            f"select {', '.join(columns)} from entities e {' '.join(joins)} order by e.row"
        ).to_arrow_table()


def _asof(view: str, source: Source, keys: list[str]) -> str:
    """One left join: every entity row, with the newest row of its key at or before its time."""
    meets = [
        f"e.k{keys.index(entity)} = {view}.{_name(key)}" for key, entity in source.keys.items()
    ]
    meets.append(f"e.moment >= {view}.__at")
    return f"asof left join ({_rows(source)}) {view} on {' and '.join(meets)}"


def _rows(source: Source) -> str:
    """The rows of a source, one for each key and time, its time as microseconds in `__at`."""
    wanted = ", ".join(_name(column) for column in {**source.keys, **source.features})
    at = f"epoch_us({_name(source.time)}::timestamptz)"
    if _is_unique(source):
        return f"select {wanted}, {at} as __at from {_files(source.path)}"
    created = f"{_name(source.created)} desc nulls last, " if source.created else ""
    same = ", ".join([*(_name(key) for key in source.keys), at])
    return (
        f"select {wanted}, {at} as __at from {_files(source.path)} qualify row_number() over"
        f" (partition by {same} order by {created} filename desc, file_row_number desc) = 1"
    )


def _alive(view: str, source: Source, column: str) -> str:
    """A column, unknown once it is older than the ttl."""
    value = f"{view}.{_name(column)}"
    if not source.ttl:
        return value
    age = source.ttl // timedelta(microseconds=1)
    return f"case when e.moment - {view}.__at <= {age} then {value} end"


def _is_unique(source: Source) -> bool:
    """Whether whoever wrote the file notes that no two rows share key and time."""
    if Path(source.path).is_dir():
        return False
    note = (pq.read_schema(source.path).metadata or {}).get(UNIQUE_BY, b"").decode()
    return bool(note) and set(note.split(",")) <= {*source.keys, source.time}


def _files(path: str) -> str:
    if not Path(path).exists():
        raise StoreError(f"the offline file {path} is not there; materialize its view first")
    pattern = f"{path}/**/*.parquet" if Path(path).is_dir() else path
    quoted = pattern.replace("'", "''")
    return f"read_parquet('{quoted}', file_row_number = true, filename = true)"


def _name(column: str) -> str:
    escaped = column.replace('"', '""')
    return f'"{escaped}"'


class AsofRetrievalJob(RetrievalJob):  # type: ignore[misc]  # feast has no types
    """An answer that is computed when it is asked for."""

    def __init__(
        self,
        work: Callable[[], pa.Table],
        *,
        full_feature_names: bool = False,
        on_demand: list[OnDemandFeatureView] | None = None,
        metadata: RetrievalMetadata | None = None,
    ) -> None:
        self._work = work
        self._full_feature_names = full_feature_names
        self._on_demand = on_demand or []
        self._metadata = metadata

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        return self._work()

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
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
    """Feast's offline interface over Parquet files, read by DuckDB."""

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
        frame = entity_df.assign(**{time: times})
        sources = [
            _source(config, view, feature_refs, full_feature_names) for view in feature_views
        ]

        def work() -> pa.Table:
            entities = pa.Table.from_pandas(frame, preserve_index=False)
            found = join(entities, time, sources, config.offline_store.threads)
            for column in found.column_names:
                entities = entities.append_column(column, found[column])
            return entities

        return AsofRetrievalJob(
            work,
            full_feature_names=full_feature_names,
            on_demand=OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry),
            metadata=RetrievalMetadata(
                features=feature_refs,
                keys=[name for name in frame.columns if name != time],
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
        order = [timestamp_field, *([created_timestamp_column] if created_timestamp_column else [])]
        newest = (
            f"qualify row_number() over (partition by {_names(join_key_columns) or 'true'} order by"
            f" {', '.join(f'{_name(column)} desc nulls last' for column in order)},"
            " filename desc, file_row_number desc) = 1"
        )
        columns = [*join_key_columns, *feature_name_columns, *order]
        return _pull(config, data_source, columns, timestamp_field, (start_date, end_date), newest)

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
        created = [created_timestamp_column] if created_timestamp_column else []
        columns = [*join_key_columns, *feature_name_columns, timestamp_field, *created]
        return _pull(config, data_source, columns, timestamp_field, (start_date, end_date))

    @staticmethod
    def offline_write_batch(
        config: RepoConfig,
        feature_view: FeatureView,
        table: pa.Table,
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Append rows to a view's file."""
        path = _path(config, feature_view.batch_source)
        rows = table
        if path.exists():
            stored = pq.read_table(path)
            rows = pa.concat_tables([stored, table.select(stored.column_names).cast(stored.schema)])
        # The note that key and time are unique does not hold for what others append.
        write_file(path, rows.replace_schema_metadata(None))
        if progress:
            progress(table.num_rows)


def _source(
    config: RepoConfig, view: FeatureView, feature_refs: Iterable[str], full_names: bool
) -> Source:
    batch = view.batch_source
    columns = {new: old for old, new in batch.field_mapping.items()}
    name = view.projection.name_to_use()
    wanted = [ref.split(":", 1)[1] for ref in feature_refs if ref.split(":", 1)[0] == name]
    meets = view.projection.join_key_map or {
        field.name: field.name for field in view.entity_columns
    }
    return Source(
        path=str(_path(config, batch)),
        time=batch.timestamp_field,
        created=batch.created_timestamp_column or None,
        ttl=view.ttl,
        keys={columns.get(key, key): entity for key, entity in meets.items()},
        features={
            columns.get(feature, feature): f"{name}__{feature}" if full_names else feature
            for feature in wanted
        },
    )


def _pull(
    config: RepoConfig,
    source: DataSource,
    columns: list[str],
    time: str,
    bounds: tuple[datetime | None, datetime | None],
    newest: str = "",
) -> RetrievalJob:
    start, end = bounds
    at = f"{_name(time)}::timestamptz"
    within = [f"{at} >= {_moment(start)}"] if start else []
    within += [f"{at} <= {_moment(end)}"] if end else []

    def work() -> pa.Table:
        query = (
            f"select {_names(columns)} from {_files(str(_path(config, source)))}"
            f" where {' and '.join(within) or 'true'} {newest}"
        )
        with engine(config.offline_store.threads) as duck:
            return duck.sql(query).to_arrow_table()

    return AsofRetrievalJob(work)


def _path(config: RepoConfig, source: DataSource) -> Path:
    if not isinstance(source, FileSource):
        raise StoreError(f"this offline store reads Parquet files, not {type(source).__name__}")
    return Path(FileSource.get_uri_for_file_path(config.repo_path, source.path))


def _names(columns: Iterable[str]) -> str:
    return ", ".join(_name(column) for column in columns)


def _moment(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"timestamptz '{aware.isoformat(sep=' ')}'"
