"""The feature store beside what it cannot do without: DuckDB's own join, Redis's own HSET."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import redis

from data.lake import Lake
from data.settings import Settings
from data.views import View
from features.store import Store
from features.store.encoding import stamp
from features.store.online import OnlineBatch, serialize
from features.store.online_redis import RedisOnline, _fields, _time

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def join(rows: int) -> dict[str, float]:
    """rows × 3 views joined as of each row's time, against the same ASOF join asked of DuckDB."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        views = [
            View(f"v{n}", ("customer_id",), {f"f{n}_{k}": "float" for k in range(3)}, (), None)
            for n in range(3)
        ]
        names = tuple(view.name for view in views)
        store = Store(settings, Lake(settings.lake), views=views, services={"fraud": names})
        draw = np.random.default_rng(1)
        for view in views:
            store.write(view.name, _history(draw, view, 200_000))
        entities = pd.DataFrame(
            {
                "customer_id": [f"c{n}" for n in draw.integers(0, 20_000, rows)],
                "event_timestamp": _moments(draw, rows),
            }
        )
        paths = [settings.feature_folder / name / "rows.parquet" for name in names]
        store.training_frame("fraud", entities.head(1000), NOW)
        turns = [
            (
                _timed(lambda: _direct(entities, paths)),
                _timed(lambda: store.training_frame("fraud", entities, NOW)),
            )
            for _ in range(3)
        ]
        direct = min(turn[0] for turn in turns)
        ours = min(turn[1] for turn in turns)
        store.close()
    (direct_wall, direct_cpu), (ours_wall, ours_cpu) = direct, ours
    return {
        "join_seconds": ours_wall,
        "join_ratio": ours_wall / direct_wall,
        "join_cpu_ratio": ours_cpu / direct_cpu,
    }


def _history(draw: np.random.Generator, view: View, rows: int) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in draw.integers(0, 20_000, rows)],
            "event_timestamp": _moments(draw, rows),
            **{name: draw.random(rows) for name in view.features},
        }
    )
    return frame.drop_duplicates(["customer_id", "event_timestamp"])


def _moments(draw: np.random.Generator, rows: int) -> pd.Series:
    seconds = pd.to_timedelta(draw.integers(0, 365 * 86_400, rows), unit="s")
    return pd.Series(NOW - timedelta(days=365) + seconds)


def _direct(entities: pd.DataFrame, paths: list[Path]) -> pd.DataFrame:
    """The same answer from DuckDB alone: a typed pandas frame in the entities' order."""
    joins = " ".join(
        f"asof left join '{path}' v{n} on e.customer_id = v{n}.customer_id"
        f" and e.event_timestamp >= v{n}.event_timestamp"
        for n, path in enumerate(paths)
    )
    columns = ", ".join(f"v{n}.f{n}_{k}" for n in range(3) for k in range(3))
    with duckdb.connect() as duck:
        duck.register("asked", entities.assign(row=np.arange(len(entities))))
        return duck.sql(
            f"select e.customer_id, e.event_timestamp, {columns} from asked e {joins} order by row"
        ).df()


def bulk_load(url: str, rows: int) -> dict[str, float]:
    """Rows with five features into Redis, against pipelined HSETs of the same bytes."""
    view = View("bench", ("product_id",), {f"f{k}": "float" for k in range(5)})
    draw = np.random.default_rng(1)
    table = pa.table(
        {
            "product_id": [f"p{n:07}" for n in range(rows)],
            "event_timestamp": pa.array([NOW] * rows, pa.timestamp("us", tz="UTC")),
            **{f"f{k}": draw.random(rows) for k in range(5)},
        }
    )
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        online, batch = RedisOnline(client, "bench"), serialize(view, table)
        raw = min(_timed(lambda: _plain(client, batch)) for _ in range(3))
        with _server_cpu(client) as spent:
            ours = min(_timed(lambda: online.write(serialize(view, table))) for _ in range(3))
        client.flushdb()
    return {
        "load_rows_per_second": rows / ours[0],
        "load_rows_per_cpu_second": rows / (ours[1] + spent[0] / 3),
        "load_over_plain_hset": raw[0] / ours[0],
    }


def _plain(client: "redis.Redis", batch: OnlineBatch) -> None:
    fields = [_time(batch.view), *_fields(batch.view)]
    rows = zip(batch.keys, batch.micros, *batch.columns, strict=True)
    pipe = client.pipeline(transaction=False)
    for place, (key, micros, *values) in enumerate(rows, start=1):
        pairs = zip(fields, [stamp(micros), *values], strict=True)
        pipe.execute_command("HSET", key + b"plain", *(part for pair in pairs for part in pair))
        if place % 1000 == 0:
            pipe.execute()
    pipe.execute()


@contextmanager
def _server_cpu(client: "redis.Redis") -> Iterator[list[float]]:
    def now() -> float:
        spent = client.info("cpu")
        return float(spent["used_cpu_user"] + spent["used_cpu_sys"])

    before, spent = now(), [0.0]
    yield spent
    spent[0] = now() - before


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu
