"""Whatever the splits, repeats and order of corrections: the lake is a dict by key."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.lake import Lake

START = datetime(2024, 5, 1, tzinfo=UTC)
KEYS = st.tuples(
    st.integers(0, 2), st.sampled_from(["w1", "w2"]), st.sampled_from(["a", "ä b", "c"])
)
VALUES = st.tuples(st.integers(-2, 3), st.one_of(st.none(), st.integers(0, 1)))
BATCHES = st.lists(st.dictionaries(KEYS, VALUES, max_size=6), min_size=1, max_size=5)
Rows = dict[tuple[int, str, str], tuple[int, int | None]]


def frame(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "observed_at": [pd.Timestamp(START + timedelta(days=day)) for day, _, _ in rows],
            "warehouse_id": [warehouse for _, warehouse, _ in rows],
            "product_id": [product for _, _, product in rows],
            "on_hand": [on_hand for on_hand, _ in rows.values()],
            "reserved": pd.array([reserved for _, reserved in rows.values()], dtype="Float64"),
        }
    )


def take(lake: Lake, folder: Path, rows: Rows, how: str) -> None:
    """One of the ways in."""
    if how == "append":
        lake.append("stock", frame(rows))
        return
    folder.mkdir()
    if how == "csv":
        stamped = frame(rows)
        stamped["observed_at"] = [time.isoformat() for time in stamped["observed_at"]]
        stamped.to_csv(folder / "stock.csv", index=False)
    elif how == "parquet":
        frame(rows).to_parquet(folder / "stock.parquet")
    else:
        (folder / "stock").mkdir()
        half = len(rows) // 2
        for part, chosen in enumerate((list(rows)[:half], list(rows)[half:])):
            kept = {key: rows[key] for key in chosen}
            frame(kept).to_parquet(folder / "stock" / f"{part}.parquet")
    lake.ingest(folder)


def as_dict(lake: Lake) -> Rows:
    found = lake.read("stock")
    return {
        ((row.observed_at - START).days, row.warehouse_id, row.product_id): (
            int(row.on_hand),
            None if pd.isna(row.reserved) else int(row.reserved),
        )
        for row in found.itertuples()
    }


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=BATCHES, data=st.data())
def test_the_lake_is_a_dict_by_key(batches: list[Rows], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        lake = Lake(Path(place) / "lake")
        model: Rows = {}
        for number, rows in enumerate(batches):
            how = data.draw(st.sampled_from(["append", "csv", "parquet", "parts"]))
            before = lake.version()
            take(lake, Path(place) / f"in-{number}", rows, how)
            changes = any(model.get(key) != value for key, value in rows.items())
            assert (lake.version() != before) == changes
            model |= rows
            assert as_dict(lake) == model
        again = lake.version()
        lake.append("stock", frame(model))
        assert lake.version() == again
        assert list(as_dict(lake)) == sorted(model)
