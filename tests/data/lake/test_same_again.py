"""The same files again are not read; whatever could change the answer makes them be read."""

from pathlib import Path

import pandas as pd
import pytest

from data.lake import Lake
from data.lake.same_again import taken_signature
from data.tables import TABLES

RATES = "rate_date,currency,rate\n2024-05-01,USD,0.9\n2024-05-01,USD,0.9\n2024-05-02,USD,0.8\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "fx_rates.csv").write_text(RATES)
    return tmp_path / "in"


def rates(lake: Lake) -> list[float]:
    return lake.read("fx_rates")["rate"].tolist()


def test_the_report_is_the_same_without_reading(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path / "lake")
    lake.ingest(source)
    before = lake.version()
    monkeypatch.setattr("data.lake.staging.Stager.stage", None)
    report = lake.ingest(source).tables["fx_rates"]
    assert (report.read, report.unchanged, report.repeated, report.new, report.rows) == (
        3,
        2,
        1,
        0,
        2,
    )
    assert lake.version() == before


def test_a_file_changed_since_is_read(source: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.ingest(source)
    (source / "fx_rates.csv").write_text(RATES.replace("0.8", "0.7"))
    assert lake.ingest(source).tables["fx_rates"].replaced == 1
    assert rates(lake) == [0.9, 0.7]


def test_after_another_change_the_older_file_is_read_again(source: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.ingest(source)
    lake.append(
        "fx_rates", pd.DataFrame({"rate_date": ["2024-05-02"], "currency": "USD", "rate": 1.0})
    )
    assert rates(lake) == [0.9, 1.0]
    assert lake.ingest(source).tables["fx_rates"].replaced == 1
    assert rates(lake) == [0.9, 0.8]


def test_bad_rows_are_told_every_time(source: Path, tmp_path: Path) -> None:
    (source / "fx_rates.csv").write_text(RATES + "2024-05-03,USD,-1\n")
    lake = Lake(tmp_path / "lake", max_bad_share=0.5)
    assert [lake.ingest(source).tables["fx_rates"].quarantined for _ in range(3)] == [1, 1, 1]


def test_another_contract_is_another_signature() -> None:
    assert taken_signature(TABLES["orders"], ["a"], []) != taken_signature(
        TABLES["stock"], ["a"], []
    )
