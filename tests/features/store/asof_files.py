"""Small data for the tests beside."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.store.asof import AsofPart, AsofSource, join

START = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def write(path: Path, rows: list[tuple], **notes: str) -> Path:
    """Rows of (key, day, created day, value)."""
    keys, days, created, values = zip(*rows, strict=True) if rows else ((), (), (), ())
    moment = pa.timestamp("us", tz="UTC")
    table = pa.table(
        {
            "key": pa.array(keys, pa.string()),
            "at": pa.array([day(d) for d in days], moment),
            "created": pa.array([None if d is None else day(d) for d in created], moment),
            "value": pa.array(values, pa.int64()),
        }
    )
    pq.write_table(table.replace_schema_metadata(notes), path)
    return path


def asked(*rows: tuple[str | None, float]) -> pa.Table:
    return pa.table(
        {
            "who": pa.array([key for key, _ in rows], pa.string()),
            "when": pa.array([day(d) for _, d in rows], pa.timestamp("us", tz="UTC")),
        }
    )


def part(path: Path, ttl: timedelta | None = None, created: str | None = "created") -> AsofPart:
    return AsofPart(AsofSource(path, "at", created), {"key": "who"}, {"value": "value"}, ttl)


def values(entities: pa.Table, *parts: AsofPart) -> list[int | None]:
    return join(entities, "when", list(parts))["value"].to_pylist()
