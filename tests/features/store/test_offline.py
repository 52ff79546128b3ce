"""The offline store through Feast's plain interface."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.store.columns import StoreError

START = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> pd.Timestamp:
    return pd.Timestamp(START + timedelta(days=number))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One view of customers with corrections, expiring after three days."""
    folder: Path = tmp_path_factory.mktemp("feast")
    rows = [
        ("ann", 1, 1, 1.0, [1.0], 10),
        ("ann", 1, 2, 2.0, [2.0], 20),
        ("ann", 5, 5, 5.0, None, None),
        ("bob", 2, 2, None, [], 7),
    ]
    frame = pd.DataFrame(rows, columns=["customer", "at", "made", "spent", "curve", "visits"])
    frame = frame.assign(at=frame["at"].map(day), made=frame.made.map(day))
    frame.astype({"visits": "Int64"}).to_parquet(folder / "spending.parquet")
    return folder


@pytest.fixture(scope="module")
def feast(folder):
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
    from feast.types import Array, Float64, Int64, String

    store = FeatureStore(
        config=RepoConfig(
            project="plain",
            provider="local",
            registry=str(folder / "registry.pb"),
            online_store={"type": "sqlite", "path": str(folder / "online.db")},
            offline_store={"type": "features.store.offline.AsofOfflineStore"},
            entity_key_serialization_version=3,
            repo_path=folder,
        )
    )
    customer = Entity(name="customer", join_keys=["customer"], value_type=ValueType.STRING)
    view = FeatureView(
        name="spending",
        entities=[customer],
        ttl=timedelta(days=3),
        schema=[
            Field(name="customer", dtype=String),
            Field(name="total", dtype=Float64),
            Field(name="curve", dtype=Array(Float64)),
            Field(name="visits", dtype=Int64),
        ],
        source=FileSource(
            path="spending.parquet",
            timestamp_field="at",
            created_timestamp_column="made",
            field_mapping={"spent": "total"},
        ),
    )
    store.apply([customer, view])
    return store


FEATURES = ["spending:total", "spending:curve", "spending:visits"]


def asked(*rows: tuple[str | None, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer": [key for key, _ in rows],
            "event_timestamp": [day(d) for _, d in rows],
            "label": range(len(rows)),
        },
        index=range(100, 100 + len(rows)),
    )


def test_rows_in_are_rows_out_in_order_with_what_was_asked_beside(feast):
    rows = asked(
        ("bob", 3), ("ann", 1), (None, 1), ("ann", 1), ("ann", 0.5), ("ann", 9), ("eve", 1)
    )
    found = feast.get_historical_features(rows, FEATURES).to_df()
    assert found.label.tolist() == list(range(7))
    assert found.total.fillna(-1).tolist() == [-1, 2, -1, 2, -1, -1, -1]
    assert found.visits.fillna(-1).tolist() == [7, 20, -1, 20, -1, -1, -1]
    arrow = feast.get_historical_features(rows, FEATURES).to_arrow()
    assert arrow["curve"].to_pylist() == [[], [2.0], None, [2.0], None, None, None]
    assert [str(arrow[name].type) for name in ("total", "visits")] == ["double", "int64"]


def test_names_may_bear_their_view(feast):
    job = feast.get_historical_features(asked(("ann", 5)), FEATURES[:1], full_feature_names=True)
    assert job.to_df().spending__total.tolist() == [5.0]
    assert job.metadata.features == FEATURES[:1]


def test_entities_may_be_a_query(feast):
    query = "select 'ann' as customer, timestamptz '2024-01-02' as event_timestamp"
    assert feast.get_historical_features(query, FEATURES).to_df().total.tolist() == [2.0]


def test_without_entities_the_remedy_is_named(feast):
    with pytest.raises(StoreError, match="pass entity_df"):
        feast.get_historical_features(None, FEATURES, start_date=START, end_date=day(9))


def test_feasts_own_materialize_reads_the_newest_row_of_each_key(feast):
    feast.materialize(start_date=day(0), end_date=day(4), disable_event_timestamp=False)
    rows = [{"customer": name} for name in ("ann", "bob", "eve")]
    found = feast.get_online_features(FEATURES, rows).to_dict()
    assert found["total"] == [2.0, None, None]
    assert found["visits"] == [20, 7, None]


def test_all_rows_of_a_time_range_can_be_pulled(feast):
    view = feast.get_feature_view("spending")
    columns = (["customer"], ["spent", "visits"], "at")
    store = feast._get_provider().offline_store
    pulled = store.pull_all_from_table_or_query(
        feast.config, view.batch_source, *columns, start_date=day(1), end_date=day(2)
    )
    assert pulled.to_df().visits.tolist() == [10, 20, 7]


def test_an_answer_can_be_kept_and_rows_appended(feast, folder):
    from feast.infra.offline_stores.file_source import SavedDatasetFileStorage

    storage = SavedDatasetFileStorage(path=str(folder / "kept.parquet"))
    job = feast.get_historical_features(asked(("ann", 5)), FEATURES)
    job.persist(storage)
    assert pq.read_table(folder / "kept.parquet")["total"].to_pylist() == [5.0]
    with pytest.raises(StoreError, match="allow_overwrite"):
        job.persist(storage)

    stored = (folder / "spending.parquet").read_bytes()
    new = pd.read_parquet(folder / "spending.parquet").iloc[[0]].assign(made=day(3), spent=3.0)
    feast.write_to_offline_store("spending", new)
    assert feast.get_historical_features(asked(("ann", 1)), FEATURES).to_df().total.tolist() == [
        3.0
    ]
    (folder / "spending.parquet").write_bytes(stored)
