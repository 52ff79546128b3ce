"""What came by HTTP reaches the lake once."""

from collections.abc import Iterator
from datetime import UTC, datetime
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
    assert absorb(records, lake)["events"] == 1
    pd.testing.assert_frame_equal(lake.read("events"), before)
