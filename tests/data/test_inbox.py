"""What came by HTTP reaches the lake once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.inbox import absorb
from data.lake import Lake
from data.records import Records
from data.settings import Settings

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def event(number: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "occurred_at": NOON,
        "kind": "view",
        "product_id": "p1",
        "visitor_id": "v1",
    }


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Lake(settings.lake)


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    settings.home.mkdir(parents=True)
    records = Records(settings.database, settings.namespace)
    records.migrate()
    yield records
    records.close()


def test_events_and_labels_come_in_once(lake: Lake, records: Records) -> None:
    records.add_events([event(1), event(2)])
    records.add_labels([{"payment_id": "p", "reported_at": NOON, "is_fraud": True}])
    assert absorb(records, lake) == {"events": 2, "chargebacks": 1, "payments": 0}
    assert absorb(records, lake) == {"events": 0, "chargebacks": 0, "payments": 0}
    records.add_events([event(2), event(3)])
    assert absorb(records, lake)["events"] == 1
    assert lake.read("events")["event_id"].tolist() == ["e1", "e2", "e3"]
    assert lake.read("chargebacks")["is_fraud"].tolist() == [True]


def test_a_crash_before_the_watermark_doubles_nothing(lake: Lake, records: Records) -> None:
    records.add_events([event(1)])
    absorb(records, lake)
    before = lake.read("events")
    (lake.folder / "absorbed.json").unlink()
    assert absorb(records, lake)["events"] == 0
    pd.testing.assert_frame_equal(lake.read("events"), before)


def moved(tmp_path: Path, name: str, numbers: range) -> Records:
    """Another database of the service, with events of its own."""
    records = Records(f"sqlite:///{tmp_path}/{name}.db")
    records.migrate()
    records.add_events([event(number) for number in numbers])
    return records


def test_another_database_is_taken_in_from_its_beginning(
    lake: Lake, records: Records, tmp_path: Path
) -> None:
    records.add_events([event(n) for n in range(60)])
    assert absorb(records, lake)["events"] == 60
    with closing(moved(tmp_path, "new", range(100, 160))) as other:
        assert absorb(other, lake)["events"] == 60
        assert absorb(other, lake)["events"] == 0
        records.add_events([event(60)])
        assert absorb(records, lake)["events"] == 1  # and back again
        other.add_events([event(160)])
        assert absorb(other, lake)["events"] == 1
    assert lake.read("events")["event_id"].nunique() == 122


def test_yesterdays_database_restored_loses_nothing_that_comes_after(
    lake: Lake, records: Records, settings: Settings
) -> None:
    records.add_events([event(n) for n in range(10)])
    file = Path(settings.database.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as now, closing(sqlite3.connect(f"{file}.old")) as old:
        now.backup(old)
    records.add_events([event(n) for n in range(10, 20)])
    absorb(records, lake)
    records.close()
    for rest in file.parent.glob(f"{file.name}-*"):
        rest.unlink()
    Path(f"{file}.old").replace(file)
    with closing(Records(settings.database, settings.namespace)) as again:
        again.add_events([event(n) for n in range(100, 115)])  # more than were lost
        assert absorb(again, lake)["events"] == 15
    assert lake.read("events")["event_id"].nunique() == 35


def test_what_the_lake_knows_stays_as_it_is_when_a_database_is_taken_in_anew(
    lake: Lake, records: Records
) -> None:
    label = {"payment_id": "p", "reported_at": NOON, "is_fraud": True}
    corrected = pd.DataFrame([label | {"kind": "chargeback", "is_fraud": False}])
    lake.append("chargebacks", corrected)
    records.add_labels([label, label | {"payment_id": "q"}])
    assert absorb(records, lake)["chargebacks"] == 1
    labels = lake.read("chargebacks")
    assert dict(zip(labels["payment_id"], labels["is_fraud"], strict=True)) == {
        "p": False,
        "q": True,
    }


def test_marks_of_the_first_versions_name_no_database_and_do_not_count(
    lake: Lake, records: Records
) -> None:
    records.add_events([event(1)])
    lake.folder.mkdir(parents=True)
    (lake.folder / "absorbed.json").write_text('{"events": 60}')
    assert absorb(records, lake)["events"] == 1
