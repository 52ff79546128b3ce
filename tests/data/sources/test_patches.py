"""Rows that say more about rows of other files."""

from pathlib import Path

import pandas as pd

from data.lake import Lake
from tests.data.sources import exports
from tests.data.sources.taking import take


def test_returns_that_come_a_week_later_reach_the_orders_of_the_lake(tmp_path: Path) -> None:
    exports.amazon(tmp_path / "in")
    later = tmp_path / "later"
    later.mkdir()
    (tmp_path / "in" / "returns.txt").rename(later / "returns.txt")
    lake = Lake(tmp_path / "lake")
    take(lake, tmp_path / "in", "amazon")
    before = lake.read("orders")
    assert (before["status"] != "returned").all()
    report = take(lake, later, "amazon")
    assert report.ingest.ok
    assert not report.without_home
    orders = lake.read("orders")
    returned = orders[orders["status"] == "returned"]
    states = [line for line in exports.lines() if line.state == "returned"]
    assert sorted(returned["product_id"]) == sorted(line.sku for line in states)
    assert returned["returned_quantity"].sum() == sum(line.quantity for line in states)
    same = [name for name in orders if name not in ("status", "returned_at", "returned_quantity")]
    pd.testing.assert_frame_equal(orders[same], before[same])
    take(lake, later, "amazon")
    pd.testing.assert_frame_equal(lake.read("orders"), orders)


def test_returns_of_unknown_orders_are_told(tmp_path: Path) -> None:
    exports.amazon(tmp_path / "in")
    (tmp_path / "in" / "250001.txt").unlink()
    report = take(Lake(tmp_path / "lake"), tmp_path / "in", "amazon")
    assert report.without_home > 0
