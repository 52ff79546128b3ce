"""The sample merchant: valid, deterministic, balanced, and worth learning from."""

from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake
from data.sample import build
from data.tables import TABLES


def test_ingest_takes_every_row_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    report = lake.ingest(folder)
    assert set(report.tables) < set(TABLES)
    for name, table in report.tables.items():
        assert (table.read, table.quarantined, table.ignored_columns) == (table.new, 0, ()), name
        assert table.read > 0, name
    assert set(report.ignored) == {"README.txt", "truth/"}
    assert lake.clock() == lake.read("stock")["observed_at"].max()


def test_the_note_says_licence_and_what_is_generated(folder: Path) -> None:
    note = (folder / "README.txt").read_text(encoding="utf-8")
    assert "RESEARCH AND EDUCATION" in note
    assert "GENERATED" in note


def test_progress_goes_from_nothing_to_all(steps: list[tuple[str, float]], folder: Path) -> None:
    del folder
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert all(text for text, _ in steps)


def test_what_one_bought_before_tells_more_than_what_sells(orders: pd.DataFrame) -> None:
    cut = pd.Timestamp("2017-12-01", tz="UTC")
    before, after = orders[orders["ordered_at"] < cut], orders[orders["ordered_at"] >= cut]
    after = after[after["customer_id"].isin(before["customer_id"])]
    popular = set(before["product_id"].value_counts().index[:20])
    pairs = before.groupby(["customer_id", "product_id"]).size().sort_values(ascending=False)
    own = pairs.groupby("customer_id").head(20).index
    repeated = pd.MultiIndex.from_frame(after[["customer_id", "product_id"]]).isin(own)
    assert repeated.mean() > 1.5 * after["product_id"].isin(popular).mean()


@pytest.mark.slow
def test_the_full_merchant_is_whole(tmp_path: Path) -> None:
    build(tmp_path / "full", size="full", seed=7)
    report = Lake(tmp_path / "lake").ingest(tmp_path / "full")
    assert all(table.quarantined == 0 for table in report.tables.values())
    assert report.tables["warehouses"].rows == 12
    assert report.tables["orders"].rows > 200_000
    assert report.tables["stock"].rows < 4_000_000
