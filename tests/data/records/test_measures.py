"""Sums that KPIs are made from, kept by day and cell."""

import pandas as pd
import pytest

from data.records import Records

CELL = {"market": "DE", "warehouse_id": "w", "channel": "web", "placement": ""}


def sums(*rows: tuple[str, str, float], **cell: str) -> pd.DataFrame:
    """Rows of measure, day and value in one cell."""
    frame = pd.DataFrame(rows, columns=["measure", "day", "value"])
    return frame.assign(**CELL | cell, rows=1, unknown=0)


def told(records: Records, **asked: object) -> list[tuple[object, ...]]:
    frame = records.measures.sums(
        ["sales.revenue"], since="2024-01-01", until="2024-12-31", **asked
    )
    return [tuple(row) for row in frame.drop(columns=["measure", "rows", "unknown"]).to_numpy()]


def test_sums_are_split_by_the_dimensions_asked_for(records: Records) -> None:
    here = sums(("sales.revenue", "2024-05-01", 5.0), ("sales.revenue", "2024-05-02", 7.0))
    there = sums(("sales.revenue", "2024-05-01", 2.0), market="FR")
    records.measures.replace("sales", pd.concat([here, there]), None)
    assert told(records) == [("2024-05-01", 7.0), ("2024-05-02", 7.0)]
    assert told(records, by=["market"])[:2] == [("2024-05-01", "DE", 5.0), ("2024-05-01", "FR", 2)]
    assert told(records, only={"market": "FR"}) == [("2024-05-01", 2.0)]


def test_days_are_replaced_from_one_on_and_other_sources_stay(records: Records) -> None:
    kept = records.measures
    kept.replace("sales", sums(*(("sales.revenue", f"2024-05-0{n}", 1.0) for n in (1, 2, 3))), None)
    kept.replace("stock", sums(("stock.units", "2024-05-09", 4.0)), None)
    kept.replace("sales", sums(("sales.revenue", "2024-05-02", 9.0)), "2024-05-02")
    assert told(records) == [("2024-05-01", 1.0), ("2024-05-02", 9.0)]
    assert kept.newest_day("sales") == "2024-05-02"
    assert kept.newest_day("stock") == "2024-05-09"
    assert kept.first_day("sales.revenue") == "2024-05-01"


@pytest.mark.parametrize("source", ["sales", "nothing"])
def test_before_the_first_sum_there_is_no_day(records: Records, source: str) -> None:
    assert records.measures.newest_day(source) is None
    assert records.measures.first_day(f"{source}.revenue") is None
